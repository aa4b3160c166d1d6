/*
 * The .approx functions within the error that the PTX ISA states for each, and exactly where it states the result: zeros,
 * infinities, NaN, flushed subnormals.
 */
#include "instruction/exact.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_approximate, .init = machine_open, .fini = machine_close);

static long double quotient(long double a, long double b) { return a / b; }
static long double reciprocal(long double a, long double b) { return (void)b, 1 / a; }
static long double root(long double a, long double b) { return (void)b, sqrtl(a); }
static long double reciprocal_root(long double a, long double b) { return (void)b, 1 / sqrtl(a); }
static long double power(long double a, long double b) { return (void)b, exp2l(a); }
static long double logarithm(long double a, long double b) { return (void)b, log2l(a); }
static long double sine(long double a, long double b) { return (void)b, sinl(a); }
static long double cosine(long double a, long double b) { return (void)b, cosl(a); }
static long double tangent(long double a, long double b) { return (void)b, tanhl(a); }

/* Errors: relative, and absolute for results whose operand is as large as `within` at most (0: all). */
static const struct function {
    const char *name, *format;
    bool plain, ftz; /* which of the two forms there are */
    long double (*value)(long double a, long double b);
    double relative, absolute, within;
} functions[] = {
    {"rcp.approx", "f32", true, true, reciprocal, 0x1p-23, 0, 0},
    {"sqrt.approx", "f32", true, true, root, 0x1p-23, 0, 0},
    {"rsqrt.approx", "f32", true, true, reciprocal_root, 0x1.12p-23, 0, 0},
    {"ex2.approx", "f32", true, true, power, 0x1.6ap-23, 0, 0},
    {"lg2.approx", "f32", true, true, logarithm, 0x1p-22, 0x1p-22, 0},
    {"sin.approx", "f32", true, true, sine, 0, 0x1.6ap-21, 6.2831853},
    {"cos.approx", "f32", true, true, cosine, 0, 0x1.6ap-21, 6.2831853},
    {"tanh.approx", "f32", true, false, tangent, 0x1p-11, 0, 0},
    {"div.full", "f32", true, true, quotient, 0x1p-22, 0, 0},
    {"div.approx", "f32", true, true, quotient, 0x1p-22, 0, 0},
    {"rcp.approx", "f64", false, true, reciprocal, 0x1p-20, 0, 0},
    {"rsqrt.approx", "f64", true, true, reciprocal_root, 0x1p-20, 0, 0},
    {"ex2.approx", "f16", true, false, power, 0x1.12p-10, 0, 0},
    {"tanh.approx", "f16", true, false, tangent, 0, 0x1.03p-11, 0},
    {"ex2.approx", "bf16", false, true, power, 0x1p-7, 0, 0},
    {"tanh.approx", "bf16", true, false, tangent, 0, 0x1p-8, 0},
};

static const struct float_format *const formats[] = {&format_f16, &format_bf16, &format_f32, &format_f64};

/* What the accepting functions work on. */
static const struct function *function;
static const struct float_format *format;
static bool ftz;

static long double value_of(uint64_t bits) {
    struct exact x = exact_read(format, bits);
    long double size = x.kind == EXACT_NAN        ? NAN
                       : x.kind == EXACT_INFINITE ? INFINITY
                                                  : ldexpl((long double)x.digits, x.exponent);
    return x.negative ? -size : size;
}
static long double least_normal(void) { return value_of(1ull << format->fraction); }
static long double largest(void) {
    uint64_t infinity = exact_write(format, (struct exact){.kind = EXACT_INFINITE}, NEAREST);
    return value_of(infinity - 1);
}

/* A divisor beyond 2^126 makes a quotient of zero, or NaN for an infinite dividend. */
static bool is_cut_off(long double b) {
    return strcmp(function->name, "div.approx") == 0 && fabsl(b) > 0x1p126L && !isinf(b) && !isnan(b);
}

static bool accepts(uint64_t result, uint64_t a, uint64_t b) {
    if (ftz)
        a = flush_bits(format, a), b = flush_bits(format, b);
    long double x = value_of(a), y = value_of(b), want = function->value(x, y), got = value_of(result);
    if (is_cut_off(y))
        want = isinf(x) ? NAN : x * copysignl(0, y);
    if (isnan(want))
        return isnan(got);
    if (function->within && fabsl(x) > function->within)
        return fabsl(got) <= 1;
    if (ftz && got != 0 && fabsl(got) < least_normal())
        return false;
    long double error = fmaxl(fabsl(want) * function->relative, function->absolute);
    bool may_flush = ftz && fabsl(want) - error<least_normal(), may_overflow = fabsl(want) + error> largest();
    if (want == 0 || isinf(want))
        return got == want && (signbit(got) == signbit(want) || function->within);
    if (may_flush && got == 0)
        return signbit(got) == signbit(want) || function->within;
    if (may_overflow && isinf(got))
        return signbit(got) == signbit(want);
    /* A subnormal has an error of one of its last places besides. */
    return fabsl(got - want) <= error + value_of(1);
}
static bool accepts_pair(uint64_t result, uint64_t a, uint64_t b) {
    return accepts(result & 0xffff, a & 0xffff, b & 0xffff) && accepts(result >> 16, a >> 16, b >> 16);
}
/* Only the upper half of a binary64 result is significant; the lower is zero. */
static bool accepts_upper_half(uint64_t result, uint64_t a, uint64_t b) {
    return (uint32_t)result == 0 && accepts(result, a, b);
}

static void check(const char *pair) {
    char types[64], text[96];
    bool two = function->value == quotient, is_f64 = format == &format_f64;
    snprintf(types, sizeof types, two ? "%s%s %s%s %s" : "%s%s %s%s", format->name, pair, format->name, pair,
             format->name);
    snprintf(text, sizeof text, "%s%s.%s%s d, a%s;", function->name, ftz ? ".ftz" : "", format->name, pair,
             two ? ", b" : "");
    instruction_accept(types, text, *pair ? accepts_pair : is_f64 && ftz ? accepts_upper_half : accepts);
}

Test(vgpu_approximate, every_function) {
    for (function = functions; function < functions + sizeof functions / sizeof *functions; function++) {
        for (unsigned k = 0; k < 4; k++)
            if (strcmp(formats[k]->name, function->format) == 0)
                format = formats[k];
        for (int flushes = 0; flushes < 2; flushes++) {
            ftz = flushes;
            if (!(ftz ? function->ftz : function->plain))
                continue;
            check("");
            if (format->bits == 16)
                check("x2");
        }
    }
}

/* 2^126 is the largest divisor whose quotients are within the error. */
static bool accepts_by_largest(uint64_t result, uint64_t a, uint64_t b) {
    (void)b;
    return accepts(result, a, 0x7e800000);
}

Test(vgpu_approximate, the_largest_divisor) {
    for (function = functions; strcmp(function->name, "div.approx") != 0;)
        function++;
    format = &format_f32;
    for (int flushes = 0; flushes < 2; flushes++) {
        char text[96];
        ftz = flushes;
        snprintf(text, sizeof text, "mov.b32 b, 0x7e800000; div.approx%s.f32 d, a, b;", ftz ? ".ftz" : "");
        instruction_accept("f32 f32 f32", text, accepts_by_largest);
    }
}
