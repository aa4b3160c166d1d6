#include "profile.h"

#include <stdio.h>
#include <string.h>

#define GIB ((uint64_t)1 << 30)
#define MIB ((uint64_t)1 << 20)
#define KIB 1024u

const char profile_names[] = "h100, a100, l40s, b200, t4, a10, rtxpro6000";
const char profile_architectures[] = "75, 80, 86, 89, 90, 100, 120";

/*
 * Limits per architecture: CUDA C++ Programming Guide, "Compute Capabilities", tables of technical specifications.
 * Multiprocessors, clocks, memory and L2: NVIDIA's data sheet or architecture paper named beside each entry.
 * Largest clusters: "NVIDIA Hopper Tuning Guide" and "NVIDIA Blackwell Tuning Guide", 16 on H100 and B200, by opting in.
 * DRAM bandwidth is 2 x memory clock x bus width; it is the data sheet's figure within 3 %.
 */
static const struct profile profiles[] = {
    {
        /* "NVIDIA H100 Tensor Core GPU Architecture", SXM5: 8 GPCs, 132 SMs, 80 GB HBM3, 3.35 TB/s, 50 MB L2; boost clock 1.755 GHz.
           L2 reads at 8986 GB/s, 5120 bytes a clock: PMC10448217, table 3 */
        .name = "h100",
        .device_name = "NVIDIA H100 80GB HBM3 (virtual)",
        .limits = {.architecture = 90,
                   .sm_count = 132,
                   .max_threads_per_block = 1024,
                   .max_threads_per_sm = 2048,
                   .max_blocks_per_sm = 32,
                   .registers_per_sm = 65536,
                   .max_registers_per_thread = 255,
                   .shared_per_sm = 228 * KIB,
                   .shared_per_block = 48 * KIB,
                   .shared_per_block_optin = 227 * KIB,
                   .reserved_shared_per_block = KIB},
        .memory_bytes = 80 * GIB,
        .l2_bytes = 50 * MIB,
        .clock_khz = 1755000,
        .memory_clock_khz = 2619000,
        .memory_bus_bits = 5120,
        .l2_bytes_per_clock = 5120,
        .largest_cluster = 16,
        .gpc_count = 8,
    },
    {
        /* "NVIDIA A100 Tensor Core GPU Architecture" and the A100 80GB SXM data sheet: 108 SMs, 2039 GB/s, 40 MB L2, 1.41 GHz, L2 reads of 5120 bytes a clock */
        .name = "a100",
        .device_name = "NVIDIA A100-SXM4-80GB (virtual)",
        .limits = {.architecture = 80,
                   .sm_count = 108,
                   .max_threads_per_block = 1024,
                   .max_threads_per_sm = 2048,
                   .max_blocks_per_sm = 32,
                   .registers_per_sm = 65536,
                   .max_registers_per_thread = 255,
                   .shared_per_sm = 164 * KIB,
                   .shared_per_block = 48 * KIB,
                   .shared_per_block_optin = 163 * KIB,
                   .reserved_shared_per_block = KIB},
        .memory_bytes = 80 * GIB,
        .l2_bytes = 40 * MIB,
        .clock_khz = 1410000,
        .memory_clock_khz = 1593000,
        .memory_bus_bits = 5120,
        .l2_bytes_per_clock = 5120,
    },
    {
        /* L40S data sheet and "NVIDIA Ada GPU Architecture": 142 SMs, 48 GB GDDR6, 864 GB/s, 96 MB L2, 2.52 GHz */
        .name = "l40s",
        .device_name = "NVIDIA L40S (virtual)",
        .limits = {.architecture = 89,
                   .sm_count = 142,
                   .max_threads_per_block = 1024,
                   .max_threads_per_sm = 1536,
                   .max_blocks_per_sm = 24,
                   .registers_per_sm = 65536,
                   .max_registers_per_thread = 255,
                   .shared_per_sm = 100 * KIB,
                   .shared_per_block = 48 * KIB,
                   .shared_per_block_optin = 99 * KIB,
                   .reserved_shared_per_block = KIB},
        .memory_bytes = 48 * GIB,
        .l2_bytes = 96 * MIB,
        .clock_khz = 2520000,
        .memory_clock_khz = 9001000,
        .memory_bus_bits = 384,
    },
    {
        /* Blackwell data sheet, HGX B200: 180 GB HBM3e and 7.7 TB/s a GPU. "NVIDIA Blackwell Tuning Guide": 126 MB L2. As the device reports:
           148 SMs, 7680 bits at 3.996 GHz (github.com/pytorch/ao/pull/4002) */
        .name = "b200",
        .device_name = "NVIDIA B200 (virtual)",
        .limits = {.architecture = 100,
                   .sm_count = 148,
                   .max_threads_per_block = 1024,
                   .max_threads_per_sm = 2048,
                   .max_blocks_per_sm = 32,
                   .registers_per_sm = 65536,
                   .max_registers_per_thread = 255,
                   .shared_per_sm = 228 * KIB,
                   .shared_per_block = 48 * KIB,
                   .shared_per_block_optin = 227 * KIB,
                   .reserved_shared_per_block = KIB},
        .memory_bytes = 180 * GIB,
        .l2_bytes = 126 * MIB,
        .clock_khz = 1965000,
        .memory_clock_khz = 3996000,
        .memory_bus_bits = 7680,
        .largest_cluster = 16,
        .gpc_count = 8,
    },
    {
        /* T4 data sheet and "NVIDIA Turing GPU Architecture": 40 SMs, 16 GB GDDR6, 320 GB/s, 4 MB L2, 1.59 GHz */
        .name = "t4",
        .device_name = "Tesla T4 (virtual)",
        .limits = {.architecture = 75,
                   .sm_count = 40,
                   .max_threads_per_block = 1024,
                   .max_threads_per_sm = 1024,
                   .max_blocks_per_sm = 16,
                   .registers_per_sm = 65536,
                   .max_registers_per_thread = 255,
                   .shared_per_sm = 64 * KIB,
                   .shared_per_block = 48 * KIB,
                   .shared_per_block_optin = 64 * KIB,
                   .reserved_shared_per_block = 0},
        .memory_bytes = 16 * GIB,
        .l2_bytes = 4 * MIB,
        .clock_khz = 1590000,
        .memory_clock_khz = 5001000,
        .memory_bus_bits = 256,
    },
    {
        /* A10 data sheet and "NVIDIA Ampere GA102 GPU Architecture": 72 SMs, 24 GB GDDR6, 600 GB/s, 6 MB L2, 1.695 GHz */
        .name = "a10",
        .device_name = "NVIDIA A10 (virtual)",
        .limits = {.architecture = 86,
                   .sm_count = 72,
                   .max_threads_per_block = 1024,
                   .max_threads_per_sm = 1536,
                   .max_blocks_per_sm = 16,
                   .registers_per_sm = 65536,
                   .max_registers_per_thread = 255,
                   .shared_per_sm = 100 * KIB,
                   .shared_per_block = 48 * KIB,
                   .shared_per_block_optin = 99 * KIB,
                   .reserved_shared_per_block = KIB},
        .memory_bytes = 24 * GIB,
        .l2_bytes = 6 * MIB,
        .clock_khz = 1695000,
        .memory_clock_khz = 6251000,
        .memory_bus_bits = 384,
    },
    {
        /* "NVIDIA RTX Blackwell PRO GPU Architecture": 188 SMs, 96 GB GDDR7, 1792 GB/s, 128 MB L2, 2.617 GHz */
        .name = "rtxpro6000",
        .device_name = "NVIDIA RTX PRO 6000 Blackwell (virtual)",
        .limits = {.architecture = 120,
                   .sm_count = 188,
                   .max_threads_per_block = 1024,
                   .max_threads_per_sm = 1536,
                   .max_blocks_per_sm = 24,
                   .registers_per_sm = 65536,
                   .max_registers_per_thread = 255,
                   .shared_per_sm = 100 * KIB,
                   .shared_per_block = 48 * KIB,
                   .shared_per_block_optin = 99 * KIB,
                   .reserved_shared_per_block = KIB},
        .memory_bytes = 96 * GIB,
        .l2_bytes = 128 * MIB,
        .clock_khz = 2617000,
        .memory_clock_khz = 14001000,
        .memory_bus_bits = 512,
        .largest_cluster = 8,
        .gpc_count = 12,
    },
};

enum { PROFILE_COUNT = sizeof profiles / sizeof *profiles };

const struct profile *profile_by_name(const char *name) {
    for (int i = 0; i < PROFILE_COUNT; i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

const struct profile *profile_by_architecture(const char *architecture) {
    for (int i = 0; i < PROFILE_COUNT; i++) {
        char number[12];
        snprintf(number, sizeof number, "%u", profiles[i].limits.architecture);
        if (strcmp(number, architecture) == 0)
            return &profiles[i];
    }
    return NULL;
}

const struct profile *profile_default(void) { return &profiles[0]; }

struct device_rates profile_rates(const struct profile *profile) {
    return (struct device_rates){
        .clock_hz = profile->clock_khz * 1e3,
        .dram_bytes_per_second = 2e3 * profile->memory_clock_khz * profile->memory_bus_bits / 8,
        .l2_bytes_per_clock = profile->l2_bytes_per_clock,
        .sm_count = profile->limits.sm_count,
        /* Four schedulers of one warp instruction a clock: CUDA C++ Programming Guide, "Compute Capabilities", 7.x to 12.x. */
        .schedulers = 4,
        /* "Arithmetic operation latency" of V100, A100 and H100: PMC10448217, table 3. */
        .dependent_issue_clocks = 4,
        /* Not published; an assumption. */
        .l2_port_bytes_per_clock = 64,
        /* 32 banks of 32 bits a clock: CUDA C++ Programming Guide, "Shared Memory" of each compute capability. */
        .shared_wavefronts_per_clock = 1,
        /* 16 for the functions of the MUFU, and as low as that for some conversions: CUDA C++ Programming Guide, "Arithmetic Instructions". */
        .conversions_per_clock = 16,
        /* One a clock to one address: "NVIDIA's Next Generation CUDA Compute Architecture: Kepler GK110", the last rate published. */
        .atomics_of_one_word_per_clock = 1,
        /* Not published; an assumption. */
        .atomics_per_clock = 1,
        /* The project's fixed figures for H100, taken for all: a launch, DRAM's first byte, a block's barrier, a cluster's. */
        .launch_us = 2.5,
        .dram_first_byte_us = 0.7,
        .block_barrier_us = 0.02,
        .cluster_barrier_us = 0.3,
    };
}
