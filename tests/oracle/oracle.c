#include "tests/oracle/oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(int64_t count, size_t bytes_each) {
    void *memory = malloc((size_t)(count ? count : 1) * bytes_each);
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- 1. from logit to working value: by the formats' definitions -------------------------------------------------- */

static float of_fields(int negative, int exponent, int fraction, int exponent_bits, int fraction_bits) {
    int bias = (1 << (exponent_bits - 1)) - 1;
    double magnitude;
    if (exponent == (1 << exponent_bits) - 1)
        magnitude = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexp(fraction, 1 - bias - fraction_bits);
    else
        magnitude = ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
    return (float)(negative ? -magnitude : magnitude);
}

float oracle_float(const void *logits, lotto_dtype dtype, int64_t index) {
    if (dtype == LOTTO_F32)
        return ((const float *)logits)[index];
    unsigned bits = ((const uint16_t *)logits)[index];
    return dtype == LOTTO_F16 ? of_fields(bits >> 15, bits >> 10 & 31, bits & 1023, 5, 10)
                              : of_fields(bits >> 15, bits >> 7 & 255, bits & 127, 8, 7);
}

/* ---- 2. order ----------------------------------------------------------------------------------------------------- */

struct ranked {
    float x;
    int32_t id;
};

static int by_rank(const void *a, const void *b) {
    const struct ranked *left = a, *right = b;
    if (left->x != right->x)
        return left->x > right->x ? -1 : 1;
    return left->id < right->id ? -1 : 1;
}

struct oracle_row oracle_sort(const void *logits, lotto_dtype dtype, int64_t vocab) {
    struct oracle_row row = {vocab, allocate(vocab, sizeof(float)), allocate(vocab, sizeof(int32_t)), 0, 0};
    struct ranked *ranked = allocate(vocab, sizeof *ranked);
    for (int64_t id = 0; id < vocab; id++) {
        float x = oracle_float(logits, dtype, id);
        if (isnan(x)) {
            row.status |= LOTTO_ROW_HAD_NAN;
            x = -INFINITY;
        }
        if (x == 0)
            x = 0.0f;
        row.x[id] = x;
        ranked[id] = (struct ranked){x, (int32_t)id};
    }
    qsort(ranked, (size_t)vocab, sizeof *ranked, by_rank);
    for (int64_t rank = 0; rank < vocab; rank++)
        row.order[rank] = ranked[rank].id;
    float least = INFINITY;
    if (ranked[0].x == INFINITY)
        row.status |= LOTTO_ROW_HAD_POS_INF;
    else
        least = -3.4028234663852886e38f;
    while (row.candidates < vocab && ranked[row.candidates].x >= least)
        row.candidates++;
    if (row.candidates == 0)
        row.status |= LOTTO_ROW_EMPTY;
    free(ranked);
    return row;
}

void oracle_row_destroy(struct oracle_row *row) {
    free(row->x);
    free(row->order);
}

/* ---- 3. weight ---------------------------------------------------------------------------------------------------- */

/* s = 1 + t as the law rounds it: 1 for the maximum. */
static float steps_below(float x, float maximum, float temperature) {
    if (x == maximum)
        return 1;
    float difference = maximum - x;
    float c = 1.44269504f / temperature;
    return fmaf(difference, c, 1.0f);
}

/* P of the fraction of s, an exact number of 24 bits, and n. s is finite. */
static double power_of_fraction(float s, double *n) {
    float f = (float)(s - floor(s));
    *n = floor(s) - 1;
    static const float coefficient[] = {1.0f,           -0x1.62e3bcp-1f, 0x1.ebe38cp-3f, -0x1.c4fef8p-5f,
                                        0x1.2da836p-7f, -0x1.ef66d4p-11f};
    float p = coefficient[5];
    for (int degree = 4; degree >= 0; degree--)
        p = fmaf(p, f, coefficient[degree]);
    return p;
}

uint64_t oracle_weight(float x, float maximum, float temperature) {
    float s = steps_below(x, maximum, temperature);
    if (s >= 42)
        return 0;
    double n, p = power_of_fraction(s, &n);
    return (uint64_t)floor(p * exp2(40 - n));
}

/* ---- 4. filters --------------------------------------------------------------------------------------------------- */

uint64_t oracle_min_p_weight(float min_p) {
    double weight = ceil((double)min_p * 0x1p40);
    return weight > 0x1p40 ? (uint64_t)1 << 40 : (uint64_t)weight;
}

uint64_t oracle_top_p_mass(float top_p, uint64_t mass) {
    if (top_p <= 0)
        return 0;
    double exact = (double)top_p * 0x1p32, below = floor(exact);
    uint64_t p = (uint64_t)below;
    if (exact - below > 0.5 || (exact - below == 0.5 && p % 2 == 1))
        p++;
    /* p * mass / 2^32 in two halves of mass, of which only the lower has a remainder */
    uint64_t high = mass >> 32, low = mass & 0xffffffffu;
    return p * high + p * low / 0x100000000u + (p * low % 0x100000000u != 0);
}

static int64_t kept_by_top_k(int64_t kept, int64_t vocab, int32_t top_k) {
    return top_k > 0 && top_k < vocab && top_k < kept ? top_k : kept;
}

static int64_t kept_by_min_p(const uint64_t *weight, int64_t kept, float min_p) {
    if (!(min_p > 0))
        return kept;
    uint64_t least = oracle_min_p_weight(min_p);
    int64_t count = 0;
    for (int64_t rank = 0; rank < kept; rank++)
        count += weight[rank] >= least;
    return count;
}

static uint64_t sum(const uint64_t *weight, int64_t count) {
    uint64_t mass = 0;
    for (int64_t rank = 0; rank < count; rank++)
        mass += weight[rank];
    return mass;
}

static int64_t kept_by_top_p(const uint64_t *weight, int64_t kept, float top_p) {
    if (top_p >= 1)
        return kept;
    uint64_t target = oracle_top_p_mass(top_p, sum(weight, kept)), reached = weight[0];
    int64_t count = 1;
    while (reached < target)
        reached += weight[count++];
    return count;
}

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t kept_in_order(const uint64_t *weight, int64_t all, int64_t vocab,
                             struct oracle_controls controls) {
    int64_t kept = all;
    switch (controls.order) {
    case LOTTO_ORDER_SEQUENTIAL:
        kept = kept_by_min_p(weight, kept, controls.min_p);
        kept = kept_by_top_k(kept, vocab, controls.top_k);
        return kept_by_top_p(weight, kept, controls.top_p);
    case LOTTO_ORDER_MIN_P_LAST:
        kept = kept_by_top_k(kept, vocab, controls.top_k);
        kept = kept_by_top_p(weight, kept, controls.top_p);
        return kept_by_min_p(weight, kept, controls.min_p);
    case LOTTO_ORDER_JOINT:
        kept = kept_by_top_k(all, vocab, controls.top_k);
        kept = smaller(kept, kept_by_min_p(weight, all, controls.min_p));
        return smaller(kept, kept_by_top_p(weight, all, controls.top_p));
    }
    abort();
}

static bool allowed(struct oracle_controls controls) {
    return !isnan(controls.top_p) && !isnan(controls.min_p) && isfinite(controls.temperature) &&
           controls.temperature >= 0;
}

/* Of the candidates, by rank. */
static uint64_t *weights(const struct oracle_row *row, float temperature) {
    uint64_t *weight = allocate(row->candidates, sizeof *weight);
    for (int64_t rank = 0; rank < row->candidates; rank++)
        weight[rank] = oracle_weight(row->x[row->order[rank]], row->x[row->order[0]], temperature);
    return weight;
}

struct oracle_set oracle_keep(const struct oracle_row *row, struct oracle_controls controls) {
    struct oracle_set set = {.status = row->status, .temperature = controls.temperature};
    if (!allowed(controls))
        set.status = LOTTO_ROW_BAD_CONTROL; /* the row is not read */
    if (set.status & (LOTTO_ROW_BAD_CONTROL | LOTTO_ROW_EMPTY))
        return set;
    if (controls.temperature < 1e-6f) {
        set.greedy = true;
        set.temperature = 1;
    }
    set.weight = weights(row, set.temperature);
    set.row_mass = sum(set.weight, row->candidates);
    uint64_t *judged = controls.temperature_last ? weights(row, 1) : set.weight;
    set.kept = set.greedy ? 1 : kept_in_order(judged, row->candidates, row->vocab, controls);
    if (judged != set.weight)
        free(judged);
    set.kept_mass = sum(set.weight, set.kept);
    return set;
}

void oracle_set_destroy(struct oracle_set *set) { free(set->weight); }

/* ---- 5. draw ------------------------------------------------------------------------------------------------------ */

void oracle_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t random[4]) {
    uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
    for (uint32_t round = 0; round < 10; round++) {
        uint64_t left = x0 * UINT64_C(0xD2511F53), right = x2 * UINT64_C(0xCD9E8D57);
        uint32_t k0 = key[0] + round * 0x9E3779B9u, k1 = key[1] + round * 0xBB67AE85u;
        x0 = (uint32_t)(right >> 32) ^ x1 ^ k0;
        x1 = (uint32_t)right;
        x2 = (uint32_t)(left >> 32) ^ x3 ^ k1;
        x3 = (uint32_t)left;
    }
    random[0] = x0, random[1] = x1, random[2] = x2, random[3] = x3;
}

uint64_t oracle_random(uint64_t seed, uint64_t position, uint32_t purpose, uint32_t draw) {
    const uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), purpose, draw};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t random[4];
    oracle_philox(counter, key, random);
    return random[0] + ((uint64_t)random[1] << 32);
}

/* floor(a * b / 2^64), b < 2^61: schoolbook in halves. */
uint64_t oracle_high_product(uint64_t a, uint64_t b) {
    uint64_t a0 = a & 0xffffffffu, a1 = a >> 32, b0 = b & 0xffffffffu, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t other = a0 * b1 + (middle & 0xffffffffu);
    return a1 * b1 + (middle >> 32) + (other >> 32);
}

int64_t oracle_draw(const struct oracle_row *row, const struct oracle_set *set, uint64_t seed,
                    uint64_t position, uint32_t draw) {
    if (set->greedy)
        return 0;
    int64_t *place_of = allocate(row->vocab, sizeof *place_of); /* -1: not kept */
    for (int64_t id = 0; id < row->vocab; id++)
        place_of[id] = -1;
    for (int64_t place = 0; place < set->kept; place++)
        place_of[row->order[place]] = place;
    uint64_t target = oracle_high_product(oracle_random(seed, position, 0, draw), set->kept_mass), before = 0;
    int64_t drawn = -1;
    for (int64_t id = 0; id < row->vocab && drawn < 0; id++) {
        if (place_of[id] < 0)
            continue;
        before += set->weight[place_of[id]];
        if (before > target)
            drawn = place_of[id];
    }
    free(place_of);
    if (drawn < 0)
        abort();
    return drawn;
}

/* ---- 6. what a row can report ------------------------------------------------------------------------------------- */

float oracle_prob(const struct oracle_row *row, const struct oracle_set *set, int64_t place) {
    if (set->greedy)
        return place == 0 ? 1.0f : 0.0f;
    float s = steps_below(row->x[row->order[place]], row->x[row->order[0]], set->temperature);
    if (isinf(s))
        return 0;
    double n, p = power_of_fraction(s, &n);
    float numerator = (float)(n > 1000 ? 0 : ldexp(p, (int)-n)); /* exact in double, so rounded once */
    float denominator = ldexpf((float)set->kept_mass, -40);
    return numerator / denominator;
}

static float log_of_mass(uint64_t mass) {
    static const float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    static const float coefficient[] = {-0x1.fffffap-2f, 0x1.5556f4p-2f, -0x1.00049ap-2f, 0x1.98d2b8p-3f,
                                        -0x1.535d2ep-3f, 0x1.31858cp-3f, -0x1.2504ccp-3f, 0x1.65c55ap-4f};
    int e = 0;
    while (mass >> e > 1)
        e++;
    float r = ldexpf((float)(mass - ((uint64_t)1 << e)), -e), k = (float)(e - 40);
    if (r > 0.41421357f) {
        k += 1;
        r = fmaf(r, 0.5f, -0.5f);
    }
    float q = coefficient[7];
    for (int degree = 6; degree >= 0; degree--)
        q = fmaf(q, r, coefficient[degree]);
    float square = r * r;
    return fmaf(k, ln2_high, fmaf(k, ln2_low, fmaf(square, q, r)));
}

float oracle_logprob(const struct oracle_row *row, const struct oracle_set *set, int64_t place) {
    if (set->greedy)
        return 0;
    float x = row->x[row->order[place]], maximum = row->x[row->order[0]];
    float below = x == maximum ? 0 : maximum - x;
    float scaled = below / set->temperature;
    return (0 - scaled) - log_of_mass(set->kept_mass); /* +0 of the only token */
}

/* In halves of the weight, whose products with 29 bits are exact; their sum is the law's product. */
float oracle_entropy(const struct oracle_row *row, const struct oracle_set *set) {
    if (set->greedy)
        return 0;
    uint64_t total = 0;
    for (int64_t place = 0; place < set->kept; place++) {
        uint64_t weight = set->weight[place], high = weight >> 20, low = weight % (1 << 20);
        if (weight == 0)
            continue;
        double s = (double)steps_below(row->x[row->order[place]], row->x[row->order[0]], set->temperature);
        uint64_t u = (uint64_t)((s - 1) * 0x1p23);
        total += (high * u + (low * u >> 20) + 2) >> 2; /* of 2^22, of which 2^20 are gone */
    }
    float per_weight = (float)total / (float)set->kept_mass, half_ln2 = (float)(0.5 * 0.69314718055994531);
    return fmaf(per_weight, half_ln2, log_of_mass(set->kept_mass));
}

float oracle_kept_mass(const struct oracle_set *set) { return (float)set->kept_mass / (float)set->row_mass; }
