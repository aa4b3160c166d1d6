/*
 * Other legal orders of a program's work (--schedule SEED): what CUDA leaves open is settled by chance, that of a seed alone.
 *
 * Anything that may be done sooner or later, in this order or that, asks here: the executor the questions below, and whatever lies
 * outside a launch (streams, copies in flight) schedule_random. Without a seed there is no struct schedule and nothing is asked.
 *
 * Each launch draws a manner of its own, and each block another within it: time slices and turns of one instruction or thousands,
 * warps that lag behind, lanes that part or stay together. So each mistake meets the kind of schedule that shows it: a missing
 * __syncthreads shows when a warp runs far ahead, a lost update when turns end anywhere. What stays as it must be: blocks start in
 * their order but for a shuffle among those that fit on the device at once (programs rely on it to wait for earlier blocks), and
 * everything has its turn again and again.
 */
#ifndef LOTTO_VGPU_SCHEDULE_H
#define LOTTO_VGPU_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* Set before the first launch; launches are counted from here. */
void schedule_set_seed(uint64_t seed);
bool schedule_is_seeded(void);

/* What a random number is for: numbers of different purposes have nothing to do with each other. */
enum schedule_purpose { SCHEDULE_LAUNCH, SCHEDULE_STREAM, SCHEDULE_COPY };
/*
 * A number that follows from the seed, the purpose and counter alone. The caller counts what it asks for, in an order that is the
 * same in every run: never by addresses, time or host threads.
 */
uint64_t schedule_random(enum schedule_purpose purpose, uint64_t counter);

/* Of one launch, resident of whose clusters (or blocks, if it has none) run at once. NULL without a seed. */
struct schedule *schedule_create(uint64_t clusters, uint64_t resident, bool of_clusters);
void schedule_free(struct schedule *schedule);

/* The grid. Which cluster is the next-th to start, how many do at once, and in which order those that run have their turns. */
uint64_t schedule_cluster(struct schedule *schedule, uint64_t next);
uint64_t schedule_first_residents(struct schedule *schedule);
struct cluster;
void schedule_turns(struct schedule *schedule, struct cluster **clusters, unsigned count);
/* How many instructions a turn is, and which block of a cluster begins. */
uint64_t schedule_turn(struct schedule *schedule);
unsigned schedule_first_block(struct schedule *schedule, unsigned count);

/* A block's own manner. */
struct block_schedule {
    uint32_t laggards; /* warps that seldom run while others can */
    unsigned slice;    /* logarithm of the longest slice */
};
struct block_schedule schedule_block(struct schedule *schedule);
/* The warp that runs next, one of the runnable, and for how many instructions. */
unsigned schedule_warp(struct schedule *schedule, const struct block_schedule *block, uint32_t runnable);
unsigned schedule_slice(struct schedule *schedule, const struct block_schedule *block);

/* A warp: for how many instructions a fragment runs before others have a chance. */
unsigned schedule_stretch(struct schedule *schedule);
/* Which of count ready fragments runs out of turn; count when none does. */
unsigned schedule_fragment(struct schedule *schedule, unsigned count);
/* Whether the fragment runs past where it would meet others. */
bool schedule_passes(struct schedule *schedule);
/* Lanes of mask that part from the rest, to run before them; mask when all stay together. */
uint32_t schedule_split(struct schedule *schedule, uint32_t mask);
/* Whether a wait for an mbarrier whose phase is not complete ends at once. */
bool schedule_gives_up(struct schedule *schedule);
/* Whether the asynchronous copy that is issued now is put off. */
bool schedule_puts_off(struct schedule *schedule);
/* Lanes of mask whose store or atomic comes before those of the others. */
uint32_t schedule_first_lanes(struct schedule *schedule, uint32_t mask);

#endif
