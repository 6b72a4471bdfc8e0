/*
 * Scans: pages that show a picture where others have text.
 */
#ifndef READER_SCAN_HH
#define READER_SCAN_HH

class PDFDoc;

/* Whether pictures cover a good part of the page, or it is drawn by very many strokes. */
bool is_picture(PDFDoc *document, int number);

#endif
