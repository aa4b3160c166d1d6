/* The processor's rounding mode, for the few instructions that do not round to nearest. */
#ifndef LOTTO_VGPU_ROUNDING_H
#define LOTTO_VGPU_ROUNDING_H

#include <stdint.h>

enum rounding { ROUND_NEAREST = 0, ROUND_DOWN = 1, ROUND_UP = 2, ROUND_ZERO = 3 };

/* Bits 13 and 14 of MXCSR; the other bits stay. The memory clobber keeps loads and stores on their side. */
static inline void rounding_set(enum rounding mode) {
    uint32_t control;
    __asm__ volatile("stmxcsr %0" : "=m"(control) : : "memory");
    control = (control & ~(3u << 13)) | (uint32_t)mode << 13;
    __asm__ volatile("ldmxcsr %0" : : "m"(control) : "memory");
}

#endif
