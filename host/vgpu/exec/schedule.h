/*
 * Other legal orders of a program's work (--schedule SEED): what CUDA leaves open is settled by chance, that of a seed alone.
 *
 * Anything that may be done sooner or later, in this order or that, asks here: parts of the executor by the questions below, and
 * whatever lies outside a launch (streams, copies in flight) by schedule_random. Without a seed nothing is ever asked.
 */
#ifndef LOTTO_VGPU_SCHEDULE_H
#define LOTTO_VGPU_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* Set once, before the first launch. */
void schedule_set_seed(uint64_t seed);
bool schedule_is_seeded(void);

/* What a random number is for: numbers of different purposes have nothing to do with each other. */
enum schedule_purpose { SCHEDULE_LAUNCH, SCHEDULE_STREAM, SCHEDULE_COPY };
/*
 * A number that follows from the seed, the purpose and counter alone. The caller counts what it asks for, in an order that is the
 * same in every run: never by addresses, time or host threads.
 */
uint64_t schedule_random(enum schedule_purpose purpose, uint64_t counter);

#endif
