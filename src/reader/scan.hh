/*
 * Scans: pages that show a picture where others have text.
 */
#ifndef READER_SCAN_HH
#define READER_SCAN_HH

#include <memory>

class PDFDoc;
class SplashOutputDev;

/* Whether pictures cover a good part of the page, or it is drawn by very many strokes. */
bool is_picture(PDFDoc *document, int number);

/* Draws the page as it is shown, in grey, at about 300 dots an inch and fewer where it is very
 * large. Null when there is nothing to draw. `dots` becomes their number to a point. */
std::unique_ptr<SplashOutputDev> draw_picture(PDFDoc *document, int number, double *dots);

#endif
