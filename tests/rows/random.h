/*
 * Random numbers for tests: the same sequence for a seed on every machine (splitmix64; Steele, Lea and Flood, "Fast
 * splittable pseudorandom number generators", OOPSLA 2014).
 */
#ifndef TESTS_ROWS_RANDOM_H
#define TESTS_ROWS_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

static inline struct random random_of_seed(uint64_t seed) {
    struct random random = {seed};
    return random;
}

static inline uint64_t random_bits(struct random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 <= result < count; the bias of at most count / 2^64 does not matter here. */
static inline uint64_t random_below(struct random *random, uint64_t count) {
    return random_bits(random) % count;
}

/* A multiple of 2^-24 in [0, 1). */
static inline float random_unit(struct random *random) {
    return (float)(random_bits(random) >> 40) * 0x1p-24f;
}

static inline bool random_one_in(struct random *random, uint64_t count) {
    return random_below(random, count) == 0;
}

/* 1 <= result <= most, each power of two as likely as the next. */
static inline int64_t random_log_uniform(struct random *random, int64_t most) {
    int64_t value = (int64_t)exp2(log2((double)most + 1) * (double)random_unit(random));
    return value < 1 ? 1 : value > most ? most : value;
}

#endif
