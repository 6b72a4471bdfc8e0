/*
 * Scans: the page is drawn once more, into a device that measures pictures and draws nothing.
 */
#include "reader/scan.hh"

#include <algorithm>
#include <cmath>

#include <GfxState.h>
#include <OutputDev.h>
#include <Page.h>
#include <PDFDoc.h>
#include <splash/SplashBitmap.h>
#include <SplashOutputDev.h>
#include <Stream.h>

namespace
{

const double least_share = 0.2; /* of the page that pictures cover */
const double fine = 300.0 / 72, most_dots = 30e6;
const int most_shapes =
    200; /* if there are more, they may be letters that were made into drawings */

class Pictures : public OutputDev
{
  public:
    bool upsideDown() override
    {
        return true;
    }
    bool useDrawChar() override
    {
        return true;
    }
    bool interpretType3Chars() override
    {
        return false;
    }

    void fill(GfxState *) override
    {
        shapes++;
    }
    void eoFill(GfxState *) override
    {
        shapes++;
    }

    void drawImageMask(GfxState *state, Object *, Stream *, int, int, bool, bool, bool) override
    {
        measure(state);
    }
    void drawImage(GfxState *state, Object *, Stream *, int, int, GfxImageColorMap *, bool,
                   const int *, bool) override
    {
        measure(state);
    }
    void drawMaskedImage(GfxState *state, Object *, Stream *, int, int, GfxImageColorMap *, bool,
                         Stream *, int, int, bool, bool) override
    {
        measure(state);
    }
    void drawSoftMaskedImage(GfxState *state, Object *, Stream *, int, int, GfxImageColorMap *,
                             bool, Stream *, int, int, GfxImageColorMap *, bool) override
    {
        measure(state);
    }

    double area = 0; /* square points */
    int shapes = 0;

  private:
    void measure(GfxState *state)
    {
        const double *m = state->getCTM();
        area += std::abs(m[0] * m[3] - m[1] * m[2]);
    }
};

} // namespace

bool is_picture(PDFDoc *document, int number)
{
    Pictures pictures;
    document->displayPage(&pictures, number, 72, 72, 0, false, true, false);
    double page = document->getPageCropWidth(number) * document->getPageCropHeight(number);
    return pictures.area > page * least_share || pictures.shapes > most_shapes;
}

std::unique_ptr<SplashOutputDev> draw_picture(PDFDoc *document, int number, double *dots)
{
    double area = document->getPageCropWidth(number) * document->getPageCropHeight(number);
    if (!(area > 0))
        return nullptr;
    *dots = std::min(fine, std::sqrt(most_dots / area));
    SplashColor paper = {0xFF};
    auto device = std::make_unique<SplashOutputDev>(splashModeMono8, 4, false, paper);
    device->startDoc(document);
    document->displayPage(device.get(), number, *dots * 72, *dots * 72, 0, false, true, false);
    return device->getBitmap() && device->getBitmap()->getDataPtr() ? std::move(device) : nullptr;
}
