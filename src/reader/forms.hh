/*
 * Forms that a program draws from data (XFA): their pages in the file only ask to wait.
 */
#ifndef READER_FORMS_HH
#define READER_FORMS_HH

#include <string>

class PDFDoc;

/* The filled-in fields of such a form, "name: value" a line, in UTF-8; empty when there are none.
 */
std::string read_form(PDFDoc *document);

#endif
