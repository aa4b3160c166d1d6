/* Generic addresses: bits 48 and up name the window, 0 is global memory (a device pointer of the program). */
#ifndef LOTTO_VGPU_ADDRESS_H
#define LOTTO_VGPU_ADDRESS_H

#include <stdint.h>

#define GENERIC_SHARED (1ull << 48)
#define GENERIC_LOCAL (2ull << 48)
#define GENERIC_PARAM (3ull << 48)

/* Device pointers stay below 2^47, so their window is 0 too; 0x7f... never meets the three windows. */
static inline uint64_t generic_window(uint64_t address) { return address & (0xffffull << 48); }

/*
 * In the shared window, the top byte of the low 32 bits names a block of the cluster: its rank + 1, or 0 for the block
 * whose thread uses the address. The offset in that block's shared memory follows.
 */
enum { CLUSTER_OFFSET_BITS = 24 };
#define CLUSTER_OFFSET_MASK ((1u << CLUSTER_OFFSET_BITS) - 1)

static inline uint32_t cluster_address(uint32_t rank, uint32_t address) {
    return (rank + 1) << CLUSTER_OFFSET_BITS | (address & CLUSTER_OFFSET_MASK);
}
static inline uint32_t cluster_rank(uint32_t address, uint32_t own_rank) {
    uint32_t top = address >> CLUSTER_OFFSET_BITS;
    return top ? top - 1 : own_rank;
}

#endif
