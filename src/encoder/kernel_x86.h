/*
 * Kernels for x86: SSE2, which every 64-bit one has, and AVX2.
 */
#ifndef ENCODER_KERNEL_X86_H
#define ENCODER_KERNEL_X86_H

#include "encoder/kernel.h"

/* Those that this processor can run, the fastest last; NULL beyond it, and on other processors. */
const struct kernel *kernel_x86(size_t index);

#endif
