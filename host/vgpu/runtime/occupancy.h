/* How many blocks of a kernel are resident on one multiprocessor at once. */
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

#endif
