/*
 * From a logit to its place in the order (kernels/ARITHMETIC.md, 1 and 2), over every value of every type: the conversions
 * against the formats' definitions, the order against comparison of floats.
 */
#include "kernels/arith.h"
#include "tests/oracle/oracle.h"

#include <criterion/criterion.h>

/* The value of a 16-bit float, from its fields: the oracle takes sign, exponent and fraction apart and uses ldexp. */
static void every_16_bit_value_converts(lotto_dtype dtype, float (*convert)(uint16_t)) {
    int nans = 0;
    for (uint32_t bits = 0; bits <= 0xffff; bits++) {
        uint16_t element = (uint16_t)bits;
        float expected = oracle_float(&element, dtype, 0), x = convert(element);
        nans += isnan(expected);
        bool same = isnan(expected) ? isnan(x) : arith_bits_of(x) == arith_bits_of(expected);
        if (!same)
            cr_assert(same, "0x%04x becomes %a, not %a", bits, (double)x, (double)expected);
    }
    cr_assert_eq(nans, dtype == LOTTO_F16 ? 2 * 1023 : 2 * 127);
}

Test(convert, every_half) { every_16_bit_value_converts(LOTTO_F16, arith_of_f16); }
Test(convert, every_bfloat) { every_16_bit_value_converts(LOTTO_BF16, arith_of_bf16); }

/* By hand, so that a mistake in the oracle's definition shows too. */
Test(convert, known_values) {
    const struct {
        uint16_t half;
        float x;
    } halves[] = {{0x0000, 0.0f},     {0x3c00, 1.0f},        {0xc000, -2.0f},
                  {0x7bff, 65504.0f}, {0x0001, 0x1p-24f},    {0x03ff, 0x1.ff8p-15f},
                  {0x0400, 0x1p-14f}, {0x3555, 0x1.554p-2f}, {0xfc00, -ARITH_INFINITY}};
    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
        cr_assert_eq(arith_bits_of(arith_of_f16(halves[i].half)), arith_bits_of(halves[i].x));
    cr_assert_eq(arith_bits_of(arith_of_f16(0x8000)), 0x80000000u);
    cr_assert_eq(arith_of_bf16(0x3f80), 1.0f);
    cr_assert_eq(arith_of_bf16(0xc0a0), -5.0f);
    cr_assert_eq(arith_of_bf16(0x0001), 0x1p-133f);
    cr_assert_eq(arith_of_bf16(0x7f80), ARITH_INFINITY);
}

#define NEGATIVE_INFINITY_BITS 0xff800000u
#define POSITIVE_INFINITY_BITS 0x7f800000u

Test(convert, every_nan_counts_as_minus_infinity_and_nothing_else_does) {
    for (uint64_t bits = 0; bits <= 0xffffffffu; bits++) {
        float x = arith_of_bits((uint32_t)bits);
        bool nan = (bits & 0x7fffffffu) > POSITIVE_INFINITY_BITS;
        uint32_t expected = nan ? NEGATIVE_INFINITY_BITS : (uint32_t)bits;
        if (arith_bits_of(arith_without_nan(x)) != expected)
            cr_assert(false, "0x%08x becomes %a", (unsigned)bits, (double)arith_without_nan(x));
    }
}

/* From -inf up to +inf, one representable value at a time: each maps above the one before, except +0, which equals -0. */
Test(order, map_is_strictly_monotone_over_every_float_and_inverts) {
    uint32_t before = arith_ordered(arith_of_bits(NEGATIVE_INFINITY_BITS));
    uint32_t walked = 1;
    for (uint32_t bits = NEGATIVE_INFINITY_BITS - 1; bits >= 0x80000000u; bits--, walked++) {
        uint32_t ordered = arith_ordered(arith_of_bits(bits));
        uint32_t back = arith_bits_of(arith_of_ordered(ordered));
        if (!(ordered > before && (back == bits || bits == 0x80000000u)))
            cr_assert(false, "0x%08x maps to 0x%08x after 0x%08x and back to 0x%08x", bits, ordered, before,
                      back);
        before = ordered;
    }
    cr_assert_eq(arith_ordered(0.0f), before, "+0 and -0 must map to one value");
    cr_assert_eq(arith_bits_of(arith_of_ordered(before)), 0u, "the map's inverse gives +0");
    for (uint32_t bits = 1; bits <= POSITIVE_INFINITY_BITS; bits++, walked++) {
        uint32_t ordered = arith_ordered(arith_of_bits(bits));
        uint32_t back = arith_bits_of(arith_of_ordered(ordered));
        if (!(ordered > before && back == bits))
            cr_assert(false, "0x%08x maps to 0x%08x after 0x%08x and back to 0x%08x", bits, ordered, before,
                      back);
        before = ordered;
    }
    cr_assert_eq(walked, 2 * (POSITIVE_INFINITY_BITS + 1) - 1, "every float that is no NaN, zero once");
}

/* Larger logit first, then smaller id: every pair of a small table, against that sentence. */
Test(order, key_ranks_by_logit_then_by_smaller_id) {
    const float x[] = {-ARITH_INFINITY, -3e38f, -1.0f, -1e-45f,       -0.0f, 0.0f,
                       1e-45f,          1.0f,   3e38f, ARITH_INFINITY};
    const uint32_t ids[] = {0, 1, 2, 0xffff, 0x10000, ARITH_MAX_VOCAB - 1};
    const int values = sizeof x / sizeof *x, places = sizeof ids / sizeof *ids;
    for (int a = 0; a < values * places; a++)
        for (int b = 0; b < values * places; b++) {
            float xa = x[a / places], xb = x[b / places];
            uint32_t ida = ids[a % places], idb = ids[b % places];
            bool better = xa > xb || (xa == xb && ida < idb);
            cr_assert_eq(arith_key(xa, ida) > arith_key(xb, idb), better, "(%a, %u) and (%a, %u)", (double)xa,
                         ida, (double)xb, idb);
            cr_assert_eq(arith_key_id(arith_key(xa, ida)), ida);
            cr_assert_eq(arith_key_value(arith_key(xa, ida)), xa);
        }
}

static bool is_candidate(float x, float maximum) {
    return arith_key(x, ARITH_MAX_VOCAB - 1) >= arith_candidate_bound(maximum);
}

Test(order, only_infinities_are_candidates_beside_an_infinity) {
    const float inf = ARITH_INFINITY, most = 3.4028234663852886e38f;
    cr_assert(is_candidate(-most, 0.0f));
    cr_assert(is_candidate(0.0f, 0.0f));
    cr_assert_not(is_candidate(-inf, 0.0f));
    cr_assert_not(is_candidate(-inf, -inf));
    cr_assert_lt(arith_key(-inf, 0), arith_candidate_bound(0.0f));
    cr_assert_not(is_candidate(most, inf));
    cr_assert_lt(arith_key(most, 0), arith_candidate_bound(inf));
    cr_assert(is_candidate(inf, inf));
    cr_assert_not(is_candidate(-inf, inf));
}
