#include "delay.h"

static bool is_on;
static uint64_t state;

void delay_open(uint64_t seed) {
    is_on = true;
    state = seed;
}

bool delay_is_on(void) { return is_on; }

/* SplitMix64. */
static uint64_t next(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

unsigned delay_below(unsigned limit) { return is_on ? (unsigned)(next() % limit) : 0; }
