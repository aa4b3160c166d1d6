#include "schedule.h"
#include "../check/finding.h"

#include <stdlib.h>

static bool seeded;
static uint64_t seed, launches;

void schedule_set_seed(uint64_t value) {
    seeded = true;
    seed = value;
    launches = 0;
}

bool schedule_is_seeded(void) { return seeded; }

/* The step and the finaliser of SplitMix64. */
#define STEP 0x9e3779b97f4a7c15ull
static uint64_t mixed(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

uint64_t schedule_random(enum schedule_purpose purpose, uint64_t counter) {
    return mixed(mixed(mixed(seed + STEP) + purpose) + counter);
}

enum { ALWAYS = 256 }; /* chances are out of it */

/* Logarithms of the longest slice, turn and stretch; numbers of clusters. */
enum { SLICE_MOST = 14, TURN_LEAST = 4, TURN_LEAST_OF_CLUSTERS = 12, TURN_MOST = 20, STRETCH_MOST = 9 };
enum { FIRST_RESIDENTS_MOST = 64 };

struct schedule {
    uint64_t state;
    /* The launch's manner. */
    unsigned slice, turn;
    unsigned strays, passes, splits, reorders, gives_up, puts_off; /* chances */
    uint64_t resident;
    /* In each window of clusters the k-th to start is (first + k x step) modulo the window. */
    uint64_t clusters, window, step, first;
};

static uint64_t draw(struct schedule *schedule) { return mixed(schedule->state += STEP); }
static uint64_t below(struct schedule *schedule, uint64_t end) { return draw(schedule) % end; }
static bool happens(struct schedule *schedule, unsigned chance) {
    return chance && below(schedule, ALWAYS) < chance;
}
/* 1 to 2^most, the short as often as the long. */
static uint64_t length(struct schedule *schedule, unsigned most) {
    uint64_t top = 1ull << below(schedule, most + 1);
    return top - below(schedule, top) / 2;
}

static uint64_t common_divisor(uint64_t a, uint64_t b) { return b == 0 ? a : common_divisor(b, a % b); }

struct schedule *schedule_create(uint64_t clusters, uint64_t resident, bool of_clusters) {
    static const unsigned chances[] = {0, 4, 32, 128}, often[] = {0, 32, 128, ALWAYS};
    if (!seeded)
        return NULL;
    struct schedule *schedule = calloc(1, sizeof *schedule);
    if (!schedule)
        vgpu_fail("not enough host memory for the schedule of a launch");
    schedule->state = schedule_random(SCHEDULE_LAUNCH, launches);
    schedule->slice = (unsigned)below(schedule, SLICE_MOST + 1);
    /* A deadlock of mbarriers is found in a turn that is long enough for every thread to wait. */
    unsigned least = of_clusters ? TURN_LEAST_OF_CLUSTERS : TURN_LEAST;
    schedule->turn = least + (unsigned)below(schedule, TURN_MOST - least + 1);
    schedule->strays = chances[below(schedule, 4)];
    schedule->passes = chances[below(schedule, 4)];
    schedule->splits = chances[below(schedule, 4)];
    schedule->reorders = chances[below(schedule, 4)];
    schedule->gives_up = chances[below(schedule, 4)];
    schedule->puts_off = often[schedule_random(SCHEDULE_COPY, launches++) % 4];
    schedule->resident = resident;
    schedule->clusters = clusters;
    schedule->window = below(schedule, 4) ? resident : 1;
    do
        schedule->step = 1 + below(schedule, schedule->window);
    while (common_divisor(schedule->window, schedule->step) != 1);
    schedule->first = below(schedule, schedule->window);
    return schedule;
}

void schedule_free(struct schedule *schedule) { free(schedule); }

uint64_t schedule_cluster(struct schedule *schedule, uint64_t next) {
    uint64_t k = next % schedule->window, begin = next - k;
    /* The last window may be shorter: what lies beyond it is left out. */
    do
        k = (schedule->first + k * schedule->step) % schedule->window;
    while (begin + k >= schedule->clusters);
    return begin + k;
}

uint64_t schedule_first_residents(struct schedule *schedule) {
    uint64_t most = schedule->resident < FIRST_RESIDENTS_MOST ? schedule->resident : FIRST_RESIDENTS_MOST;
    return 1 + below(schedule, most);
}

void schedule_turns(struct schedule *schedule, struct cluster **clusters, unsigned count) {
    for (unsigned k = count; k > 1; k--) {
        unsigned other = (unsigned)below(schedule, k);
        struct cluster *last = clusters[k - 1];
        clusters[k - 1] = clusters[other];
        clusters[other] = last;
    }
}

uint64_t schedule_turn(struct schedule *schedule) { return length(schedule, schedule->turn); }
unsigned schedule_first_block(struct schedule *schedule, unsigned count) {
    return (unsigned)below(schedule, count);
}

struct block_schedule schedule_block(struct schedule *schedule) {
    uint32_t laggards[] = {0, 0, 1u << below(schedule, 32), (uint32_t)draw(schedule)};
    return (struct block_schedule){.laggards = laggards[below(schedule, 4)],
                                   .slice =
                                       schedule->slice - (unsigned)below(schedule, schedule->slice / 2 + 1)};
}

/* The n-th lane or warp of a set that has more than n. */
static unsigned member(uint32_t set, uint64_t n) {
    for (; n > 0; n--)
        set &= set - 1;
    return (unsigned)__builtin_ctz(set);
}
static unsigned any_of(struct schedule *schedule, uint32_t set) {
    return member(set, below(schedule, (unsigned)__builtin_popcount(set)));
}

unsigned schedule_warp(struct schedule *schedule, const struct block_schedule *block, uint32_t runnable) {
    uint32_t quick = runnable & ~block->laggards;
    return any_of(schedule, quick && !happens(schedule, ALWAYS / 16) ? quick : runnable);
}

unsigned schedule_slice(struct schedule *schedule, const struct block_schedule *block) {
    return (unsigned)length(schedule, block->slice);
}

unsigned schedule_stretch(struct schedule *schedule) {
    bool parts = schedule->strays || schedule->passes || schedule->splits;
    return (unsigned)length(schedule, parts ? STRETCH_MOST : SLICE_MOST);
}

unsigned schedule_fragment(struct schedule *schedule, unsigned count) {
    return count > 1 && happens(schedule, schedule->strays) ? (unsigned)below(schedule, count) : count;
}

bool schedule_passes(struct schedule *schedule) { return happens(schedule, schedule->passes); }

bool schedule_puts_off(struct schedule *schedule) { return happens(schedule, schedule->puts_off); }

static uint32_t some_of(struct schedule *schedule, uint32_t mask, unsigned chance) {
    if ((mask & (mask - 1)) == 0 || !happens(schedule, chance))
        return 0;
    return below(schedule, 4) ? mask & (uint32_t)draw(schedule) : 1u << any_of(schedule, mask);
}

uint32_t schedule_split(struct schedule *schedule, uint32_t mask) {
    uint32_t part = some_of(schedule, mask, schedule->splits);
    return part ? part : mask;
}

bool schedule_gives_up(struct schedule *schedule) { return happens(schedule, schedule->gives_up); }

uint32_t schedule_first_lanes(struct schedule *schedule, uint32_t mask) {
    return some_of(schedule, mask, schedule->reorders);
}
