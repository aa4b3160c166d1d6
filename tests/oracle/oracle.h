/*
 * The second of the law's three checks: what a row must give, by sorting it and adding exact integers. Written from the law's
 * page (kernels/ARITHMETIC.md) alone; it shares no code with kernels/arith.h or host/reference and is not built for speed.
 */
#ifndef TESTS_ORACLE_ORACLE_H
#define TESTS_ORACLE_ORACLE_H

#include <lotto/lotto.h>
#include <stdbool.h>

/* A row, sorted. */
struct oracle_row {
    int64_t vocab;
    float *x;           /* [vocab] the logits as binary32, by id: NaN as -inf, -0 as +0 */
    int32_t *order;     /* [vocab] ids by rank */
    int64_t candidates; /* order's first so many may be kept */
    uint32_t status;    /* what the logits alone say */
};

struct oracle_controls {
    float temperature;
    int32_t top_k;
    float top_p;
    float min_p;
    lotto_order order;
    bool temperature_last;
};

/* The set that the controls keep: a prefix of the row's order. */
struct oracle_set {
    uint32_t status;
    int64_t kept;
    float temperature; /* at which weights were taken: 1 for a greedy row */
    bool greedy;
    uint64_t *weight;  /* [candidates] by rank */
    uint64_t row_mass; /* of all candidates */
    uint64_t kept_mass;
};

struct oracle_row oracle_sort(const void *logits, lotto_dtype dtype, int64_t vocab);
void oracle_row_destroy(struct oracle_row *row);

struct oracle_set oracle_keep(const struct oracle_row *row, struct oracle_controls controls);
void oracle_set_destroy(struct oracle_set *set);

/* The token drawn from a set that is not empty, as its place in the row's order: 0 for the first. */
int64_t oracle_draw(const struct oracle_row *row, const struct oracle_set *set, uint64_t seed,
                    uint64_t position, uint32_t draw);

/* floor(a * b / 2^64) */
uint64_t oracle_high_product(uint64_t a, uint64_t b);

/* What is reported of the token at a place among the kept ones. */
float oracle_prob(const struct oracle_row *row, const struct oracle_set *set, int64_t place);
float oracle_logprob(const struct oracle_row *row, const struct oracle_set *set, int64_t place);
float oracle_kept_mass(const struct oracle_set *set);
float oracle_entropy(const struct oracle_row *row, const struct oracle_set *set);

/* The law's pieces, for tests that compare them one by one. */
float oracle_float(const void *logits, lotto_dtype dtype, int64_t index);
uint64_t oracle_weight(float x, float maximum, float temperature);
uint64_t oracle_min_p_weight(float min_p);
uint64_t oracle_top_p_mass(float top_p, uint64_t mass);
uint64_t oracle_random(uint64_t seed, uint64_t position, uint32_t purpose, uint32_t draw);
void oracle_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t random[4]);

#endif
