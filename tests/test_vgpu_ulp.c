/*
 * Perturbed approximations (--ulp): within the error documented in PTX ISA 9.1, 9.7.3 and 9.7.4, of the function in long double; up to
 * that error; and what is fixed stays.
 */
#include "host/vgpu/exec/ulp.h"
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(vgpu_ulp, .init = machine_open, .fini = machine_close);

enum { OPERANDS = 1 << 14 };
typedef long double real;

struct numbers {
    unsigned bits;
    int fraction, least; /* of a normal number's significand and exponent */
    real (*value)(uint64_t bits);
};

static real value_16(uint64_t bits, int fraction, int least) {
    uint64_t digits = bits & ((1u << fraction) - 1);
    int exponent = (int)(bits >> fraction) & ((1 << (15 - fraction)) - 1);
    real sign = bits >> 15 & 1 ? -1 : 1;
    if (exponent == (1 << (15 - fraction)) - 1)
        return digits ? (real)NAN : sign * (real)INFINITY;
    if (exponent == 0)
        return sign * ldexpl((real)digits, least - fraction);
    return sign * ldexpl((real)(digits + (1u << fraction)), exponent - 1 + least - fraction);
}
static real value_f16(uint64_t bits) { return value_16(bits, 10, -14); }
static real value_bf16(uint64_t bits) { return value_16(bits, 7, -126); }
static real value_f32(uint64_t bits) { return f32_of(bits); }
static real value_f64(uint64_t bits) { return f64_of(bits); }
static real value_upper(uint64_t bits) { return f64_of(bits & ~0xffffffffull); }

static const struct numbers f16 = {16, 10, -14, value_f16}, bf16 = {16, 7, -126, value_bf16},
                            f32 = {32, 23, -126, value_f32}, f64 = {64, 52, -1022, value_f64},
                            upper = {64, 20, -1022, value_upper};

static real ulp(const struct numbers *numbers, real x) {
    int exponent = ilogbl(x);
    return ldexpl(1, (exponent < numbers->least ? numbers->least : exponent) - numbers->fraction);
}

static real quotient(real a, real b) { return a / b; }
static real reciprocal(real a, real b) { return (void)b, 1 / a; }
static real root(real a, real b) { return (void)b, sqrtl(a); }
static real reciprocal_root(real a, real b) { return (void)b, 1 / sqrtl(a); }
static real sine(real a, real b) { return (void)b, sinl(a); }
static real cosine(real a, real b) { return (void)b, cosl(a); }
static real logarithm(real a, real b) { return (void)b, logl(a) / logl(2); }
static real power(real a, real b) { return (void)b, powl(2, a); }
static real tangent(real a, real b) { return (void)b, tanhl(a); }

#define ERROR(name, allowed)                                                                                 \
    static real name(const struct numbers *numbers, real a, real b, real exact) {                            \
        (void)numbers, (void)a, (void)b, (void)exact;                                                        \
        return allowed;                                                                                      \
    }
ERROR(one_ulp, ulp(numbers, exact))
ERROR(two_ulps, 2 * ulp(numbers, exact))
ERROR(two_ulps_in_range, fabsl(b) >= 0x1p-126L && fabsl(b) <= 0x1p126L ? 2 * ulp(numbers, exact) : 0)
ERROR(relative_23, 0x1p-23L * fabsl(exact))
ERROR(relative_22_9, powl(2, -22.9L) * fabsl(exact))
ERROR(relative_11, fabsl(a) < 0x1p-126L ? 0 : 0x1p-11L * fabsl(exact))
ERROR(relative_9_9, powl(2, -9.9L) * fabsl(exact))
ERROR(relative_7, 0x1p-7L * fabsl(exact))
ERROR(absolute_8, 0x1p-8L)
ERROR(absolute_10_987, powl(2, -10.987L))
ERROR(of_circle, fabsl(a) <= 2 * acosl(-1)     ? powl(2, -20.5L)
                 : fabsl(a) <= 100 * acosl(-1) ? powl(2, -14.7L)
                                               : 0)
ERROR(of_lg2, 0x1p-22L * (a > 0.5L && a < 2 ? 1 : fabsl(exact)))

static const struct approximation {
    const char *text;
    const struct numbers *numbers;
    real (*exact)(real a, real b);
    real (*allowed)(const struct numbers *numbers, real a, real b, real exact);
    int low, high; /* exponents of the operands tried, besides all kinds of numbers */
} approximations[] = {
    {"div.approx.f32 d, a, b", &f32, quotient, two_ulps_in_range, -20, 20},
    {"div.approx.ftz.f32 d, a, b", &f32, quotient, two_ulps_in_range, -20, 20},
    {"div.full.f32 d, a, b", &f32, quotient, two_ulps, -20, 20},
    {"div.full.ftz.f32 d, a, b", &f32, quotient, two_ulps, -20, 20},
    {"rcp.approx.f32 d, a", &f32, reciprocal, one_ulp, -20, 20},
    {"rcp.approx.ftz.f32 d, a", &f32, reciprocal, one_ulp, -20, 20},
    {"rcp.approx.ftz.f64 d, a", &upper, reciprocal, one_ulp, -20, 20},
    {"sqrt.approx.f32 d, a", &f32, root, relative_23, -20, 20},
    {"sqrt.approx.ftz.f32 d, a", &f32, root, relative_23, -20, 20},
    {"rsqrt.approx.f32 d, a", &f32, reciprocal_root, relative_22_9, -20, 20},
    {"rsqrt.approx.ftz.f32 d, a", &f32, reciprocal_root, relative_22_9, -20, 20},
    {"rsqrt.approx.f64 d, a", &f64, reciprocal_root, one_ulp, -20, 20},
    {"rsqrt.approx.ftz.f64 d, a", &upper, reciprocal_root, one_ulp, -20, 20},
    {"sin.approx.f32 d, a", &f32, sine, of_circle, -6, 9},
    {"sin.approx.ftz.f32 d, a", &f32, sine, of_circle, -6, 9},
    {"cos.approx.f32 d, a", &f32, cosine, of_circle, -6, 9},
    {"cos.approx.ftz.f32 d, a", &f32, cosine, of_circle, -6, 9},
    {"lg2.approx.f32 d, a", &f32, logarithm, of_lg2, -3, 3},
    {"lg2.approx.ftz.f32 d, a", &f32, logarithm, of_lg2, -3, 3},
    {"ex2.approx.f32 d, a", &f32, power, two_ulps, -6, 6},
    {"ex2.approx.ftz.f32 d, a", &f32, power, two_ulps, -6, 6},
    {"tanh.approx.f32 d, a", &f32, tangent, relative_11, -6, 2},
    {"tanh.approx.f16 d, a", &f16, tangent, absolute_10_987, -6, 2},
    {"tanh.approx.bf16 d, a", &bf16, tangent, absolute_8, -6, 2},
    {"ex2.approx.f16 d, a", &f16, power, relative_9_9, -6, 3},
    {"ex2.approx.ftz.bf16 d, a", &bf16, power, relative_7, -6, 3},
};
enum { APPROXIMATIONS = sizeof approximations / sizeof *approximations };

static uint64_t random_bits(void) {
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}

static uint64_t operand(const struct approximation *of, unsigned k) {
    const struct numbers *numbers = of->numbers;
    unsigned stored = numbers == &upper ? 52 : (unsigned)numbers->fraction;
    uint64_t top = 1ull << (numbers->bits - 1), infinity = ((top >> stored) - 1) << stored;
    const uint64_t special[] = {0,
                                infinity,
                                infinity | 1ull << (stored - 1),
                                1,
                                (1ull << stored) - 1,
                                1ull << stored,
                                infinity - 1,
                                infinity - (1ull << stored),
                                (uint64_t)(1 - numbers->least) << stored};
    if (k < 18)
        return special[k % 9] | (k < 9 ? 0 : top);
    uint64_t bits = random_bits() & (2 * top - 1);
    if (k % 4 == 0)
        return bits;
    int exponent = of->low + (int)(random_bits() % (unsigned)(of->high - of->low)) - numbers->least + 1;
    return (bits & (top | ((1ull << stored) - 1))) | (uint64_t)exponent << stored;
}

/* out[k] = the instruction of a[k] and b[k]; twice: for each half of a pair. */
static void run(const struct approximation *of, bool pair, const uint64_t *a, const uint64_t *b,
                uint64_t *out) {
    unsigned bits = of->numbers->bits;
    char ptx[2048], text[80], type[8];
    snprintf(text, sizeof text, "%s", of->text);
    if (pair) {
        char *end = strchr(text, ' ');
        snprintf(end, sizeof text - (size_t)(end - text), "x2 d, a");
        bits = 32;
    }
    snprintf(type, sizeof type, "b%u", bits);
    snprintf(ptx, sizeof ptx,
             PTX_KERNEL
             "{\n.reg .b64 i, j, o, t; .reg .b32 x, y, n; .reg .%s d, a, b;\n"
             "ld.param.u64 i, [p0]; ld.param.u64 j, [p1]; ld.param.u64 o, [p2]; mov.u32 x, %%tid.x; "
             "mov.u32 y, %%ctaid.x; mad.lo.u32 x, y, 128, x; mul.wide.u32 t, x, 8;\n"
             "add.u64 i, i, t; add.u64 j, j, t; add.u64 o, o, t;\n"
             "ld.global.%s a, [i]; ld.global.%s b, [j]; %s; st.global.%s [o], d; ret; }",
             type, type, type, text, type);
    uint64_t *device[3], address[3];
    for (unsigned k = 0; k < 3; k++)
        address[k] = machine_array(8 * OPERANDS, &device[k]);
    for (unsigned k = 0; k < OPERANDS; k++) {
        device[0][k] = pair ? a[k ^ 1] << 16 | a[k] : a[k];
        device[1][k] = b[k];
    }
    struct machine_launch launch = {.ptx = ptx,
                                    .blocks = OPERANDS / 128,
                                    .threads = 128,
                                    .parameters = {address[0], address[1], address[2]}};
    cr_assert_eq(machine_run(&launch), LAUNCH_DONE, "%s", text);
    memcpy(out, device[2], 8 * OPERANDS);
    for (unsigned k = 0; k < 3; k++)
        memory_free(address[k]);
}

struct outcome {
    unsigned open, moved, above;
    real worst; /* share of the error allowed */
};

static bool is_open(real x) { return isfinite(x) && x != 0; }

/* One result with a seed against the one without. */
static void check(const struct approximation *of, uint64_t a, uint64_t b, uint64_t usual, uint64_t result,
                  struct outcome *outcome) {
    const struct numbers *numbers = of->numbers;
    bool flushes = strstr(of->text, ".ftz"), has_b = strchr(of->text, 'b') && strstr(of->text, ", b");
    real least = ldexpl(1, numbers->least), x = numbers->value(a), y = has_b ? numbers->value(b) : 1;
    if (flushes)
        x = fabsl(x) < least ? 0 : x, y = fabsl(y) < least ? 0 : y;
    real exact = of->exact(x, y), was = numbers->value(usual), is = numbers->value(result);
    real allowed = is_open(x) && is_open(y) && is_open(was) ? of->allowed(numbers, x, y, exact) : 0;
    if (allowed == 0) {
        cr_assert_eq(usual, result, "%s: a = 0x%llx, b = 0x%llx: 0x%llx became 0x%llx", of->text,
                     (unsigned long long)a, (unsigned long long)b, (unsigned long long)usual,
                     (unsigned long long)result);
        return;
    }
    outcome->open++;
    outcome->above += is > exact;
    if (usual == result)
        return;
    outcome->moved++;
    real share = fabsl(is - exact) / allowed;
    outcome->worst = share > outcome->worst ? share : outcome->worst;
    cr_assert(share <= 1 && is_open(is) && !(flushes && fabsl(is) < least),
              "%s: a = 0x%llx, b = 0x%llx: 0x%llx, %Lf of the error allowed", of->text, (unsigned long long)a,
              (unsigned long long)b, (unsigned long long)result, share);
}

Test(vgpu_ulp, within_the_documented_error) {
    static uint64_t a[APPROXIMATIONS][OPERANDS], b[APPROXIMATIONS][OPERANDS], usual[APPROXIMATIONS][OPERANDS];
    static uint64_t first[OPERANDS], again[OPERANDS], second[OPERANDS];
    for (unsigned f = 0; f < APPROXIMATIONS; f++) {
        for (unsigned k = 0; k < OPERANDS; k++) {
            a[f][k] = operand(&approximations[f], k < 18 * 18 ? k % 18 : k);
            b[f][k] = operand(&approximations[f], k < 18 * 18 ? k / 18 : k);
        }
        run(&approximations[f], false, a[f], b[f], usual[f]);
    }
    for (unsigned f = 0; f < APPROXIMATIONS; f++) {
        const struct approximation *of = &approximations[f];
        struct outcome outcome = {0};
        ulp_set_seed(1);
        run(of, false, a[f], b[f], first);
        run(of, false, a[f], b[f], again);
        ulp_set_seed(2);
        run(of, false, a[f], b[f], second);
        unsigned same_with_another_seed = 0;
        for (unsigned k = 0; k < OPERANDS; k++) {
            check(of, a[f][k], b[f][k], usual[f][k], first[k], &outcome);
            cr_assert_eq(first[k], again[k], "%s: a seed gives two results", of->text);
            same_with_another_seed += first[k] != usual[f][k] && first[k] == second[k];
        }
        cr_assert(outcome.open > OPERANDS / 4, "%s: %u operands are open", of->text, outcome.open);
        /* An error of less than one unit leaves many at the nearest number. */
        cr_assert(outcome.moved > outcome.open / 8, "%s: %u of %u results moved", of->text, outcome.moved,
                  outcome.open);
        cr_assert(outcome.above > outcome.open / 4 && outcome.above < outcome.open / 4 * 3,
                  "%s: %u of %u results are too large", of->text, outcome.above, outcome.open);
        cr_assert(outcome.worst > 0.9L, "%s: at most %Lf of the error allowed", of->text, outcome.worst);
        cr_assert(same_with_another_seed < outcome.moved * 9 / 10, "%s: two seeds give one result", of->text);
    }
}

/* Halves of a pair are what they are alone. */
Test(vgpu_ulp, pairs) {
    static uint64_t a[OPERANDS], alone[OPERANDS], together[OPERANDS];
    ulp_set_seed(3);
    for (unsigned f = 0; f < APPROXIMATIONS; f++) {
        const struct approximation *of = &approximations[f];
        if (of->numbers->bits != 16)
            continue;
        for (unsigned k = 0; k < OPERANDS; k++)
            a[k] = operand(of, k);
        run(of, false, a, a, alone);
        run(of, true, a, a, together);
        for (unsigned k = 0; k < OPERANDS; k++)
            cr_assert_eq(alone[k ^ 1] << 16 | alone[k], together[k], "%s: a = 0x%llx: 0x%llx, 0x%llx",
                         of->text, (unsigned long long)a[k], (unsigned long long)alone[k],
                         (unsigned long long)together[k]);
    }
}
