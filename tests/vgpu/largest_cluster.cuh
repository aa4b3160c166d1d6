#pragma once

#include "expect.cuh"

// Blocks in a cluster, by permission: 16 on compute capabilities 9.0 and 10.0, later no more than the portable 8.
inline unsigned largest_cluster() {
    cudaDeviceProp properties;
    must(cudaGetDeviceProperties(&properties, 0));
    return properties.major < 12 ? 16 : 8;
}
