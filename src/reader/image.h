/*
 * Pictures: files that are one, or several as pages, read by recognition of their text.
 */
#ifndef READER_IMAGE_H
#define READER_IMAGE_H

#include "document/frame.h"
#include "reader/output.h"
#include "reader/recognize.h"

/* Loads leptonica, which decodes pictures, before the process gives up its rights. Where it is not
 * installed, pictures get a notice. */
void image_load(void);

/* Sends the frames of the pages that the request asks for. Returns 0, or an enum frame_reason. */
int image_send(struct output *output, const struct frame_request *request, int descriptor,
               struct recognizer *recognizer);

#endif
