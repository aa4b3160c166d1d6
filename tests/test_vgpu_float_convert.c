/* cvt from and to floats: every pair of types, rounding, .ftz, .sat, .relu and .satfinite, by exact integers. */
#include "instruction/exact.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_float_convert, .init = machine_open, .fini = machine_close);

typedef __int128 whole;

static const struct type {
    const char *name;
    unsigned bits;
    bool is_signed;
    const struct float_format *format; /* NULL for an integer */
} types[] = {
    {"u8", 8, false, NULL},           {"s8", 8, true, NULL},          {"u16", 16, false, NULL},
    {"s16", 16, true, NULL},          {"u32", 32, false, NULL},       {"s32", 32, true, NULL},
    {"u64", 64, false, NULL},         {"s64", 64, true, NULL},        {"f16", 16, true, &format_f16},
    {"bf16", 16, true, &format_bf16}, {"f32", 32, true, &format_f32}, {"f64", 64, true, &format_f64}};
enum { INTEGERS = 8, TYPES = 12 };
static const struct type *const f16 = &types[8], *const bf16 = &types[9], *const f32 = &types[10],
                                *const f64 = &types[11];

/* What the expected function works on: the parts of one cvt. */
static const struct type *to, *from;
static struct conversion {
    enum rounding_mode mode;
    bool rounds, to_whole; /* .rn ... or .rni ..., or neither */
    bool ftz, sat, relu, satfinite;
} cvt;

static uint64_t sign_bit(const struct type *type) { return 1ull << (type->bits - 1); }
static whole least(void) { return to->is_signed ? -((whole)1 << (to->bits - 1)) : 0; }
static whole most(void) { return ((whole)1 << (to->bits - to->is_signed)) - 1; }

/* Zero, but the top bit alone when one side has 64 bits. */
static uint64_t integer_of_nan(void) { return from->bits == 64 || to->bits == 64 ? sign_bit(to) : 0; }

static uint64_t float_result(struct exact x) {
    const struct float_format *format = to->format;
    uint64_t bits = exact_write(format, cvt.to_whole ? exact_whole(x, cvt.mode) : x, cvt.mode);
    bool is_nan = is_nan_bits(format, bits);
    if (cvt.ftz && to == f32)
        bits = flush_bits(format, bits);
    if (cvt.relu && !is_nan && bits & sign_bit(to))
        bits = 0;
    /* The largest number in place of infinity. */
    if (cvt.satfinite && !is_nan &&
        compare_bits(format, bits & (sign_bit(to) - 1),
                     exact_write(format, (struct exact){.kind = EXACT_INFINITE}, NEAREST)) == 0)
        bits--;
    return cvt.sat ? saturate_bits(format, bits) : bits;
}

static uint64_t expected(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    struct exact x;
    if (from->format) {
        x = exact_read(from->format, cvt.ftz && from == f32 ? flush_bits(from->format, a) : a);
    } else {
        whole value = from->bits == 64 ? a : a & ((1ull << from->bits) - 1);
        x = exact_integer(from->is_signed && value >> (from->bits - 1) ? value - ((whole)1 << from->bits)
                                                                       : value);
    }
    if (to->format)
        return float_result(x);
    return x.kind == EXACT_NAN ? integer_of_nan() : (uint64_t)exact_to_integer(x, cvt.mode, least(), most());
}
/* Two values, the first into the upper half. */
static uint64_t expected_pair(uint64_t a, uint64_t b, uint64_t c) {
    return expected(a, 0, c) << 16 | expected(b, 0, c);
}

static void check(const struct type *to_type, const struct type *from_type, struct conversion conversion) {
    static const char *const modes[] = {".rn", ".rz", ".rm", ".rp"};
    char list[32], text[96];
    to = to_type, from = from_type, cvt = conversion;
    snprintf(list, sizeof list, "%s %s", to->name, from->name);
    snprintf(text, sizeof text, "cvt%s%s%s%s%s%s.%s.%s d, a;",
             cvt.rounds || cvt.to_whole ? modes[cvt.mode] : "", cvt.to_whole ? "i" : "",
             cvt.ftz ? ".ftz" : "", cvt.sat ? ".sat" : "", cvt.relu ? ".relu" : "",
             cvt.satfinite ? ".satfinite" : "", to->name, from->name);
    instruction_check(list, text, expected);
}

#define FOR_MODES for (enum rounding_mode mode = NEAREST; mode <= UP; mode++)
/* m & 1: .ftz, which needs binary32 on a side; m & 2: .sat. */
#define FOR_FTZ_AND_SAT(may_flush)                                                                           \
    for (unsigned m = 0; m < 4; m++)                                                                         \
        if (!(m & 1) || (may_flush))

Test(vgpu_float_convert, to_integers) {
    for (const struct type *integer = types; integer < types + INTEGERS; integer++) {
        FOR_MODES {
            check(integer, f16, (struct conversion){mode, .to_whole = true});
            check(integer, bf16, (struct conversion){mode, .to_whole = true});
            FOR_FTZ_AND_SAT(true)
            check(integer, f32, (struct conversion){mode, .to_whole = true, .ftz = m & 1, .sat = m & 2});
            check(integer, f64, (struct conversion){mode, .to_whole = true});
            check(integer, f64, (struct conversion){mode, .to_whole = true, .sat = true});
        }
    }
}

Test(vgpu_float_convert, from_integers) {
    for (const struct type *integer = types; integer < types + INTEGERS; integer++) {
        FOR_MODES {
            check(f16, integer, (struct conversion){mode, .rounds = true});
            check(bf16, integer, (struct conversion){mode, .rounds = true});
            for (unsigned sat = 0; sat < 2; sat++) {
                check(f32, integer, (struct conversion){mode, .rounds = true, .sat = sat});
                check(f64, integer, (struct conversion){mode, .rounds = true, .sat = sat});
            }
        }
    }
}

Test(vgpu_float_convert, wider_or_equal) {
    FOR_FTZ_AND_SAT(true) {
        struct conversion plain = {.ftz = m & 1, .sat = m & 2};
        check(f32, f16, plain);
        check(f32, bf16, plain);
        check(f64, f32, plain);
        check(f32, f32, plain);
    }
    for (unsigned sat = 0; sat < 2; sat++) {
        check(f64, f16, (struct conversion){.sat = sat});
        check(f64, bf16, (struct conversion){.sat = sat});
        check(f64, f64, (struct conversion){.sat = sat});
    }
    check(f16, f16, (struct conversion){.sat = true});
    check(bf16, bf16, (struct conversion){.sat = true});
}

Test(vgpu_float_convert, to_whole_numbers) {
    FOR_MODES {
        FOR_FTZ_AND_SAT(true)
        check(f32, f32, (struct conversion){mode, .to_whole = true, .ftz = m & 1, .sat = m & 2});
        check(f64, f64, (struct conversion){mode, .to_whole = true});
        check(f64, f64, (struct conversion){mode, .to_whole = true, .sat = true});
        check(f16, f16, (struct conversion){mode, .to_whole = true});
        check(bf16, bf16, (struct conversion){mode, .to_whole = true});
    }
}

Test(vgpu_float_convert, narrower) {
    FOR_MODES {
        FOR_FTZ_AND_SAT(true)
        check(f32, f64, (struct conversion){mode, .rounds = true, .ftz = m & 1, .sat = m & 2});
        const struct type *const pairs[][2] = {{f16, f32},  {f16, f64},  {bf16, f32},
                                               {bf16, f64}, {f16, bf16}, {bf16, f16}};
        for (unsigned k = 0; k < 6; k++) {
            check(pairs[k][0], pairs[k][1], (struct conversion){mode, .rounds = true});
            check(pairs[k][0], pairs[k][1], (struct conversion){mode, .rounds = true, .sat = true});
            check(pairs[k][0], pairs[k][1], (struct conversion){mode, .rounds = true, .relu = true});
            check(pairs[k][0], pairs[k][1], (struct conversion){mode, .rounds = true, .satfinite = true});
            check(pairs[k][0], pairs[k][1],
                  (struct conversion){mode, .rounds = true, .relu = true, .satfinite = true});
        }
    }
    check(f16, f32, (struct conversion){NEAREST, .rounds = true, .ftz = true});
    check(f16, f32, (struct conversion){TOWARDS_ZERO, .rounds = true, .ftz = true});
}

Test(vgpu_float_convert, two_into_a_pair) {
    static const char *const modes[] = {".rn", ".rz"};
    from = f32;
    for (enum rounding_mode mode = NEAREST; mode <= TOWARDS_ZERO; mode++) {
        for (unsigned m = 0; m < 3; m++) {
            for (to = f16; to <= bf16; to++) {
                char list[32], text[96];
                cvt = (struct conversion){mode, .relu = m == 1, .satfinite = m == 2};
                snprintf(list, sizeof list, "%sx2 f32 f32", to->name);
                snprintf(text, sizeof text, "cvt%s%s%s.%sx2.f32 d, a, b;", modes[mode], m == 1 ? ".relu" : "",
                         m == 2 ? ".satfinite" : "", to->name);
                instruction_check(list, text, expected_pair);
            }
        }
    }
}
