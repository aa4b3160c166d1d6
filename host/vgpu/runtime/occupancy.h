/* How many blocks and clusters of a kernel are resident at once. */
#ifndef LOTTO_VGPU_OCCUPANCY_H
#define LOTTO_VGPU_OCCUPANCY_H

#include "module.h"

/* As an assembler would allot them: the executor's estimate, capped by what the kernel's launch bounds leave. */
unsigned occupancy_registers(const struct kernel *kernel);

/*
 * Threads, blocks, registers and shared memory, each in the units a device allots them in. Registers are an estimate, so they lower
 * the number but never make it 0.
 */
unsigned occupancy_blocks(const struct kernel *kernel, unsigned threads, size_t dynamic_shared);

/* The largest cluster that launches may ask for: 8 blocks everywhere, 16 on some devices where the program has said it may depend on them. */
unsigned occupancy_cluster_limit(const struct kernel *kernel);

/* How many clusters of so many blocks are resident at once on the whole device: the blocks of each within one GPC. */
unsigned occupancy_clusters(const struct kernel *kernel, unsigned threads, size_t dynamic_shared,
                            unsigned cluster_blocks);

#endif
