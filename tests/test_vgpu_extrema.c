/* Minima, maxima, signs and absolute values of every float format, as the PTX ISA's pseudocode has them. */
#include "instruction/exact.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_extrema, .init = machine_open, .fini = machine_close);

/* What the expected functions work on. */
static const struct float_format *format;
static bool ftz, nan_wins, xorsign, is_max;

static uint64_t sign_bit(void) { return 1ull << (format->bits - 1); }
/* The one NaN results have. */
static uint64_t canonical(void) { return sign_bit() - 1; }
static uint64_t flushed(uint64_t a) { return ftz ? flush_bits(format, a) : a; }

/* Both are numbers, and -0 is less than +0. */
static bool is_less(uint64_t a, uint64_t b) {
    int order = compare_bits(format, a, b);
    return order < 0 || (order == 0 && (a & sign_bit()) > (b & sign_bit()));
}
static uint64_t extremum(uint64_t a, uint64_t b, uint64_t c) {
    (void)c;
    uint64_t sign = (a ^ b) & sign_bit();
    a = flushed(a), b = flushed(b);
    if (xorsign)
        a &= ~sign_bit(), b &= ~sign_bit();
    bool nan_a = is_nan_bits(format, a), nan_b = is_nan_bits(format, b);
    if (nan_wins ? nan_a || nan_b : nan_a && nan_b)
        return canonical();
    uint64_t r = nan_a ? b : nan_b ? a : is_less(a, b) != is_max ? a : b;
    return xorsign ? r | sign : r;
}
static uint64_t extremum_pair(uint64_t a, uint64_t b, uint64_t c) {
    return extremum(a & 0xffff, b & 0xffff, c) | extremum(a >> 16, b >> 16, c) << 16;
}
/* The sign and absolute value of a NaN are unspecified. */
static uint64_t magnitude(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    return is_nan_bits(format, a) ? UNSPECIFIED : flushed(a) & ~sign_bit();
}
static uint64_t negative(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    return is_nan_bits(format, a) ? UNSPECIFIED : flushed(a) ^ sign_bit();
}
static uint64_t magnitude_pair(uint64_t a, uint64_t b, uint64_t c) {
    return magnitude(a & 0xffff, b, c) | magnitude(a >> 16, b, c) << 16;
}
static uint64_t negative_pair(uint64_t a, uint64_t b, uint64_t c) {
    return negative(a & 0xffff, b, c) | negative(a >> 16, b, c) << 16;
}
static uint64_t with_sign_of_a(uint64_t a, uint64_t b, uint64_t c) {
    (void)c;
    return (b & ~sign_bit()) | (a & sign_bit());
}

static void check(const char *name, unsigned operands, const char *pair, expected_function *expected) {
    char type[16], list[64], text[96];
    snprintf(type, sizeof type, "%s%s", format->name, pair);
    snprintf(list, sizeof list, operands == 2 ? "%s %s %s" : "%s %s", type, type, type);
    snprintf(text, sizeof text, "%s%s%s%s.%s d, a%s;", name, ftz ? ".ftz" : "", nan_wins ? ".NaN" : "",
             xorsign ? ".xorsign.abs" : "", type, operands == 2 ? ", b" : "");
    instruction_check(list, text, expected);
}

/* Formats, and what each instruction may have with them. */
static const struct {
    const struct float_format *format;
    bool ftz, nan, xorsign, pairs;
} kinds[] = {{&format_f16, true, true, true, true},
             {&format_bf16, false, true, true, true},
             {&format_f32, true, true, true, false},
             {&format_f64, false, false, false, false}};
enum { KINDS = sizeof kinds / sizeof *kinds };

Test(vgpu_extrema, minima_and_maxima) {
    for (unsigned k = 0; k < KINDS; k++) {
        format = kinds[k].format;
        for (unsigned modifiers = 0; modifiers < 16; modifiers++) {
            ftz = modifiers & 1, nan_wins = modifiers & 2, xorsign = modifiers & 4, is_max = modifiers & 8;
            if ((ftz && !kinds[k].ftz) || (nan_wins && !kinds[k].nan) || (xorsign && !kinds[k].xorsign) ||
                (ftz && nan_wins && kinds[k].pairs))
                continue;
            check(is_max ? "max" : "min", 2, "", extremum);
            if (kinds[k].pairs)
                check(is_max ? "max" : "min", 2, "x2", extremum_pair);
        }
    }
}

Test(vgpu_extrema, signs) {
    nan_wins = xorsign = false;
    for (unsigned k = 0; k < KINDS; k++) {
        format = kinds[k].format;
        for (int flushes = 0; flushes <= kinds[k].ftz; flushes++) {
            ftz = flushes;
            check("abs", 1, "", magnitude);
            check("neg", 1, "", negative);
            if (kinds[k].pairs) {
                check("abs", 1, "x2", magnitude_pair);
                check("neg", 1, "x2", negative_pair);
            }
        }
        ftz = false;
        if (!kinds[k].pairs)
            check("copysign", 2, "", with_sign_of_a);
    }
}
