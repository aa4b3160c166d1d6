#include "ulp.h"
#include "half_format.h"

#include <stdio.h>
#include <string.h>

static bool seeded;
static uint64_t seed;

void ulp_set_seed(uint64_t value) {
    seeded = true;
    seed = value;
}

struct format {
    unsigned bytes;
    int fraction, least; /* digits behind the point, exponent of the smallest normal number */
};
enum format_name { F16, BF16, F32, F64, F64_UPPER };
static const struct format formats[] = {
    [F16] = {2, 10, -14},   [BF16] = {2, 7, -126},        [F32] = {4, 23, -126},
    [F64] = {8, 52, -1022}, [F64_UPPER] = {8, 20, -1022}, /* the low word counts for nothing */
};

/* How far a result may be from the function's value. */
enum error_kind {
    RELATIVE,   /* 2^size of it */
    ABSOLUTE,   /* 2^size */
    ULPS,       /* size units in its last place */
    OF_LG2,     /* ABSOLUTE for operands in (0.5, 2), RELATIVE elsewhere */
    OF_A_CIRCLE /* ABSOLUTE for operands within 2 pi, 2^-14.7 within 100 pi */
};

typedef long double function(long double a, long double b);
#define FUNCTION(name, value)                                                                                \
    static long double name(long double a, long double b) {                                                  \
        (void)b;                                                                                             \
        return value;                                                                                        \
    }
FUNCTION(quotient, a / b)
FUNCTION(reciprocal, 1 / a)
FUNCTION(root, sqrtl(a))
FUNCTION(reciprocal_root, 1 / sqrtl(a))
FUNCTION(sine, sinl(a))
FUNCTION(cosine, cosl(a))
FUNCTION(logarithm, log2l(a))
FUNCTION(power, exp2l(a))
FUNCTION(tangent, tanhl(a))

/*
 * The errors of PTX ISA 9.1, by its section. Where it gives none: for the two of the 1.11.20 format, which it calls gross, one unit
 * in the format's last place is chosen here; for rsqrt.approx.f64, emulated in software, the CUDA C++ Programming Guide
 * gives rsqrt() 1 ulp.
 */
static const struct approximation {
    const char *name; /* in the instruction table, without .ftz and x2 */
    enum format_name format;
    function *exact;
    enum error_kind kind;
    double size;
    unsigned operands;
} approximations[] = {
    {"div_approx_f32", F32, quotient, ULPS, 2, 2},                  /* 9.7.3.8: |b| in [2^-126, 2^126] */
    {"div_full_f32", F32, quotient, ULPS, 2, 2},                    /* 9.7.3.8 */
    {"rcp_approx_f32", F32, reciprocal, ULPS, 1, 1},                /* 9.7.3.13 */
    {"rcp_approx_f64", F64_UPPER, reciprocal, ULPS, 1, 1},          /* 9.7.3.14: none */
    {"sqrt_approx_f32", F32, root, RELATIVE, -23, 1},               /* 9.7.3.15 */
    {"rsqrt_approx_f32", F32, reciprocal_root, RELATIVE, -22.9, 1}, /* 9.7.3.16 */
    {"rsqrt_approx_f64", F64, reciprocal_root, ULPS, 1, 1},  /* 9.7.3.16: none; with .ftz 9.7.3.17: none */
    {"sin_approx_f32", F32, sine, OF_A_CIRCLE, -20.5, 1},    /* 9.7.3.18 */
    {"cos_approx_f32", F32, cosine, OF_A_CIRCLE, -20.5, 1},  /* 9.7.3.19 */
    {"lg2_approx_f32", F32, logarithm, OF_LG2, -22, 1},      /* 9.7.3.20 */
    {"ex2_approx_f32", F32, power, ULPS, 2, 1},              /* 9.7.3.21 */
    {"tanh_approx_f32", F32, tangent, RELATIVE, -11, 1},     /* 9.7.3.22 */
    {"tanh_approx_f16", F16, tangent, ABSOLUTE, -10.987, 1}, /* 9.7.4.9 */
    {"tanh_approx_bf16", BF16, tangent, ABSOLUTE, -8, 1},    /* 9.7.4.9 */
    {"ex2_approx_f16", F16, power, RELATIVE, -9.9, 1},       /* 9.7.4.10 */
    {"ex2_approx_bf16", BF16, power, RELATIVE, -7, 1},       /* 9.7.4.10 */
};
enum { APPROXIMATIONS = sizeof approximations / sizeof *approximations };

static long double unit_of(long double x, const struct format *format) {
    int exponent = ilogbl(x);
    return ldexpl(1, (exponent < format->least ? format->least : exponent) - format->fraction);
}

/* Zero where nothing is promised, or the result is the operand. */
static long double allowed(const struct approximation *of, const struct format *format, long double a,
                           long double b, long double exact) {
    const long double pi = 3.14159265358979323846L, size = of->size;
    switch (of->kind) {
    case RELATIVE:
        /* tanh.approx.f32 passes subnormal operands through. */
        return of->exact == tangent && fabsl(a) < 0x1p-126L ? 0 : exp2l(size) * fabsl(exact);
    case ABSOLUTE:
        return exp2l(size);
    case OF_LG2:
        return exp2l(size) * (a > 0.5L && a < 2 ? 1 : fabsl(exact));
    case OF_A_CIRCLE:
        return fabsl(a) <= 2 * pi ? exp2l(size) : fabsl(a) <= 100 * pi ? exp2l(-14.7L) : 0;
    default:
        if (strcmp(of->name, "div_approx_f32") == 0 && (fabsl(b) < 0x1p-126L || fabsl(b) > 0x1p126L))
            return 0;
        return size * unit_of(exact, format);
    }
}

static u64 mixed(u64 x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return x ^ x >> 31;
}

/* From -1 to 1, a quarter of them at the ends. */
static long double deviation(const struct approximation *of, f64 a, f64 b) {
    u64 hash = mixed(mixed(mixed(seed + 0x9e3779b97f4a7c15ull) + (u64)(of - approximations)) + bits_of(a));
    hash = mixed(hash + bits_of(b));
    long double size = hash & 3 ? (long double)(hash >> 3) * 0x1p-61L : 1;
    return hash & 4 ? -size : size;
}

static bool is_open(f64 x) { return x != 0 && fabs(x) < INFINITY; }

/* usual: the result as it is without a seed. */
static f64 moved(const struct approximation *of, enum format_name format_name, bool flushes, f64 a, f64 b,
                 f64 usual) {
    const struct format *format = &formats[format_name];
    if (!is_open(a) || !is_open(b) || !is_open(usual))
        return usual;
    long double exact = of->exact(a, b), error = allowed(of, format, a, b, exact);
    long double aim = exact + error * deviation(of, a, b), unit = unit_of(aim, format);
    long double result = rintl(aim / unit) * unit;
    bool overflows = fabsl(result) >= ldexpl(1, 2 - format->least);
    bool underflows = result == 0 || (flushes && fabsl(result) < ldexpl(1, format->least));
    return fabsl(result - exact) > error || overflows || underflows ? usual : (f64)result;
}

static f64 read_value(const uint8_t *lane, enum format_name format, bool flushes) {
    u16 half;
    f32 single;
    f64 value;
    switch (format) {
    case F16:
    case BF16:
        memcpy(&half, lane, sizeof half);
        value = format == F16 ? wide_f16(half) : wide_bf16(half);
        break;
    case F32:
        memcpy(&single, lane, sizeof single);
        value = single;
        break;
    default:
        memcpy(&value, lane, sizeof value);
        value = format == F64_UPPER ? value_of(bits_of(value) & ~0xffffffffull) : value;
    }
    return flushes && fabs(value) < ldexp(1, formats[format].least) ? copysign(0, value) : value;
}

static void write_value(uint8_t *lane, enum format_name format, f64 value) {
    u16 half = format == F16 ? narrow_f16(value) : narrow_bf16(value);
    f32 single = (f32)value;
    switch (format) {
    case F16:
    case BF16:
        memcpy(lane, &half, sizeof half);
        break;
    case F32:
        memcpy(lane, &single, sizeof single);
        break;
    default:
        memcpy(lane, &value, sizeof value);
    }
}

/* bound.approximation: a place in the table, and these. */
enum { FLUSHES = 0x80, PAIR = 0x40 };

static const struct bound *run_perturbed(struct warp *w, const struct bound *i, uint32_t mask) {
    const struct approximation *of = &approximations[i->approximation & ~(FLUSHES | PAIR)];
    bool flushes = i->approximation & FLUSHES;
    enum format_name format = flushes && of->format == F64 ? F64_UPPER : of->format;
    unsigned bytes = formats[format].bytes, lane_bytes = i->approximation & PAIR ? 2 * bytes : bytes;
    /* The result may have the place of an operand. */
    uint8_t operands[2][WARP_LANES * sizeof(f64)];
    for (unsigned k = 0; k < of->operands; k++)
        memcpy(operands[k], warp_operand(w, i->o[1 + k]), WARP_LANES * lane_bytes);
    const struct bound *next = i->plain(w, i, mask);
    uint8_t *results = warp_operand(w, i->o[0]);
    FOR_ACTIVE(l) {
        for (unsigned at = l * lane_bytes; at < (l + 1) * lane_bytes; at += bytes) {
            f64 a = read_value(operands[0] + at, format, flushes);
            f64 b = of->operands == 2 ? read_value(operands[1] + at, format, flushes) : 1;
            f64 usual = read_value(results + at, format, false);
            f64 result = moved(of, format, flushes, a, b, usual);
            if (result != usual)
                write_value(results + at, format, result);
        }
    }
    return next;
}

void ulp_bind(struct bound *bound, const char *name) {
    char base[64];
    bool flushes = false, pair = false;
    if (!seeded)
        return;
    snprintf(base, sizeof base, "%s", name);
    char *ftz = strstr(base, "_ftz");
    if (ftz) {
        flushes = true;
        memmove(ftz, ftz + 4, strlen(ftz + 4) + 1);
    }
    size_t length = strlen(base);
    if (length > 2 && strcmp(base + length - 2, "x2") == 0) {
        pair = true;
        base[length - 2] = '\0';
    }
    for (unsigned k = 0; k < APPROXIMATIONS; k++)
        if (strcmp(base, approximations[k].name) == 0) {
            bound->approximation = (uint8_t)(k | (flushes ? FLUSHES : 0) | (pair ? PAIR : 0));
            bound->plain = bound->run;
            bound->run = run_perturbed;
        }
}
