/*
 * The law of numbers (ARITHMETIC.md), for the C compiler and the CUDA compiler from the same lines.
 *
 * Everything is integer or IEEE-754 binary32 with one rounding per operation. It must be compiled without contraction
 * (-ffp-contract=off, --fmad=false) and without fast-math; fmaf appears only where the law says fma. So every CPU and
 * every GPU gives the same bits.
 */
#ifndef LOTTO_ARITH_H
#define LOTTO_ARITH_H

#include <lotto/lotto.h>

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define ARITH static __host__ __device__ __forceinline__
#else
#define ARITH static inline
#endif

__extension__ typedef unsigned __int128 arith_uint128;

ARITH uint32_t arith_bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

ARITH float arith_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define ARITH_INFINITY arith_of_bits(0x7f800000u)

/* ---- 1. from logit to working value ------------------------------------------------------------------------------- */

ARITH float arith_of_f16(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    float x = (half & 0x7c00) == 0x7c00
                  ? arith_of_bits(magnitude | 0x7f800000u)
                  : arith_of_bits(magnitude) * 0x1p112f; /* exact, subnormal halves too */
    return half & 0x8000 ? -x : x;
}

ARITH float arith_of_bf16(uint16_t bfloat) { return arith_of_bits((uint32_t)bfloat << 16); }

/* A NaN counts as -inf. */
ARITH float arith_without_nan(float logit) { return logit != logit ? -ARITH_INFINITY : logit; }

#define ARITH_MAX_IDS (1 << 24) /* in a list, so that binary32 holds every count of them */

/* One row's list of ids. */
struct arith_ids {
    const int32_t *ids;
    int32_t length;
};

struct arith_penalties {
    float repetition, frequency, presence;
};

/* One row's adjustments, less what has no effect on it: a list that is off, or does not apply, is of length 0. */
struct arith_adjustments {
    const uint32_t *allowed; /* NULL: every id is */
    struct arith_ids banned, stops, biased;
    const float *biases;
    struct arith_ids history; /* the tokens that the penalties look at, of which */
    int32_t prompt_length;    /* so many, the first, are the prompt's; */
    struct arith_ids drafted; /* then these, of the output */
    struct arith_penalties penalties;
    bool good; /* else BAD_CONTROL, and nothing above counts */
};

ARITH struct arith_ids arith_row_ids(const lotto_id_lists *lists, int64_t row, bool *good) {
    struct arith_ids of_row = {lists->ids, 0};
    if (lists->ids) {
        of_row.ids += row * lists->stride;
        of_row.length = lists->lengths[row];
        *good = *good && of_row.length >= 0 && of_row.length <= lists->stride;
    }
    return of_row;
}

ARITH bool arith_is_finite(float x) { return fabsf(x) < ARITH_INFINITY; }

ARITH struct arith_penalties arith_row_penalties(const lotto_adjustments *adjustments, int64_t row,
                                                 bool *good) {
    struct arith_penalties of_row = {
        adjustments->repetition_penalty ? adjustments->repetition_penalty[row]
                                        : adjustments->default_repetition_penalty,
        adjustments->frequency_penalty ? adjustments->frequency_penalty[row]
                                       : adjustments->default_frequency_penalty,
        adjustments->presence_penalty ? adjustments->presence_penalty[row]
                                      : adjustments->default_presence_penalty,
    };
    *good = *good && of_row.repetition > 0.0f && arith_is_finite(of_row.repetition) &&
            arith_is_finite(of_row.frequency) && arith_is_finite(of_row.presence);
    return of_row;
}

ARITH bool arith_penalties_are_off(struct arith_penalties penalties) {
    return penalties.repetition == 1.0f && penalties.frequency == 0.0f && penalties.presence == 0.0f;
}

/* How much of the history, from its beginning, the penalties need not look at. */
ARITH int32_t arith_history_skipped(struct arith_penalties penalties, int32_t prompt_length, int32_t length) {
    if (arith_penalties_are_off(penalties))
        return length;
    return penalties.repetition == 1.0f ? prompt_length : 0;
}

/* Where a row's parameters stand in the call's arrays, and what its history goes on with. */
struct arith_place {
    int64_t row;
    int64_t mask_row; /* in those of the mask */
    struct arith_ids drafted;
};

ARITH struct arith_place arith_place_of(int64_t row) {
    struct arith_place place = {row, row, {NULL, 0}};
    return place;
}

ARITH struct arith_adjustments arith_row_adjustments(const lotto_adjustments *adjustments,
                                                     struct arith_place place) {
    int64_t row = place.row;
    struct arith_adjustments of_row;
    of_row.good = true;
    int64_t mask_row = adjustments->allowed_rows ? adjustments->allowed_rows[place.mask_row] : place.mask_row;
    of_row.allowed = adjustments->allowed && mask_row >= 0
                         ? adjustments->allowed + mask_row * adjustments->allowed_stride
                         : NULL;
    of_row.banned = arith_row_ids(&adjustments->banned, row, &of_row.good);
    of_row.stops = arith_row_ids(&adjustments->stops, row, &of_row.good);
    of_row.biased = arith_row_ids(&adjustments->biased, row, &of_row.good);
    of_row.biases = adjustments->biases ? adjustments->biases + row * adjustments->biased.stride : NULL;
    of_row.penalties = arith_row_penalties(adjustments, row, &of_row.good);
    of_row.history = arith_row_ids(&adjustments->history, row, &of_row.good);
    of_row.prompt_length = adjustments->prompt_lengths ? adjustments->prompt_lengths[row] : 0;
    of_row.drafted.ids = place.drafted.ids;
    of_row.drafted.length = 0;
    of_row.good = of_row.good && of_row.prompt_length >= 0 && of_row.prompt_length <= of_row.history.length;
    if (!of_row.good || !of_row.history.ids)
        return of_row;

    int32_t output_length = of_row.history.length - of_row.prompt_length + place.drafted.length;
    if (adjustments->min_lengths && output_length >= adjustments->min_lengths[row])
        of_row.stops.length = 0;
    int32_t skipped = arith_history_skipped(of_row.penalties, of_row.prompt_length, of_row.history.length);
    of_row.history.ids += skipped;
    of_row.history.length -= skipped;
    of_row.prompt_length = skipped == 0 ? of_row.prompt_length : 0;
    if (!arith_penalties_are_off(of_row.penalties))
        of_row.drafted.length = place.drafted.length;
    return of_row;
}

/* Token i of the history, the drafted ones behind it. */
ARITH int32_t arith_history_token(struct arith_adjustments of_row, int32_t i) {
    return i < of_row.history.length ? of_row.history.ids[i] : of_row.drafted.ids[i - of_row.history.length];
}
ARITH int32_t arith_history_length(struct arith_adjustments of_row) {
    return of_row.history.length + of_row.drafted.length;
}

ARITH bool arith_allows(const uint32_t *allowed, uint32_t id) { return allowed[id / 32] >> id % 32 & 1; }

/* A -inf is so for good. */
ARITH float arith_plus(float x, float change) { return x == -ARITH_INFINITY ? x : x + change; }

/* A token of the history, output_count times in the output. */
ARITH float arith_penalized(float x, struct arith_penalties penalties, int32_t output_count) {
    x = x > 0.0f ? x / penalties.repetition : x * penalties.repetition;
    if (output_count > 0) {
        x = arith_plus(x, -(penalties.frequency * (float)output_count));
        x = arith_plus(x, -penalties.presence);
    }
    return x;
}

/* ---- 2. order ----------------------------------------------------------------------------------------------------- */

/* Order-preserving map from binary32 (no NaN) to uint32; -0 maps as +0. */
ARITH uint32_t arith_ordered(float x) {
    uint32_t bits = arith_bits_of(x + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

ARITH float arith_of_ordered(uint32_t ordered) {
    return arith_of_bits(ordered & 0x80000000u ? ordered & 0x7fffffffu : ~ordered);
}

#define ARITH_ID_BITS 20 /* a vocabulary has at most 2^20 tokens */
#define ARITH_MAX_VOCAB (1 << ARITH_ID_BITS)
#define ARITH_KEY_BITS (32 + ARITH_ID_BITS)

/*
 * A token's place in its row's total order: larger key, better rank; no two tokens of a row share one. A prefix of the order
 * is the tokens whose key is at least some bound, and the shorter of two prefixes has the larger bound.
 */
ARITH uint64_t arith_key(float x, uint32_t id) {
    return (uint64_t)arith_ordered(x) << ARITH_ID_BITS | (ARITH_MAX_VOCAB - 1 - id);
}
ARITH uint32_t arith_key_id(uint64_t key) {
    return ARITH_MAX_VOCAB - 1 - (uint32_t)(key & (ARITH_MAX_VOCAB - 1));
}
ARITH float arith_key_value(uint64_t key) { return arith_of_ordered((uint32_t)(key >> ARITH_ID_BITS)); }

/* The least key a candidate can have: beside a +inf only +inf is one, else all above -inf. */
ARITH uint64_t arith_candidate_bound(float maximum) {
    uint32_t least = maximum == ARITH_INFINITY ? arith_ordered(maximum) : arith_ordered(-ARITH_INFINITY) + 1;
    return (uint64_t)least << ARITH_ID_BITS;
}

/* ---- 3. weight ---------------------------------------------------------------------------------------------------- */

#define ARITH_WEIGHT_BITS 40 /* the weight of the row's maximum is 2^40 */
#define ARITH_GREEDY_BELOW 1e-6f

/* How far x is below the maximum; 0 for the maximum, +inf beside +inf included. */
ARITH float arith_distance(float x, float maximum) { return x == maximum ? 0.0f : maximum - x; }

/* What turns a distance into powers of two; temperature finite and >= 1e-6. */
ARITH float arith_scale(float temperature) { return 1.44269504f / temperature; }

/*
 * unit * 2^-f for a fraction 0 <= f < 1 that is a multiple of 2^-23: a multiple of unit * 2^-24 in [unit / 2, unit], exact at 0, never
 * increasing in f. unit is a power of two, so it changes no rounding.
 */
ARITH float arith_power(float f, float unit) {
    float p = -0x1.ef66d4p-11f * unit;
    p = fmaf(p, f, 0x1.2da836p-7f * unit);
    p = fmaf(p, f, -0x1.c4fef8p-5f * unit);
    p = fmaf(p, f, 0x1.ebe38cp-3f * unit);
    p = fmaf(p, f, -0x1.62e3bcp-1f * unit);
    return fmaf(p, f, unit);
}

/* 2^23 + floor(s) for 1 <= s < 2^22, so that the last bits of the result are the integer: a GPU's conversions are slow. */
ARITH float arith_floor_above_2_23(float s) {
#ifdef __CUDA_ARCH__
    return __fadd_rd(s, 0x1p23f);
#else
    return floorf(s) + 0x1p23f;
#endif
}

/* value >> count, 0 from 64 on. */
ARITH uint64_t arith_shift_right(uint64_t value, uint32_t count) {
#ifdef __CUDA_ARCH__
    uint64_t shifted;
    asm("shr.b64 %0, %1, %2;" : "=l"(shifted) : "l"(value), "r"(count)); /* PTX clamps the count */
    return shifted;
#else
    return count < 64 ? value >> count : 0;
#endif
}

/* The weight of a power p between 1/2 and 1, from p * 2^24, an integer: as a float its last bits are the integer less 2^23. */
ARITH uint64_t arith_weight_of(float p_2_24) {
    const uint32_t more = 0x4b000000u - 0x800000u;
    const uint32_t unit = 1u << (ARITH_WEIGHT_BITS + 1 - 24); /* the power's, at s = 1 */
#ifdef __CUDA_ARCH__
    uint64_t weight;
    asm("mad.wide.u32 %0, %1, %2, %3;"
        : "=l"(weight)
        : "r"(arith_bits_of(p_2_24)), "r"(unit), "l"(0 - (uint64_t)more * unit));
    return weight;
#else
    return (uint64_t)(arith_bits_of(p_2_24) - more) * unit;
#endif
}

/*
 * floor(2^(40 - distance * scale)) by the law's form, which never increases with distance. From s = 42 on the shift leaves nothing, and
 * from 2^22 on, where the fraction is none, it is longer than 63.
 */
ARITH uint64_t arith_weight(float distance, float scale) {
    float s = fmaf(distance, scale, 1.0f);
    float floor_above = arith_floor_above_2_23(s);
    float fraction = s - (floor_above - 0x1p23f);
    return arith_shift_right(arith_weight_of(arith_power(fraction, 0x1p24f)),
                             arith_bits_of(floor_above) - 0x4b000000u);
}

/* ---- 4. controls and filters -------------------------------------------------------------------------------------- */

/* One row's controls as the caller gave them. */
struct arith_controls {
    float temperature;
    int32_t top_k;
    float top_p;
    float min_p;
    bool temperature_last;
};

ARITH float arith_row_temperature(const lotto_controls *controls, int64_t row) {
    return controls->temperature ? controls->temperature[row] : controls->default_temperature;
}

ARITH struct arith_controls arith_row_controls(const lotto_controls *controls, int64_t row) {
    struct arith_controls of_row = {
        arith_row_temperature(controls, row),
        controls->top_k ? controls->top_k[row] : controls->default_top_k,
        controls->top_p ? controls->top_p[row] : controls->default_top_p,
        controls->min_p ? controls->min_p[row] : controls->default_min_p,
        (controls->temperature_last ? controls->temperature_last[row] : controls->default_temperature_last) !=
            0,
    };
    return of_row;
}

ARITH bool arith_controls_are_good(struct arith_controls controls) {
    return (controls.temperature >= 0.0f) & (controls.temperature < ARITH_INFINITY) &
           (controls.top_p == controls.top_p) & (controls.min_p == controls.min_p);
}

ARITH bool arith_is_greedy(struct arith_controls controls) {
    return controls.temperature < ARITH_GREEDY_BELOW;
}
/* At which the filters judge the row. */
ARITH float arith_filter_temperature(struct arith_controls controls) {
    return controls.temperature_last ? 1.0f : controls.temperature;
}
ARITH bool arith_has_top_k(struct arith_controls controls, int32_t vocab) {
    return controls.top_k > 0 && controls.top_k < vocab;
}
ARITH bool arith_has_top_p(struct arith_controls controls) { return controls.top_p < 1.0f; }
ARITH bool arith_has_min_p(struct arith_controls controls) { return controls.min_p > 0.0f; }

/* The least weight that min-p keeps; min_p > 0. */
ARITH uint64_t arith_min_p_weight(float min_p) { return (uint64_t)ceilf(fminf(min_p, 1.0f) * 0x1p40f); }

/* The least key that min-p keeps: the weight never increases as x falls, so a binary search over x finds where it gets too small. */
ARITH uint64_t arith_min_p_bound(float maximum, float scale, float min_p) {
    uint64_t least_weight = arith_min_p_weight(min_p);
    uint32_t dropped = arith_ordered(-ARITH_INFINITY), kept = arith_ordered(maximum);
    while (kept - dropped > 1) {
        uint32_t middle = dropped + (kept - dropped) / 2;
        float distance = arith_distance(arith_of_ordered(middle), maximum);
        if (arith_weight(distance, scale) >= least_weight)
            kept = middle;
        else
            dropped = middle;
    }
    return (uint64_t)kept << ARITH_ID_BITS;
}

/* The mass that top-p's prefix must reach: ceil(P * mass / 2^32), P = p to 32 bits; at least 1, which the first token reaches. */
ARITH uint64_t arith_top_p_mass(float top_p, uint64_t mass) {
    uint64_t p = (uint64_t)rintf(fmaxf(top_p, 0.0f) * 0x1p32f);
    uint64_t target = (uint64_t)(((arith_uint128)p * mass + 0xffffffffu) >> 32);
    return target == 0 ? 1 : target;
}

/* ---- 5. draw ------------------------------------------------------------------------------------------------------ */

/* How many rows a call's arrays have, logits aside. */
ARITH int64_t arith_requests(const lotto_logits *logits, const lotto_draws *draws) {
    return draws->logits_rows ? draws->requests : logits->rows;
}

/* The row of logits that a request samples. */
struct arith_source {
    int64_t row;
    uint32_t status; /* not 0: none, and why */
};

ARITH struct arith_source arith_source_of(const lotto_logits *logits, const lotto_draws *draws,
                                          int64_t request) {
    struct arith_source source = {draws->logits_rows ? draws->logits_rows[request] : request, 0};
    if (source.row < 0)
        source.status = LOTTO_ROW_SKIPPED;
    else if (source.row >= logits->rows)
        source.status = LOTTO_ROW_BAD_CONTROL;
    return source;
}

enum arith_purpose { ARITH_DRAW_TOKEN = 0, ARITH_ACCEPT = 1, ARITH_DRAW_RESIDUAL = 2 };

struct arith_philox {
    uint32_t word[4];
};

/* Philox4x32-10 of a counter and a key. */
ARITH struct arith_philox arith_philox4x32_10(struct arith_philox counter, uint32_t key0, uint32_t key1) {
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xd2511f53u * counter.word[0];
        uint64_t b = (uint64_t)0xcd9e8d57u * counter.word[2];
        struct arith_philox next = {{(uint32_t)(b >> 32) ^ counter.word[1] ^ key0, (uint32_t)b,
                                     (uint32_t)(a >> 32) ^ counter.word[3] ^ key1, (uint32_t)a}};
        counter = next;
        key0 += 0x9e3779b9u;
        key1 += 0xbb67ae85u;
    }
    return counter;
}

/* The counter of one draw; the key is the seed, low word first. */
ARITH struct arith_philox arith_counter(uint64_t position, enum arith_purpose purpose, uint32_t draw) {
    struct arith_philox counter = {{(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)purpose, draw}};
    return counter;
}

/* The draw's 64-bit number. */
ARITH uint64_t arith_random(struct arith_philox random) {
    return random.word[0] | (uint64_t)random.word[1] << 32;
}

/* The token is the first kept one, in id order, whose inclusive sum of weights exceeds this; kept_mass > 0. */
ARITH uint64_t arith_target(uint64_t random, uint64_t kept_mass) {
    return (uint64_t)(((arith_uint128)random * kept_mass) >> 64);
}

/* ---- 6. what a row can report ------------------------------------------------------------------------------------- */

ARITH float arith_power_of_two(int exponent) { /* -126 <= exponent <= 127 */
    return arith_of_bits((uint32_t)(exponent + 127) << 23);
}

/* A kept token's probability under the kept mass. Not cut at 41 binary places as the weight is; subnormals kept. */
ARITH float arith_prob(float distance, float scale, uint64_t mass) {
    float s = fminf(fmaf(distance, scale, 1.0f), 256.0f); /* 2^-255 is 0 in binary32 */
    int whole = (int)s;
    int n = whole - 1;
    float p = arith_power(s - (float)whole, 1.0f);
    if (n > 100) {
        p *= arith_power_of_two(-100); /* exact: one rounding is left for the last factor */
        n -= 100;
    }
    if (n > 126)
        return 0.0f;
    return p * arith_power_of_two(-n) / ((float)mass * 0x1p-40f);
}

/* ln(mass / 2^40); mass > 0. */
ARITH float arith_log_mass(uint64_t mass) {
    int top = 0;
    for (int step = 32; step > 0; step >>= 1)
        if (mass >> top >> step)
            top += step;
    float r = (float)(mass - ((uint64_t)1 << top)) * arith_power_of_two(-top);
    int k = top - ARITH_WEIGHT_BITS;
    if (r > 0.41421357f) {
        k += 1;
        r = fmaf(r, 0.5f, -0.5f);
    }
    /* (log1p(r) - r) / r^2 on [-0.293, 0.4143]: relative error of log1p 3.5e-8 */
    float q = 0x1.65c55ap-4f;
    q = fmaf(q, r, -0x1.2504ccp-3f);
    q = fmaf(q, r, 0x1.31858cp-3f);
    q = fmaf(q, r, -0x1.535d2ep-3f);
    q = fmaf(q, r, 0x1.98d2b8p-3f);
    q = fmaf(q, r, -0x1.00049ap-2f);
    q = fmaf(q, r, 0x1.5556f4p-2f);
    q = fmaf(q, r, -0x1.fffffap-2f);
    float log_1_plus_r = fmaf(r * r, q, r);
    return fmaf((float)k, 0x1.62e4p-1f,
                fmaf((float)k, 0x1.7f7d1cp-20f, log_1_plus_r)); /* ln 2 in two parts */
}

/* Natural logarithm of a kept token's probability under the kept mass. */
ARITH float arith_logprob(float distance, float temperature, uint64_t mass) {
    return 0.0f - distance / temperature - arith_log_mass(mass); /* certainty is +0 */
}

/*
 * What a kept token adds to the entropy, less what its weight adds to the kept mass: weight * t, how many powers of two it lies below the
 * maximum, in units of 2^-41, to nearest. t * 2^23 is an integer, and their product at most 2^63 / (e * ln 2) (1 + 2^-20), at t = 1.44.
 */
ARITH uint64_t arith_surprise(float distance, float scale) {
    float s = fminf(fmaf(distance, scale, 1.0f), 42.0f); /* beyond, it weighs nothing */
    uint64_t t = (uint32_t)((s - 1.0f) * 0x1p23f);
    return (arith_weight(distance, scale) * t + (1u << 21)) >> 22;
}

/* In nats, from the sum over what is kept and its mass. */
ARITH float arith_entropy(uint64_t surprise, uint64_t mass) {
    return fmaf((float)surprise / (float)mass, 0x1.62e43p-2f, arith_log_mass(mass));
}

ARITH float arith_mass_share(uint64_t kept_mass, uint64_t mass) { return (float)kept_mass / (float)mass; }

/* ---- 7. speculative decoding -------------------------------------------------------------------------------------- */

/* One target row of a sequence's: behind so many of its drafts. */
struct arith_step {
    int64_t sequence;
    int32_t index;         /* of the row in the sequence: 0 with nothing drafted before it */
    int32_t length;        /* of the sequence's draft; rows beyond have nothing to say */
    const int32_t *drafts; /* the sequence's */
    uint32_t status;       /* not 0: there is no such draft */
};

ARITH struct arith_step arith_step_of(const lotto_drafts *drafts, int64_t row) {
    struct arith_step step;
    step.sequence = row / (drafts->count + 1);
    step.index = (int32_t)(row % (drafts->count + 1));
    step.length = drafts->lengths ? drafts->lengths[step.sequence] : drafts->count;
    step.drafts = drafts->tokens + step.sequence * drafts->count;
    step.status = step.length < 0 || step.length > drafts->count ? LOTTO_ROW_BAD_CONTROL : 0;
    if (step.status)
        step.length = 0;
    return step;
}

/* Where its parameters stand, and what has been drafted before it. */
ARITH struct arith_place arith_step_place(struct arith_step step, int64_t row) {
    struct arith_place place = {step.sequence, row, {step.drafts, step.index}};
    return place;
}

ARITH uint64_t arith_step_position(const lotto_draws *draws, struct arith_step step) {
    return draws->positions[step.sequence] + (uint64_t)step.index;
}

/* The distribution of its draft; NULL: the draft was certain. */
ARITH const float *arith_step_probs(const lotto_drafts *drafts, struct arith_step step) {
    return drafts->probs ? drafts->probs + (step.sequence * drafts->count + step.index) * drafts->probs_stride
                         : NULL;
}

/* What of a draft distribution a token has, of so much mass. */
ARITH uint64_t arith_draft_mass(float prob, uint64_t mass) {
    if (prob >= 1.0f)
        return mass;
    return (uint64_t)(((arith_uint128)(uint64_t)(fmaxf(prob, 0.0f) * 0x1p64f) * mass) >> 64);
}

/* Whether a draft is accepted that has so much of the draft's distribution, in units of its weight in the target. */
ARITH bool arith_accepts(uint64_t random, uint64_t drafted, uint64_t weight) {
    return arith_target(random, drafted) < weight;
}

ARITH uint64_t arith_residual(uint64_t weight, uint64_t drafted) {
    return weight > drafted ? weight - drafted : 0;
}

#endif
