/* Generic addresses: bits 48 and up name the window, 0 is global memory (a device pointer of the program). */
#ifndef LOTTO_VGPU_ADDRESS_H
#define LOTTO_VGPU_ADDRESS_H

#include <stdint.h>

#define GENERIC_SHARED (1ull << 48)
#define GENERIC_LOCAL (2ull << 48)
#define GENERIC_PARAM (3ull << 48)

/* Device pointers stay below 2^47, so their window is 0 too; 0x7f... never meets the three windows. */
static inline uint64_t generic_window(uint64_t address) { return address & (0xffffull << 48); }

#endif
