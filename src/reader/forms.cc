/*
 * Forms: of the XML that describes such a form only the data is read, the elements below `data`
 * that have text. This is a scanner for tags and not an XML reader: it reads what it recognises,
 * and nothing in it can refer to anything else.
 */
#include "reader/forms.hh"

#include <cstdlib>
#include <cstring>
#include <vector>

#include <Catalog.h>
#include <Object.h>
#include <PDFDoc.h>
#include <Stream.h>

#include "reader/packer.hh"

namespace
{

const size_t most_bytes = 16 << 20, most_text = 1 << 20;

void append_stream(std::string &out, const Object &object)
{
    if (!object.isStream() || out.size() > most_bytes)
        return;
    Object copy = object.copy();
    std::vector<unsigned char> bytes = copy.getStream()->toUnsignedChars();
    out.append(bytes.begin(), bytes.end());
}

/* The parts of the form's description one after the other. */
std::string read_xml(PDFDoc *document)
{
    std::string xml;
    Object *form = document->getCatalog()->getAcroForm();
    if (!form || !form->isDict())
        return xml;
    Object xfa = form->dictLookup("XFA");
    append_stream(xml, xfa);
    for (int i = 1; xfa.isArray() && i < xfa.arrayGetLength(); i += 2)
        append_stream(xml, xfa.arrayGet(i));
    return xml;
}

/* The text without its character references. */
std::string resolve(const std::string &text)
{
    static const struct {
        const char *name;
        char character;
    } names[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    std::string out;
    for (size_t at = 0; at < text.size();) {
        size_t before = at;
        if (text[at] == '&' && text.compare(at + 1, 1, "#") == 0) {
            bool hex = text.compare(at + 2, 1, "x") == 0;
            const char *start = text.c_str() + at + (hex ? 3 : 2);
            char *end = nullptr;
            unsigned long value = strtoul(start, &end, hex ? 16 : 10);
            if (end > start && *end == ';' && value <= 0x10FFFF) {
                char bytes[4];
                out.append(bytes, put_character(bytes, static_cast<Unicode>(value)));
                at = static_cast<size_t>(end + 1 - text.c_str());
            }
        } else if (text[at] == '&') {
            for (const auto &name : names)
                if (text.compare(at + 1, strlen(name.name), name.name) == 0) {
                    out += name.character;
                    at += 1 + strlen(name.name);
                    break;
                }
        }
        if (at == before)
            out += text[at++];
    }
    return out;
}

std::string trim(const std::string &text)
{
    static const char blank[] = " \t\r\n";
    size_t start = text.find_first_not_of(blank);
    if (start == std::string::npos)
        return std::string();
    return text.substr(start, text.find_last_not_of(blank) - start + 1);
}

/* The name of a tag without its prefix. */
std::string local_name(const std::string &tag)
{
    std::string name = tag.substr(0, tag.find_first_of(" \t\r\n/>"));
    size_t colon = name.find(':');
    return colon == std::string::npos ? name : name.substr(colon + 1);
}

} // namespace

std::string read_form(PDFDoc *document)
{
    std::string xml = read_xml(document), out, name;
    size_t at = xml.find("datasets");
    if (at == std::string::npos)
        return out;
    for (at = xml.find('<', at); at != std::string::npos && out.size() < most_text;) {
        size_t end = xml.find('>', at);
        if (end == std::string::npos)
            break;
        std::string tag = xml.substr(at + 1, end - at - 1);
        size_t next = xml.find('<', end);
        if (tag == "/xfa:datasets" || next == std::string::npos)
            break;
        bool closes = !tag.empty() && (tag[0] == '/' || tag[0] == '!' || tag[0] == '?');
        std::string value = closes ? std::string() : trim(xml.substr(end + 1, next - end - 1));
        for (char &c : value)
            c = c == '\n' || c == '\r' ? ' ' : c;
        if (!value.empty())
            out += local_name(tag) + ": " + resolve(value) + "\n";
        at = next;
    }
    return out;
}
