/* cvt of the virtual GPU, between all types, and f16 and bf16 arithmetic, against definitions in scalar C. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_convert, .init = machine_open, .fini = machine_close);

/* An integer type: its name, width, sign, bounds. */
static const struct integer {
    const char *name;
    unsigned bits;
    bool is_signed;
} integers[] = {{"u8", 8, false},   {"s8", 8, true},   {"u16", 16, false}, {"s16", 16, true},
                {"u32", 32, false}, {"s32", 32, true}, {"u64", 64, false}, {"s64", 64, true}};
enum { INTEGERS = sizeof integers / sizeof *integers };

static __int128 least(const struct integer *type) {
    return type->is_signed ? -((__int128)1 << (type->bits - 1)) : 0;
}
static __int128 most(const struct integer *type) {
    return ((__int128)1 << (type->bits - type->is_signed)) - 1;
}
static __int128 value(const struct integer *type, uint64_t bits) {
    __int128 x = bits & (type->bits == 64 ? ~0ull : (1ull << type->bits) - 1);
    return type->is_signed && x > most(type) ? x - ((__int128)1 << type->bits) : x;
}

/* What the expected functions below work on. */
static const struct integer *to, *from;
static int mode;

static uint64_t wrapped(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    return (uint64_t)value(from, a);
}
static uint64_t clamped(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    __int128 x = value(from, a);
    return (uint64_t)(x < least(to) ? least(to) : x > most(to) ? most(to) : x);
}

Test(vgpu_convert, integers) {
    for (to = integers; to < integers + INTEGERS; to++) {
        for (from = integers; from < integers + INTEGERS; from++) {
            char types[32], text[64];
            snprintf(types, sizeof types, "%s %s", to->name, from->name);
            snprintf(text, sizeof text, "cvt.%s.%s d, a;", to->name, from->name);
            instruction_check(types, text, wrapped);
            snprintf(text, sizeof text, "cvt.sat.%s.%s d, a;", to->name, from->name);
            instruction_check(types, text, clamped);
        }
    }
}

/* The result as its type has it, extended to 64 bits by the type's sign. */
static uint64_t wrapped_and_extended(uint64_t a, uint64_t b, uint64_t c) {
    return (uint64_t)value(to, wrapped(a, b, c));
}
static uint64_t clamped_and_extended(uint64_t a, uint64_t b, uint64_t c) {
    return (uint64_t)value(to, clamped(a, b, c));
}

Test(vgpu_convert, integers_in_64_bit_registers) {
    for (to = integers; to < integers + INTEGERS; to++) {
        for (from = integers; from < integers + INTEGERS; from++) {
            char text[64];
            snprintf(text, sizeof text, "cvt.%s.%s d, a;", to->name, from->name);
            instruction_check("b64 b64", text, wrapped_and_extended);
            snprintf(text, sizeof text, "cvt.sat.%s.%s d, a;", to->name, from->name);
            instruction_check("b64 b64", text, clamped_and_extended);
        }
    }
}

/* A result wider than its type is extended by the type's sign; a source wider than its type is cut. */
Test(vgpu_convert, wide_registers) {
    INSTRUCTION("u32 u32", "cvt.u8.u32 d, a;", a & 0xff);
    INSTRUCTION("s32 u32", "cvt.s8.u32 d, a;", (int8_t)a);
    INSTRUCTION("s64 u32", "cvt.s16.u32 d, a;", (int16_t)a);
    INSTRUCTION("u32 u64", "cvt.u32.u8 d, a;", a & 0xff);
    INSTRUCTION("s32 u64", "cvt.s32.s8 d, a;", (int8_t)a);
    INSTRUCTION("f32 u32", "cvt.rn.f32.u16 d, a;", bits_f32((uint16_t)a));
    INSTRUCTION("u32 f32", "cvt.rzi.u8.f32 d, a;", ({
                    float x = f32_of(a);
                    isnan(x) || x <= 0 ? 0 : x >= 255 ? 255 : (uint64_t)x;
                }));
}

static uint64_t integer_of(double x, bool wide) {
    if (isnan(x))
        return wide || to->bits == 64 ? 1ull << (to->bits - 1) : 0;
    fesetround(mode);
    volatile double r = nearbyint(x);
    fesetround(FE_TONEAREST);
    return r < (double)least(to)                                                  ? (uint64_t)least(to)
           : r > (double)most(to) || r >= ldexp(1, (int)to->bits - to->is_signed) ? (uint64_t)most(to)
                                                                                  : (uint64_t)(__int128)r;
}
static uint64_t integer_of_f32(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    return integer_of(f32_of(a), false);
}
static uint64_t integer_of_f64(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    return integer_of(f64_of(a), true);
}
static uint64_t f32_of_integer(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    volatile __int128 x = value(from, a);
    fesetround(mode);
    volatile long double exact = (long double)(x < 0 ? -x : x);
    exact = x < 0 ? -exact : exact;
    volatile float r = (float)exact;
    fesetround(FE_TONEAREST);
    return bits_f32(r);
}
static uint64_t f64_of_integer(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    volatile __int128 x = value(from, a);
    fesetround(mode);
    volatile long double exact = (long double)(x < 0 ? -x : x);
    exact = x < 0 ? -exact : exact;
    volatile double r = (double)exact;
    fesetround(FE_TONEAREST);
    return bits_f64(r);
}
static double f16_value(uint64_t h);
static double bf16_value(uint64_t h);
static uint64_t integer_of_f16(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    return integer_of(f16_value(a), false);
}
static uint64_t integer_of_bf16(uint64_t a, uint64_t b, uint64_t c) {
    (void)b, (void)c;
    return integer_of(bf16_value(a), false);
}

static const struct {
    char letter;
    int mode;
} modes[] = {{'n', FE_TONEAREST}, {'z', FE_TOWARDZERO}, {'m', FE_DOWNWARD}, {'p', FE_UPWARD}};
enum { MODES = 4 };

Test(vgpu_convert, floats_to_integers) {
    static const struct {
        const char *name;
        expected_function *expected;
    } floats[] = {
        {"f32", integer_of_f32}, {"f64", integer_of_f64}, {"f16", integer_of_f16}, {"bf16", integer_of_bf16}};
    for (unsigned f = 0; f < 4; f++) {
        for (to = integers; to < integers + INTEGERS; to++) {
            for (unsigned m = 0; m < MODES; m++) {
                char types[32], text[64];
                mode = modes[m].mode;
                snprintf(types, sizeof types, "%s %s", to->name, floats[f].name);
                snprintf(text, sizeof text, "cvt.r%ci.%s.%s d, a;", modes[m].letter, to->name,
                         floats[f].name);
                instruction_check(types, text, floats[f].expected);
            }
        }
    }
}

Test(vgpu_convert, integers_to_floats) {
    for (from = integers; from < integers + INTEGERS; from++) {
        for (unsigned m = 0; m < MODES; m++) {
            char types[32], text[64];
            mode = modes[m].mode;
            snprintf(types, sizeof types, "f32 %s", from->name);
            snprintf(text, sizeof text, "cvt.r%c.f32.%s d, a;", modes[m].letter, from->name);
            instruction_check(types, text, f32_of_integer);
            snprintf(types, sizeof types, "f64 %s", from->name);
            snprintf(text, sizeof text, "cvt.r%c.f64.%s d, a;", modes[m].letter, from->name);
            instruction_check(types, text, f64_of_integer);
        }
    }
}

static float flush(float x) { return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x; }
static double clamp(double x) { return isnan(x) || x <= 0 ? 0 : x > 1 ? 1 : x; }
static float narrow(double x, int in_mode) {
    volatile double exact = x;
    fesetround(in_mode);
    volatile float r = (float)exact;
    fesetround(FE_TONEAREST);
    return r;
}
static double whole(double x, int in_mode) {
    volatile double exact = x;
    fesetround(in_mode);
    volatile double r = nearbyint(exact);
    fesetround(FE_TONEAREST);
    return r;
}
static uint64_t number_f64(double x) { return isnan(x) ? UNSPECIFIED : bits_f64(x); }

Test(vgpu_convert, floats) {
    INSTRUCTION("f64 f32", "cvt.f64.f32 d, a;", number_f64(f32_of(a)));
    INSTRUCTION("f64 f32", "cvt.ftz.f64.f32 d, a;", number_f64(flush(f32_of(a))));
    INSTRUCTION("f32 f64", "cvt.rn.f32.f64 d, a;", bits_f32((float)f64_of(a)));
    INSTRUCTION("f32 f64", "cvt.rz.f32.f64 d, a;", bits_f32(narrow(f64_of(a), FE_TOWARDZERO)));
    INSTRUCTION("f32 f64", "cvt.rm.f32.f64 d, a;", bits_f32(narrow(f64_of(a), FE_DOWNWARD)));
    INSTRUCTION("f32 f64", "cvt.rp.f32.f64 d, a;", bits_f32(narrow(f64_of(a), FE_UPWARD)));
    INSTRUCTION("f32 f64", "cvt.rn.ftz.f32.f64 d, a;", bits_f32(flush((float)f64_of(a))));
    INSTRUCTION("f32 f64", "cvt.rn.sat.f32.f64 d, a;", bits_f32((float)clamp((float)f64_of(a))));
    INSTRUCTION("f32 f32", "cvt.sat.f32.f32 d, a;", bits_f32((float)clamp(f32_of(a))));
    INSTRUCTION("f32 f32", "cvt.ftz.f32.f32 d, a;", bits_f32(flush(f32_of(a))));
    INSTRUCTION("f32 f32", "cvt.rni.f32.f32 d, a;", bits_f32((float)whole(f32_of(a), FE_TONEAREST)));
    INSTRUCTION("f32 f32", "cvt.rzi.f32.f32 d, a;", bits_f32((float)whole(f32_of(a), FE_TOWARDZERO)));
    INSTRUCTION("f32 f32", "cvt.rmi.f32.f32 d, a;", bits_f32((float)whole(f32_of(a), FE_DOWNWARD)));
    INSTRUCTION("f32 f32", "cvt.rpi.ftz.f32.f32 d, a;", bits_f32((float)whole(flush(f32_of(a)), FE_UPWARD)));
    INSTRUCTION("f64 f64", "cvt.rmi.f64.f64 d, a;", number_f64(whole(f64_of(a), FE_DOWNWARD)));
    INSTRUCTION("f64 f64", "cvt.rpi.f64.f64 d, a;", number_f64(whole(f64_of(a), FE_UPWARD)));
}

/* 16-bit floats by their definition: sign, exponent, fraction. */
static double decode(uint64_t h, unsigned fraction, int bias) {
    unsigned exponent_bits = 15 - fraction, all = (1u << exponent_bits) - 1;
    unsigned exponent = (unsigned)(h >> fraction) & all, digits = (unsigned)h & ((1u << fraction) - 1);
    double x = exponent == all ? (digits ? NAN : INFINITY)
               : exponent == 0 ? ldexp(digits, 1 - bias - (int)fraction)
                               : ldexp((1u << fraction) + digits, (int)exponent - bias - (int)fraction);
    return h >> 15 & 1 ? -x : x;
}
static double f16_value(uint64_t h) { return decode(h, 10, 15); }
static double bf16_value(uint64_t h) { return decode(h, 7, 127); }

/*
 * The 16 bits that stand for the exact value x = high + low, |low| far below high's last place: the number of the format below
 * it is found by search, and the nearer of that and the next taken, the even one if it lies in the middle.
 */
static uint64_t encode(double high, double low, double (*decode_one)(uint64_t), unsigned infinity,
                       int in_mode) {
    if (isnan(high))
        return 0x7fff;
    uint64_t sign = signbit(high) ? 0x8000 : 0;
    double size = fabs(high), rest = signbit(high) ? -low : low;
    unsigned below = 0, above = infinity;
    if (isinf(high))
        return sign | infinity;
    while (above - below > 1) {
        unsigned middle = (below + above) / 2;
        double difference = size - decode_one(middle);
        if (difference > 0 || (difference == 0 && rest >= 0))
            below = middle;
        else
            above = middle;
    }
    double start = decode_one(below),
           next = above == infinity ? 2 * decode_one(below) - decode_one(below - 1) : decode_one(above);
    if (size == start && rest == 0)
        return sign | below;
    if (in_mode != FE_TONEAREST)
        return sign | ((in_mode == FE_UPWARD && !sign) || (in_mode == FE_DOWNWARD && sign) ? above : below);
    double beyond = size - (start + (next - start) / 2);
    bool up = beyond > 0 || (beyond == 0 && (rest > 0 || (rest == 0 && (below & 1))));
    return sign | (up ? above : below);
}
static uint64_t to_f16(double x) { return encode(x, 0, f16_value, 0x7c00, FE_TONEAREST); }
static uint64_t to_bf16(double x) { return encode(x, 0, bf16_value, 0x7f80, FE_TONEAREST); }

/* a * b + c without rounding: the product is exact in binary64, the sum is high + low (Knuth's TwoSum). */
static uint64_t fused(double a, double b, double c, double (*decode_one)(uint64_t), unsigned infinity) {
    volatile double product = a * b, sum = product + c;
    if (!isfinite(sum))
        return encode(sum, 0, decode_one, infinity, FE_TONEAREST);
    volatile double second = sum - product, first = sum - second;
    volatile double low = (product - first) + (c - second);
    return encode(sum, low, decode_one, infinity, FE_TONEAREST);
}

Test(vgpu_convert, sixteen_bit_formats) {
    INSTRUCTION("f32 f16", "cvt.f32.f16 d, a;", bits_f32((float)f16_value(a)));
    INSTRUCTION("f64 f16", "cvt.f64.f16 d, a;", number_f64(f16_value(a)));
    INSTRUCTION("f32 bf16", "cvt.f32.bf16 d, a;", bits_f32((float)bf16_value(a)));
    INSTRUCTION("f16 f32", "cvt.rn.f16.f32 d, a;", to_f16(f32_of(a)));
    INSTRUCTION("f16 f32", "cvt.rz.f16.f32 d, a;", encode(f32_of(a), 0, f16_value, 0x7c00, FE_TOWARDZERO));
    INSTRUCTION("f16 f32", "cvt.rm.f16.f32 d, a;", encode(f32_of(a), 0, f16_value, 0x7c00, FE_DOWNWARD));
    INSTRUCTION("f16 f32", "cvt.rp.f16.f32 d, a;", encode(f32_of(a), 0, f16_value, 0x7c00, FE_UPWARD));
    INSTRUCTION("f16 f64", "cvt.rn.f16.f64 d, a;", to_f16(f64_of(a)));
    INSTRUCTION("bf16 f32", "cvt.rn.bf16.f32 d, a;", to_bf16(f32_of(a)));
    INSTRUCTION("bf16 f32", "cvt.rz.bf16.f32 d, a;", encode(f32_of(a), 0, bf16_value, 0x7f80, FE_TOWARDZERO));
    INSTRUCTION("f16x2 f32 f32", "cvt.rn.f16x2.f32 d, a, b;", to_f16(f32_of(a)) << 16 | to_f16(f32_of(b)));
    INSTRUCTION("bf16x2 f32 f32", "cvt.rn.bf16x2.f32 d, a, b;",
                to_bf16(f32_of(a)) << 16 | to_bf16(f32_of(b)));
    INSTRUCTION("bf16 f32", "cvt.rn.relu.bf16.f32 d, a;",
                isnan(f32_of(a))     ? 0x7fff
                : signbit(f32_of(a)) ? 0
                                     : to_bf16(f32_of(a)));
    INSTRUCTION("f16 s32", "cvt.rn.f16.s32 d, a;", to_f16((int32_t)a));
    INSTRUCTION("f16 u16", "cvt.rn.f16.u16 d, a;", to_f16((uint16_t)a));
    INSTRUCTION("bf16 s64", "cvt.rn.bf16.s64 d, a;", ({
                    double high = (double)(int64_t)a;
                    encode(high, (double)((__int128)(int64_t)a - (__int128)high), bf16_value, 0x7f80,
                           FE_TONEAREST);
                }));
    INSTRUCTION("bf16 u64", "cvt.rn.bf16.u64 d, a;", ({
                    double high = (double)a;
                    encode(high, (double)((__int128)a - (__int128)high), bf16_value, 0x7f80, FE_TONEAREST);
                }));
    INSTRUCTION("f16 f16", "cvt.rmi.f16.f16 d, a;", to_f16(whole(f16_value(a), FE_DOWNWARD)));
}

#define F16(x) f16_value(x)
#define BF16(x) bf16_value((x)&0xffff)
static bool is_nan_f16(uint64_t h) { return (h & 0x7fff) > 0x7c00; }

Test(vgpu_convert, sixteen_bit_arithmetic) {
    INSTRUCTION("f16 f16 f16", "add.f16 d, a, b;", to_f16(F16(a) + F16(b)));
    INSTRUCTION("f16 f16 f16", "sub.rn.f16 d, a, b;", to_f16(F16(a) - F16(b)));
    INSTRUCTION("f16 f16 f16", "mul.f16 d, a, b;", to_f16(F16(a) * F16(b)));
    INSTRUCTION("f16 f16 f16 f16", "fma.rn.f16 d, a, b, c;",
                fused(F16(a), F16(b), F16(c), f16_value, 0x7c00));
    INSTRUCTION("bf16 bf16 bf16", "add.bf16 d, a, b;", fused(BF16(a), 1, BF16(b), bf16_value, 0x7f80));
    INSTRUCTION("bf16 bf16 bf16", "mul.bf16 d, a, b;", to_bf16(BF16(a) * BF16(b)));
    INSTRUCTION("bf16 bf16 bf16 bf16", "fma.rn.bf16 d, a, b, c;",
                fused(BF16(a), BF16(b), BF16(c), bf16_value, 0x7f80));
    INSTRUCTION("f16x2 f16x2 f16x2", "add.f16x2 d, a, b;",
                to_f16(F16(a & 0xffff) + F16(b & 0xffff)) | to_f16(F16(a >> 16) + F16(b >> 16)) << 16);
    INSTRUCTION("f16x2 f16x2 f16x2 f16x2", "fma.rn.f16x2 d, a, b, c;",
                fused(F16(a & 0xffff), F16(b & 0xffff), F16(c & 0xffff), f16_value, 0x7c00) |
                    fused(F16(a >> 16), F16(b >> 16), F16(c >> 16), f16_value, 0x7c00) << 16);
    INSTRUCTION("bf16x2 bf16x2 bf16x2", "mul.bf16x2 d, a, b;",
                to_bf16(BF16(a) * BF16(b)) | to_bf16(BF16(a >> 16) * BF16(b >> 16)) << 16);
    INSTRUCTION("f16 f16 f16", "max.f16 d, a, b;", ({
                    bool first =
                        !is_nan_f16(a) && (is_nan_f16(b) || F16(a) > F16(b) || (F16(a) == F16(b) && b >> 15));
                    is_nan_f16(a) && is_nan_f16(b) ? 0x7fff : first ? a : b;
                }));
    INSTRUCTION("f16 f16 f16", "min.NaN.f16 d, a, b;", ({
                    bool first = F16(a) < F16(b) || (F16(a) == F16(b) && a >> 15);
                    is_nan_f16(a) || is_nan_f16(b) ? 0x7fff : first ? a : b;
                }));
    INSTRUCTION("f16 f16", "neg.f16 d, a;", is_nan_f16(a) ? UNSPECIFIED : a ^ 0x8000);
    INSTRUCTION("f16x2 f16x2", "abs.f16x2 d, a;",
                is_nan_f16(a) || is_nan_f16(a >> 16) ? UNSPECIFIED : a & 0x7fff7fff);
    INSTRUCTION("pred f16 f16", "setp.lt.f16 d, a, b;", F16(a) < F16(b));
    INSTRUCTION("pred f16 f16", "setp.geu.f16 d, a, b;", !(F16(a) < F16(b)));
    INSTRUCTION("pred bf16 bf16", "setp.ne.bf16 d, a, b;",
                !isunordered(BF16(a), BF16(b)) && BF16(a) != BF16(b));
    INSTRUCTION("pred f16x2 f16x2", "setp.gt.f16x2 p|d, a, b;", F16(a >> 16) > F16(b >> 16));
}
