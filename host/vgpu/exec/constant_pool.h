/* The lane arrays that stand for immediates and addresses of variables: each value and width once. */
#ifndef LOTTO_VGPU_CONSTANT_POOL_H
#define LOTTO_VGPU_CONSTANT_POOL_H

#include "warp.h"

enum { CONSTANT_BUCKETS = 4096 };

/* All zero is an empty pool. lanes is the owner's to copy and free. */
struct constant_pool {
    uint8_t *lanes;
    uint32_t bytes, capacity;
    struct constant {
        uint64_t value;
        uint32_t lane_bytes, offset; /* lane_bytes 0: empty */
    } known[CONSTANT_BUCKETS];
    uint32_t known_count;
};

/* The operand of an array whose lanes, of 2, 4, 8 or 16 bytes, all hold value. */
uint32_t constant_lanes(struct constant_pool *pool, uint64_t value, uint32_t lane_bytes);

#endif
