/*
 * Tags: the parent tree says which element a piece is in, and each element which one it is in.
 */
#include "reader/tags.hh"

#include <Array.h>
#include <Dict.h>
#include <Page.h>
#include <XRef.h>

static const int deepest_tree = 20, deepest_element = 60, longest_chain = 8, most_pieces = 50000;

Tags::Tags(PDFDoc *document, int page) : xref(document->getXRef())
{
    Page *of = document->getPage(page);
    Object catalog = xref->getCatalog();
    if (!of || !catalog.isDict())
        return;
    Object root = catalog.dictLookup("StructTreeRoot");
    Object body = xref->fetch(of->getRef());
    Object key = body.isDict() ? body.dictLookup("StructParents") : Object();
    if (!root.isDict() || !key.isInt())
        return;
    roles = root.dictLookup("RoleMap");
    parents = find_parents(root.dictLookup("ParentTree"), key.getInt(), 0);
}

/* The value of a key in a tree of numbers. */
Object Tags::find_parents(const Object &node, int key, int depth) const
{
    if (!node.isDict() || depth > deepest_tree)
        return Object();
    Object numbers = node.dictLookup("Nums");
    for (int i = 0; numbers.isArray() && i + 1 < numbers.arrayGetLength(); i += 2) {
        Object number = numbers.arrayGet(i);
        if (number.isInt() && number.getInt() == key)
            return numbers.arrayGet(i + 1);
    }
    Object kids = node.dictLookup("Kids");
    for (int i = 0; kids.isArray() && i < kids.arrayGetLength(); i++) {
        Object kid = kids.arrayGet(i);
        Object limits = kid.isDict() ? kid.dictLookup("Limits") : Object();
        if (!limits.isArray() || limits.arrayGetLength() < 2)
            continue;
        Object first = limits.arrayGet(0), last = limits.arrayGet(1);
        if (first.isInt() && last.isInt() && key >= first.getInt() && key <= last.getInt())
            return find_parents(kid, key, depth + 1);
    }
    return Object();
}

std::string Tags::type_of(const Object &element) const
{
    Object name = element.dictLookup("S");
    for (int i = 0; i < longest_chain && name.isName() && roles.isDict(); i++) {
        Object stands_for = roles.dictLookup(name.getName());
        if (!stands_for.isName())
            break;
        name = std::move(stands_for);
    }
    return name.isName() ? name.getName() : "";
}

static uint16_t heading_of(const std::string &type)
{
    if (type == "H" || type == "Title")
        return FRAME_ROLE_HEADING;
    if (type.size() == 2 && type[0] == 'H' && type[1] >= '1' && type[1] <= '6')
        return static_cast<uint16_t>(FRAME_ROLE_HEADING + (type[1] - '0'));
    return FRAME_ROLE_NONE;
}

static bool is_block(const std::string &type)
{
    static const char *const types[] = {"P",    "Caption",  "TOCI",    "BlockQuote",
                                        "Note", "BibEntry", "Formula", "Figure",
                                        "Form", "Code",     "FENote"};
    for (const char *block : types)
        if (type == block)
            return true;
    return false;
}

/* Whether the element is the first of what an item of a list says. */
static bool is_first_kid(const Object &body, const Ref &ref)
{
    const Object &kids = body.dictLookupNF("K");
    if (kids.isRef())
        return kids.getRef() == ref;
    Object list = body.dictLookup("K");
    if (!list.isArray() || list.arrayGetLength() == 0)
        return false;
    const Object &first = list.arrayGetNF(0);
    return first.isRef() && first.getRef() == ref;
}

tag Tags::resolve(Object element, const Ref &ref) const
{
    tag result;
    result.part = static_cast<uint32_t>(ref.num);
    Ref at = ref, block = Ref::INVALID(), below = Ref::INVALID();
    bool in_cell = false;
    for (int i = 0; i < deepest_element && element.isDict(); i++) {
        std::string type = type_of(element);
        uint32_t number = static_cast<uint32_t>(at.num);
        uint16_t heading = heading_of(type);
        bool free = !in_cell && (result.role == FRAME_ROLE_NONE || result.role == FRAME_ROLE_TEXT);
        if (heading && free) {
            result.part = number;
            result.role = heading;
        } else if (is_block(type) && result.role == FRAME_ROLE_NONE) {
            result.part = number;
            result.role = FRAME_ROLE_TEXT;
            block = at;
        } else if (type == "LBody" && block != Ref::INVALID() && block == below &&
                   !is_first_kid(element, block)) {
            break; /* a further paragraph of an item */
        } else if (type == "LI" && free) {
            result.part = number;
            result.role = FRAME_ROLE_ITEM;
        } else if ((type == "TD" || type == "TH") && !in_cell) {
            result.part = number;
            result.role = type == "TH" ? FRAME_ROLE_HEAD_CELL : FRAME_ROLE_CELL;
            in_cell = true;
        } else if (type == "TR" && in_cell) {
            result.row = number;
            break;
        } else if (type == "L" || type == "Table") {
            break;
        }
        const Object &above = element.dictLookupNF("P");
        if (!above.isRef())
            break;
        below = at;
        at = above.getRef();
        element = xref->fetch(at);
    }
    if (result.role == FRAME_ROLE_NONE || (in_cell && result.row == 0))
        result.role = FRAME_ROLE_TEXT;
    return result;
}

tag Tags::find(int mcid)
{
    if (mcid < 0 || !parents.isArray() || mcid >= parents.arrayGetLength() || mcid > most_pieces)
        return tag();
    auto known = found.find(mcid);
    if (known != found.end())
        return known->second;
    const Object &parent = parents.arrayGetNF(mcid);
    tag result = parent.isRef() ? resolve(xref->fetch(parent.getRef()), parent.getRef()) : tag();
    return found[mcid] = result;
}
