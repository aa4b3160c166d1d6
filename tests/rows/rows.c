#include "tests/rows/rows.h"

#include <math.h>
#include <string.h>

const char *row_kind_name(enum row_kind kind) {
    static const char *const names[ROW_KINDS] = {
        "normal",       "llm-like",   "uniform",    "tied",  "bf16-rounded", "masked",
        "constant",     "two-valued", "all masked", "+inf",  "NaN",          "all negative",
        "all positive", "extremes",   "subnormal",  "zeros", "real"};
    return names[kind];
}

bool row_kind_is_like_a_models(enum row_kind kind) {
    return (kind <= ROW_BF16_ROUNDED && kind != ROW_TIED) || kind == ROW_REAL;
}

size_t dtype_bytes(lotto_dtype dtype) { return dtype == LOTTO_F32 ? 4 : 2; }

const char *dtype_name(lotto_dtype dtype) {
    return dtype == LOTTO_F32 ? "f32" : dtype == LOTTO_F16 ? "f16" : "bf16";
}

/* ---- rounding ----------------------------------------------------------------------------------------------------- */

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint16_t to_bf16(float x) {
    uint32_t bits = bits_of(x);
    if (isnan(x))
        return (uint16_t)(bits >> 16 | 1); /* a payload in the lower half alone must stay a NaN */
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static uint16_t to_f16(float x) {
    uint16_t sign = (uint16_t)(bits_of(x) >> 16 & 0x8000);
    if (isnan(x))
        return (uint16_t)(sign | 0x7c00 | (bits_of(x) >> 13 & 0x3ff) | 1);
    float magnitude = fabsf(x);
    if (magnitude >= 65520)
        return sign | 0x7c00;
    int exponent;
    frexpf(magnitude, &exponent); /* magnitude < 2^exponent */
    if (exponent < -13)
        exponent = -13;
    float steps = nearbyintf(
        ldexpf(magnitude, 11 - exponent)); /* of the last place: 2^10 to 2^11, fewer if subnormal */
    return (uint16_t)(sign | (((uint32_t)(exponent + 13) << 10) + (uint32_t)steps));
}

void row_store(void *row, lotto_dtype dtype, int64_t index, float x) {
    if (dtype == LOTTO_F32)
        ((float *)row)[index] = x;
    else
        ((uint16_t *)row)[index] = dtype == LOTTO_F16 ? to_f16(x) : to_bf16(x);
}

/* ---- kinds -------------------------------------------------------------------------------------------------------- */

/* Two halves of a Box-Muller pair are not kept: one is simpler, and the generator is not what is measured. */
static float normal(struct random *random) {
    float u = 1.0f - random_unit(random), angle = 6.2831853f * random_unit(random);
    return sqrtf(-2.0f * logf(u)) * cosf(angle);
}

static float random_width(struct random *random) {
    static const float widths[] = {0.1f, 0.5f, 1.0f, 2.0f, 5.0f, 20.0f};
    return widths[random_below(random, sizeof widths / sizeof *widths)];
}

static float largest(lotto_dtype dtype) { return dtype == LOTTO_F16 ? 65504.0f : 3.3e38f; }
static float smallest(lotto_dtype dtype) {
    return dtype == LOTTO_F32 ? 0x1p-149f : dtype == LOTTO_F16 ? 0x1p-24f : 0x1p-133f;
}

static float random_nan(struct random *random) {
    uint32_t bits = (uint32_t)random_bits(random);
    return of_bits((bits & 0x807fffffu) | 0x7f800000u | (bits & 0x7fffffu ? 0 : 1));
}

/* How often a rare thing happens in a row: from one token in about all of them to nearly every one. */
static float random_share(struct random *random, int64_t vocab) {
    static const float shares[] = {0.01f, 0.1f, 0.5f, 0.9f, 0.999f};
    uint64_t choice = random_below(random, 6);
    return choice == 5 ? 1.0f / (float)vocab : shares[choice];
}

static bool happens(struct random *random, float share) { return random_unit(random) < share; }

void row_fill(struct random *random, enum row_kind kind, lotto_dtype dtype, int64_t vocab, void *row) {
    float width = random_width(random), share = random_share(random, vocab),
          shift = 20 * random_unit(random) - 10;
    float one = shift + width * normal(random), other = shift + width * normal(random);
    int64_t head_begin = (int64_t)random_below(random, (uint64_t)vocab),
            chosen = (int64_t)random_below(random, (uint64_t)vocab);
    bool ascending = random_below(random, 2);
    for (int64_t id = 0; id < vocab; id++) {
        float x = 0;
        switch (kind) {
        case ROW_NORMAL:
            x = shift + width * normal(random);
            break;
        case ROW_LLM_LIKE: {
            int64_t place = (id - head_begin + vocab) % vocab;
            x = place < 300 ? 16 - 0.05f * (float)place + normal(random) : -2 + 2 * normal(random);
            break;
        }
        case ROW_UNIFORM:
            x = 20 * random_unit(random) - 10;
            break;
        case ROW_TIED:
            x = nearbyintf(8 * width * normal(random)) / 8;
            break;
        case ROW_BF16_ROUNDED:
            x = of_bits((uint32_t)to_bf16(shift + width * normal(random)) << 16);
            break;
        case ROW_MASKED:
            x = happens(random, share) ? -INFINITY : shift + width * normal(random);
            break;
        case ROW_CONSTANT:
            x = one;
            break;
        case ROW_TWO_VALUED:
            x = happens(random, share) ? one : other;
            break;
        case ROW_ALL_MASKED:
            x = -INFINITY;
            break;
        case ROW_POS_INF:
            x = id == chosen || happens(random, share) ? INFINITY
                : random_below(random, 4) == 0 ? (random_below(random, 2) ? -INFINITY : random_nan(random))
                                               : width * normal(random);
            break;
        case ROW_NAN:
            x = id == chosen || happens(random, share) ? random_nan(random) : shift + width * normal(random);
            break;
        case ROW_ALL_NEGATIVE:
            x = -largest(dtype) * (1 - 0.5f * random_unit(random));
            break;
        case ROW_ALL_POSITIVE:
            x = largest(dtype) * (1 - (ascending ? 1e-6f : 0.5f) * random_unit(random));
            break;
        case ROW_BOTH_EXTREMES:
            x = (happens(random, share) ? 1.0f : -1.0f) * largest(dtype);
            break;
        case ROW_SUBNORMAL:
            x = smallest(dtype) * ((float)random_below(random, 2000) - 1000);
            break;
        case ROW_ZEROS:
            x = happens(random, share) ? -0.0f : 0.0f;
            break;
        case ROW_REAL:
        case ROW_KINDS:
            break;
        }
        row_store(row, dtype, id, x);
    }
}
