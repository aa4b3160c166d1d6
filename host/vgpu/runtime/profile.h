/* The virtual devices one can choose, with their published limits. */
#ifndef LOTTO_VGPU_PROFILE_H
#define LOTTO_VGPU_PROFILE_H

#include "../cost/estimate.h"

struct profile {
    const char *name;        /* what --gpu takes */
    const char *device_name; /* cudaDeviceProp::name */
    struct device_limits limits;
    uint64_t memory_bytes, l2_bytes;
    unsigned clock_khz, memory_clock_khz, memory_bus_bits;
    unsigned l2_bytes_per_clock; /* 0: not published */
    unsigned largest_cluster;    /* blocks, where the program asks for more than is portable */
    unsigned gpc_count; /* groups of multiprocessors that can hold a cluster; 0 where there are no clusters */
};

const struct profile *profile_by_name(const char *name); /* NULL if there is none */
const struct profile *profile_by_architecture(const char *architecture);
const struct profile *profile_default(void);

struct device_rates profile_rates(const struct profile *profile);

/* "h100, a100, ..." and "75, 80, ...": for the sentence that refuses another. */
extern const char profile_names[], profile_architectures[];

#endif
