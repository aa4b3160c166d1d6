#include "constant_pool.h"

#include <stdlib.h>
#include <string.h>

uint32_t constant_lanes(struct constant_pool *pool, uint64_t value, uint32_t lane_bytes) {
    uint32_t k = (uint32_t)((value * 0x9e3779b97f4a7c15ull >> 40) + lane_bytes) % CONSTANT_BUCKETS;
    for (; pool->known[k].lane_bytes; k = (k + 1) % CONSTANT_BUCKETS)
        if (pool->known[k].value == value && pool->known[k].lane_bytes == lane_bytes)
            return pool->known[k].offset;
    uint32_t bytes = lane_bytes * WARP_LANES;
    if (pool->bytes + bytes > pool->capacity) {
        pool->capacity = 2 * pool->capacity + 4096;
        pool->lanes = realloc(pool->lanes, pool->capacity);
        if (pool->lanes == NULL)
            vgpu_fail("not enough host memory for the constants of a kernel");
    }
    uint32_t offset = pool->bytes;
    for (unsigned l = 0; l < WARP_LANES; l++) {
        memset(pool->lanes + offset + l * lane_bytes, 0, lane_bytes);
        memcpy(pool->lanes + offset + l * lane_bytes, &value, lane_bytes < 8 ? lane_bytes : 8);
    }
    /* A 128-bit register is two arrays, low then high; a constant's high half is zero. */
    if (lane_bytes == 16) {
        memset(pool->lanes + offset, 0, bytes);
        for (unsigned l = 0; l < WARP_LANES; l++)
            memcpy(pool->lanes + offset + l * 8, &value, 8);
    }
    pool->bytes += bytes;
    if (pool->known_count < CONSTANT_BUCKETS / 2) {
        pool->known_count++;
        pool->known[k] = (struct constant){value, lane_bytes, offset | CONSTANT_BANK};
    }
    return offset | CONSTANT_BANK;
}
