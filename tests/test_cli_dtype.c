/*
 * Rounding of logits to f16 and bf16 before upload, against the definition: the representable value nearest to the given one, of
 * two equally near the one whose last bit is 0.
 */
#include "host/cli/dtype.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct kind {
    lotto_dtype dtype;
    int exponent_bits, fraction_bits;
};
static const struct kind kinds[] = {{LOTTO_F16, 5, 10}, {LOTTO_BF16, 8, 7}};

/* What finite positive bits mean, from the formats' definition. */
static double value_of(const struct kind *kind, unsigned bits) {
    int exponent = (int)(bits >> kind->fraction_bits), bias = (1 << (kind->exponent_bits - 1)) - 1;
    unsigned fraction = bits & ((1u << kind->fraction_bits) - 1);
    if (exponent == 0)
        return ldexp(fraction, 1 - bias - kind->fraction_bits);
    return ldexp(fraction + (1u << kind->fraction_bits), exponent - bias - kind->fraction_bits);
}

static unsigned infinity_of(const struct kind *kind) {
    return ((1u << kind->exponent_bits) - 1) << kind->fraction_bits;
}

static unsigned rounded(const struct kind *kind, float value) {
    uint16_t bits;
    dtype_convert(&value, LOTTO_F32, &bits, kind->dtype, 1);
    return bits;
}

static void expect(const struct kind *kind, float value, unsigned expected) {
    cr_assert(rounded(kind, value) == expected, "%s of %a is %04x, expected %04x", dtype_name(kind->dtype),
              (double)value, rounded(kind, value), expected);
    cr_assert(rounded(kind, -value) == (expected | 0x8000), "%s of %a", dtype_name(kind->dtype),
              -(double)value);
}

Test(cli_dtype, rounds_to_the_nearest_and_of_two_to_the_even) {
    long compared = 0;
    for (int k = 0; k < 2; k++) {
        const struct kind *kind = &kinds[k];
        for (unsigned bits = 0; bits < infinity_of(kind); bits++) {
            double here = value_of(kind, bits);
            /* Beyond the largest finite value the next step counts as if the exponent went on. */
            double next =
                bits + 1 < infinity_of(kind) ? value_of(kind, bits + 1) : 2 * here - value_of(kind, bits - 1);
            float middle = (float)((here + next) / 2);
            expect(kind, (float)here, bits);
            cr_assert((double)middle == (here + next) / 2);
            expect(kind, middle, bits % 2 == 0 ? bits : bits + 1);
            expect(kind, nextafterf(middle, 0), bits);
            expect(kind, nextafterf(middle, INFINITY), bits + 1);
            compared += 4;
        }
    }
    printf("%ld roundings compared\n", compared);
}

Test(cli_dtype, infinities_and_nans_stay) {
    for (int k = 0; k < 2; k++) {
        const struct kind *kind = &kinds[k];
        static const uint32_t nans[] = {0x7fc00000, 0x7f800001, 0xffffffff, 0xff800001};
        expect(kind, INFINITY, infinity_of(kind));
        for (int i = 0; i < 4; i++) {
            float nan;
            memcpy(&nan, &nans[i], sizeof nan);
            cr_assert((rounded(kind, nan) & 0x7fff) > infinity_of(kind));
        }
    }
    expect(&kinds[0], 3e38f, 0x7c00);
}

Test(cli_dtype, sixteen_bits_widen_exactly) {
    for (int k = 0; k < 2; k++)
        for (unsigned bits = 0; bits < infinity_of(&kinds[k]); bits++) {
            uint16_t value = (uint16_t)bits;
            float wide;
            dtype_convert(&value, kinds[k].dtype, &wide, LOTTO_F32, 1);
            cr_assert((double)wide == value_of(&kinds[k], bits));
        }
}
