#include "schedule.h"

static bool seeded;
static uint64_t seed;

void schedule_set_seed(uint64_t value) {
    seeded = true;
    seed = value;
}

bool schedule_is_seeded(void) { return seeded; }

/* The finaliser of SplitMix64. */
static uint64_t mixed(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

uint64_t schedule_random(enum schedule_purpose purpose, uint64_t counter) {
    return mixed(mixed(mixed(seed + 0x9e3779b97f4a7c15ull) + purpose) + counter);
}
