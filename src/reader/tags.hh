/*
 * Tags: what the structure tree of a PDF says about marked pieces of a page: which heading,
 * paragraph, item of a list or cell of a table each is part of.
 *
 * Only the elements above the pieces of one page are looked at, so a large tree costs nothing.
 * Elements are named by the numbers of their objects.
 */
#ifndef READER_TAGS_HH
#define READER_TAGS_HH

#include <map>
#include <string>
#include <vector>

#include <Object.h>
#include <PDFDoc.h>

#include "document/frame.h"

struct tag {
    uint32_t part = 0; /* the element that the piece is part of: a paragraph, a cell; 0 for none */
    uint32_t row = 0;  /* the row of a table that a cell is in */
    uint16_t role = FRAME_ROLE_NONE;
};

class Tags
{
  public:
    Tags(PDFDoc *document, int page);

    tag find(int mcid);

  private:
    Object find_parents(const Object &node, int key, int depth) const;
    std::string type_of(const Object &element) const;
    tag resolve(Object element, const Ref &ref) const;

    XRef *xref = nullptr;
    Object roles;   /* names of the file's own and what they stand for */
    Object parents; /* the element of each piece of the page */
    std::map<int, tag> found;
};

#endif
