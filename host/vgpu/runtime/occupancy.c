#include "occupancy.h"
#include "runtime.h"

/* Units of allotment since compute capability 7.5: CUDA occupancy calculator (cuda_occupancy.h). */
enum {
    WARP = 32,
    REGISTERS_PER_WARP_UNIT = 256,
    SHARED_UNIT = 128,
    WARPS_UNIT = 4,
    REGISTERS_PER_THREAD_UNIT = 8
};

static unsigned round_up(unsigned value, unsigned step) { return (value + step - 1) / step * step; }
static unsigned lesser(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned occupancy_registers(const struct kernel *kernel) {
    const struct device_limits *device = &runtime_profile()->limits;
    unsigned registers = round_up(kernel->program->registers_per_thread, REGISTERS_PER_THREAD_UNIT);
    const struct ptx_function *entry = kernel->program->entry;
    unsigned bound = device->max_registers_per_thread;
    if (entry->max_threads) {
        unsigned blocks = entry->min_blocks_per_sm ? entry->min_blocks_per_sm : 1;
        unsigned warps = round_up(entry->max_threads, WARP) / WARP * blocks;
        bound = lesser(bound, device->registers_per_sm / (round_up(warps, WARPS_UNIT) * WARP) /
                                  REGISTERS_PER_THREAD_UNIT * REGISTERS_PER_THREAD_UNIT);
    }
    return lesser(registers, bound);
}

unsigned occupancy_blocks(const struct kernel *kernel, unsigned threads, size_t dynamic_shared) {
    const struct device_limits *device = &runtime_profile()->limits;
    size_t shared = kernel->program->static_shared_bytes + dynamic_shared;
    if (threads == 0 || threads > device->max_threads_per_block || shared > device->shared_per_block_optin)
        return 0;
    unsigned warps = round_up(threads, WARP) / WARP;
    unsigned blocks = lesser(device->max_blocks_per_sm, device->max_threads_per_sm / (warps * WARP));

    unsigned per_block_shared = round_up((unsigned)shared + device->reserved_shared_per_block, SHARED_UNIT);
    if (per_block_shared)
        blocks = lesser(blocks, device->shared_per_sm / per_block_shared);

    unsigned registers = occupancy_registers(kernel);
    unsigned per_warp = round_up((registers ? registers : 1) * WARP, REGISTERS_PER_WARP_UNIT);
    unsigned warps_by_registers = device->registers_per_sm / per_warp / WARPS_UNIT * WARPS_UNIT;
    unsigned by_registers = warps_by_registers / warps;
    return blocks == 0 ? 0 : lesser(blocks, by_registers ? by_registers : 1);
}

unsigned occupancy_cluster_limit(const struct kernel *kernel) {
    enum { PORTABLE = 8 }; /* CUDA C++ Programming Guide, "Thread Block Clusters" */
    return kernel->large_clusters ? runtime_profile()->largest_cluster : PORTABLE;
}

/* Multiprocessors come in pairs (TPCs), which are spread over the GPCs as evenly as they go. */
unsigned occupancy_clusters(const struct kernel *kernel, unsigned threads, size_t dynamic_shared,
                            unsigned cluster_blocks) {
    const struct profile *profile = runtime_profile();
    unsigned per_sm = occupancy_blocks(kernel, threads, dynamic_shared), clusters = 0;
    unsigned pairs = profile->limits.sm_count / 2;
    for (unsigned gpc = 0; gpc < profile->gpc_count; gpc++) {
        unsigned sms = 2 * (pairs / profile->gpc_count + (gpc < pairs % profile->gpc_count));
        clusters += sms * per_sm / cluster_blocks;
    }
    return clusters;
}
