/*
 * What a filter compares with and what a row reports (kernels/ARITHMETIC.md, 4 and 6): thresholds against exact integers,
 * probabilities and logarithms against double and against their two roundings.
 */
#include "kernels/arith.h"
#include "tests/rows/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <stdio.h>

/* ---- thresholds --------------------------------------------------------------------------------------------------- */

/* A positive float as fraction * 2^exponent, exactly. */
static uint64_t fraction_of(float x, int *exponent) {
    uint32_t bits = arith_bits_of(x), biased = bits >> 23;
    *exponent = (int)(biased ? biased : 1) - 150;
    return (bits & 0x7fffffu) | (biased ? 0x800000u : 0);
}

/* ceil(x * 2^40) for 0 < x <= 1 from the float's bits. */
static uint64_t exact_min_p_weight(float x) {
    int exponent;
    uint64_t fraction = fraction_of(x, &exponent);
    int shift = exponent + 40;
    if (shift >= 0)
        return fraction << shift;
    if (shift <= -24)
        return 1;
    return (fraction >> -shift) + ((fraction & (((uint64_t)1 << -shift) - 1)) != 0);
}

Test(thresholds, min_p_weight_is_exact_for_every_float_up_to_one) {
    for (uint32_t bits = 1; bits <= arith_bits_of(1.0f); bits += bits < 0x2a000000u ? 97 : 1) {
        float min_p = arith_of_bits(bits);
        if (arith_min_p_weight(min_p) != exact_min_p_weight(min_p))
            cr_assert(false, "min_p %a gives %llu, not %llu", (double)min_p,
                      (unsigned long long)arith_min_p_weight(min_p),
                      (unsigned long long)exact_min_p_weight(min_p));
    }
}

Test(thresholds, min_p_known_values) {
    cr_assert_eq(arith_min_p_weight(1.0f), (uint64_t)1 << 40);
    cr_assert_eq(arith_min_p_weight(0.5f), (uint64_t)1 << 39);
    cr_assert_eq(arith_min_p_weight(7.0f), (uint64_t)1 << 40);
    cr_assert_eq(arith_min_p_weight(ARITH_INFINITY), (uint64_t)1 << 40);
    cr_assert_eq(arith_min_p_weight(FLT_TRUE_MIN), 1);
    cr_assert_eq(arith_min_p_weight(0x1p-40f), 1);
    cr_assert_eq(arith_min_p_weight(0x1.000002p-40f), 2);
}

/* p to 32 bits, half to even, from the float's bits; 0 < p < 1. */
static uint64_t exact_p(float p) {
    int exponent;
    uint64_t fraction = fraction_of(p, &exponent);
    int shift = exponent + 32;
    if (shift >= 0)
        return fraction << shift;
    if (shift < -25)
        return 0;
    uint64_t whole = fraction >> -shift, rest = fraction & (((uint64_t)1 << -shift) - 1),
             half = (uint64_t)1 << (-shift - 1);
    return whole + (rest > half || (rest == half && whole % 2 == 1));
}

/* The least integer t >= 1 with t * 2^32 >= P * mass. */
static bool is_top_p_mass(uint64_t target, float top_p, uint64_t mass) {
    arith_uint128 product = (arith_uint128)(top_p > 0 ? exact_p(top_p) : 0) * mass;
    return target >= 1 && (arith_uint128)target << 32 >= product &&
           (target == 1 || (arith_uint128)(target - 1) << 32 < product);
}

Test(thresholds, top_p_mass_is_exact) {
    struct random random = random_of_seed(3);
    for (int i = 0; i < 4000000; i++) {
        float top_p;
        switch (random_below(&random, 4)) {
        case 0:
            top_p = random_unit(&random);
            break;
        case 1:
            top_p = ((float)random_below(&random, 1u << 24) + 0.5f) * 0x1p-33f;
            break; /* halves and others at P's end */
        case 2:
            top_p = arith_of_bits((uint32_t)random_below(&random, arith_bits_of(1.0f)));
            break;
        default:
            top_p = 1.0f - (float)(1 + random_below(&random, 1000)) * 0x1p-24f;
        }
        uint64_t mass = ((uint64_t)1 << 40) + (random_bits(&random) >> (4 + random_below(&random, 60)));
        uint64_t target = arith_top_p_mass(top_p, mass);
        if (!is_top_p_mass(target, top_p, mass))
            cr_assert(false, "p %a of %llu gives %llu", (double)top_p, (unsigned long long)mass,
                      (unsigned long long)target);
    }
}

Test(thresholds, top_p_known_values) {
    const uint64_t one = (uint64_t)1 << 40;
    cr_assert_eq(arith_top_p_mass(0.5f, one), one / 2);
    cr_assert_eq(arith_top_p_mass(0.5f, one + 1), one / 2 + 1);
    cr_assert_eq(arith_top_p_mass(0.0f, one), 1);
    cr_assert_eq(arith_top_p_mass(-3.0f, one), 1);
    cr_assert_eq(arith_top_p_mass(0x1p-33f, one), 1);         /* P = 0.5 rounds to 0 */
    cr_assert_eq(arith_top_p_mass(0x1.8p-32f, one), 2 * 256); /* P = 1.5 rounds to 2 */
    cr_assert_eq(arith_top_p_mass(0x1.4p-31f, one), 2 * 256); /* P = 2.5 rounds to 2 */
    cr_assert_eq(arith_top_p_mass(0x1.fffffep-1f, one), one - ((uint64_t)1 << 16));
    cr_assert_eq(arith_top_p_mass(0x1.fffffep-1f, (uint64_t)1 << 60),
                 ((uint64_t)1 << 60) - ((uint64_t)1 << 36));
}

/* The bound is the key of the last x, walking down from the maximum, whose weight suffices; both neighbours are looked at. */
Test(thresholds, min_p_bound_is_where_the_weight_gets_too_small) {
    struct random random = random_of_seed(10);
    for (int i = 0; i < 200000; i++) {
        float maximum = arith_of_bits((uint32_t)random_bits(&random));
        if (!(fabsf(maximum) < 1e38f) || random_below(&random, 2))
            maximum = 100 * random_unit(&random) - 50;
        float scale = arith_scale(0.05f + 2 * random_unit(&random));
        float min_p = random_below(&random, 3) ? random_unit(&random) + 0x1p-30f
                                               : ldexpf(1, -(int)random_below(&random, 60));
        uint64_t bound = arith_min_p_bound(maximum, scale, min_p), least = arith_min_p_weight(min_p);
        float last = arith_key_value(bound), next = nextafterf(last, -ARITH_INFINITY);
        cr_assert_eq(bound & (ARITH_MAX_VOCAB - 1), 0, "ids do not matter");
        if (!(arith_weight(arith_distance(last, maximum), scale) >= least &&
              arith_weight(arith_distance(next, maximum), scale) < least))
            cr_assert(false, "maximum %a, scale %a, min_p %a: bound at %a", (double)maximum, (double)scale,
                      (double)min_p, (double)last);
    }
    cr_assert_eq(arith_key_value(arith_min_p_bound(ARITH_INFINITY, 1, 0.5f)), ARITH_INFINITY);
    cr_assert_eq(arith_key_value(arith_min_p_bound(5, 1, 1)), 5.0f);
}

/* ---- controls ----------------------------------------------------------------------------------------------------- */

Test(controls, are_good_or_bad_as_the_law_says) {
    const float nan = arith_of_bits(0x7fc00000u), inf = ARITH_INFINITY;
    const struct {
        struct arith_controls controls;
        bool good;
    } cases[] = {
        {{1, 0, 1, 0, false}, true},
        {{0, 0, 1, 0, false}, true},
        {{-0.0f, 0, 1, 0, false}, true},
        {{FLT_MAX, 0, 1, 0, false}, true},
        {{1, -5, 7, -7, false}, true},
        {{1, 0, -inf, inf, false}, true},
        {{nan, 0, 1, 0, false}, false},
        {{inf, 0, 1, 0, false}, false},
        {{-inf, 0, 1, 0, false}, false},
        {{-1, 0, 1, 0, false}, false},
        {{-FLT_TRUE_MIN, 0, 1, 0, false}, false},
        {{1, 0, nan, 0, false}, false},
        {{1, 0, 1, nan, false}, false},
        {{0, 0, nan, 0, false}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_assert_eq(arith_controls_are_good(cases[i].controls), cases[i].good, "case %zu", i);
}

Test(controls, are_off_or_on_as_the_law_says) {
    struct arith_controls off = {1e-6f, 0, 1, 0, false};
    cr_assert_not(arith_is_greedy(off));
    cr_assert(arith_is_greedy((struct arith_controls){nextafterf(1e-6f, 0), 0, 1, 0, false}));
    cr_assert(arith_is_greedy((struct arith_controls){-0.0f, 0, 1, 0, false}));
    const struct {
        int32_t k;
        bool on;
    } ks[] = {{INT32_MIN, false}, {-1, false}, {0, false},  {1, true},
              {9, true},          {10, false}, {11, false}, {INT32_MAX, false}};
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
        cr_assert_eq(arith_has_top_k((struct arith_controls){1, ks[i].k, 1, 0, false}, 10), ks[i].on,
                     "k %d of 10", ks[i].k);
    cr_assert_not(arith_has_top_p(off));
    cr_assert_not(arith_has_top_p((struct arith_controls){1, 0, ARITH_INFINITY, 0, false}));
    cr_assert(arith_has_top_p((struct arith_controls){1, 0, 0x1.fffffep-1f, 0, false}));
    cr_assert(arith_has_top_p((struct arith_controls){1, 0, -1, 0, false}));
    cr_assert_not(arith_has_min_p(off));
    cr_assert_not(arith_has_min_p((struct arith_controls){1, 0, 1, -1, false}));
    cr_assert(arith_has_min_p((struct arith_controls){1, 0, 1, FLT_TRUE_MIN, false}));
}

/* ---- prob --------------------------------------------------------------------------------------------------------- */

static uint64_t random_mass(struct random *random) {
    return ((uint64_t)1 << 40) + (random_bits(random) >> (4 + random_below(random, 60)));
}

/*
 * P * 2^-n and the quotient, each exact or correctly rounded in double and then rounded once more to binary32, which for a
 * quotient of two 24-bit numbers changes nothing.
 */
static float prob_in_two_roundings(float distance, float scale, uint64_t mass) {
    double s = fmaf(distance, scale, 1.0f), n = floor(s) - 1;
    if (n > 1000)
        return 0;
    float numerator = (float)ldexp((double)arith_power((float)(s - floor(s)), 1.0f), (int)-n);
    float denominator = (float)((double)(float)mass * 0x1p-40);
    return (float)((double)numerator / (double)denominator);
}

static void prob_is_two_roundings(float most) {
    struct random random = random_of_seed(4);
    for (int i = 0; i < 4000000; i++) {
        float distance = most * random_unit(&random), scale = arith_scale(0.25f + 2 * random_unit(&random));
        uint64_t mass = random_mass(&random);
        float prob = arith_prob(distance, scale, mass),
              expected = prob_in_two_roundings(distance, scale, mass);
        if (arith_bits_of(prob) != arith_bits_of(expected))
            cr_assert(false, "distance %a, scale %a, K %llu: %a, not %a", (double)distance, (double)scale,
                      (unsigned long long)mass, (double)prob, (double)expected);
    }
}

Test(prob, is_the_laws_two_roundings_for_near_tokens) { prob_is_two_roundings(20); }
Test(prob, is_the_laws_two_roundings_down_to_subnormals_and_zero) { prob_is_two_roundings(200); }

/* Every step from 2^-100 to below the least subnormal, where the numerator is made in two factors. */
Test(prob, is_the_laws_two_roundings_over_every_exponent) {
    for (int n = 0; n < 300; n++)
        for (uint32_t i = 0; i < 4096; i++) {
            float distance = (float)n + (float)i * 0x1p-12f;
            for (int k = 0; k < 3; k++) {
                uint64_t mass = ((uint64_t)1 << 40) * (uint64_t)(1 + 2 * k);
                float prob = arith_prob(distance, 1.0f, mass),
                      expected = prob_in_two_roundings(distance, 1.0f, mass);
                if (arith_bits_of(prob) != arith_bits_of(expected))
                    cr_assert(false, "distance %a, K %llu: %a, not %a", (double)distance,
                              (unsigned long long)mass, (double)prob, (double)expected);
            }
        }
}

Test(prob, known_values) {
    const uint64_t one = (uint64_t)1 << 40;
    cr_assert_eq(arith_prob(0, 1, one), 1.0f);
    cr_assert_eq(arith_prob(0, 1, 4 * one), 0.25f);
    cr_assert_eq(arith_prob(3, 1, one), 0.125f);
    cr_assert_eq(arith_prob(149, 1, one), FLT_TRUE_MIN);
    cr_assert_eq(arith_prob(150, 1, one), 0.0f);                   /* half of the least subnormal: to even */
    cr_assert_eq(arith_prob(149, 1, 2 * one), 0.0f);               /* the quotient likewise */
    cr_assert_eq(arith_prob(148, 1, one + one / 3), FLT_TRUE_MIN); /* 2 / 1.33333337 is just below 1.5 */
    cr_assert_eq(arith_prob(ARITH_INFINITY, 1, one), 0.0f);
}

/* The weight's error bound and one rounding each for the quotient, its denominator and a subnormal numerator. */
Test(prob, is_close_to_exp_in_double) {
    struct random random = random_of_seed(7);
    double worst = 0;
    for (int i = 0; i < 4000000; i++) {
        float temperature = 0.25f + 2 * random_unit(&random),
              distance = 120 * random_unit(&random) * temperature;
        uint64_t mass = random_mass(&random);
        double t = (double)distance / (double)temperature * 1.4426950408889634;
        double truth = exp(-(double)distance / (double)temperature) / ((double)mass * 0x1p-40);
        double error = fabs((double)arith_prob(distance, arith_scale(temperature), mass) - truth);
        double excess = error / (truth * ((1 + t) * 0x1p-22 + 0x1p-23) + 2 * 0x1p-150);
        if (excess > worst)
            worst = excess;
    }
    printf("prob: at worst %.3f of the allowed distance from exp()\n", worst);
    cr_assert_leq(worst, 1.0);
}

/* ---- logprob ------------------------------------------------------------------------------------------------------ */

static double log_mass_excess(uint64_t mass) {
    double truth = (double)(logl((long double)mass) - 40 * logl(2.0L));
    return fabs((double)arith_log_mass(mass) - truth) / (3e-7 * (1 + fabs(truth)));
}

Test(logprob, log_of_the_mass_is_close_to_double) {
    struct random random = random_of_seed(8);
    double worst = 0;
    for (int i = 0; i < 4000000; i++)
        worst = fmax(worst, log_mass_excess(1 + (random_bits(&random) >> (3 + random_below(&random, 61)))));
    for (int bit = 0; bit <= 60;
         bit++) /* around powers of two and their products with sqrt(2), where the formula turns */
        for (int64_t offset = -1000; offset <= 1000; offset++) {
            uint64_t power = (uint64_t)1 << bit, turn = (uint64_t)((double)power * 1.4142135623730951);
            if (offset >= 0 || (uint64_t)-offset < power)
                worst = fmax(worst, fmax(log_mass_excess(power + (uint64_t)offset),
                                         log_mass_excess(turn + (uint64_t)offset)));
        }
    for (uint32_t i = 0; i < 1u << 22; i++) /* one octave densely */
        worst = fmax(worst, log_mass_excess(((uint64_t)1 << 40) + ((uint64_t)i << 18)));
    printf("ln(mass / 2^40): at worst %.3f of 3e-7 * (1 + |ln|)\n", worst);
    cr_assert_leq(worst, 1.0);
}

Test(logprob, log_of_powers_of_two_is_exactly_rounded_near_one) {
    cr_assert_eq(arith_log_mass((uint64_t)1 << 40), 0.0f);
    cr_assert_eq(arith_log_mass((uint64_t)1 << 41), (float)0.69314718055994531);
    cr_assert_eq(arith_log_mass((uint64_t)1 << 60), (float)(20 * 0.69314718055994531));
}

Test(logprob, is_within_its_bound_of_double) {
    struct random random = random_of_seed(9);
    double worst = 0;
    for (int i = 0; i < 4000000; i++) {
        float temperature = ldexpf(1 + random_unit(&random), (int)random_below(&random, 30) - 18);
        float maximum = 100 * random_unit(&random) - 50,
              x = maximum - 200 * random_unit(&random) * temperature;
        if (x > maximum)
            continue;
        uint64_t mass = random_mass(&random);
        double truth = -((double)maximum - (double)x) / (double)temperature -
                       (double)(logl((long double)mass) - 40 * logl(2.0L));
        double error = fabs((double)arith_logprob(arith_distance(x, maximum), temperature, mass) - truth);
        worst = fmax(worst, error / (3e-7 * (1 + fabs(truth))));
    }
    printf("logprob: at worst %.3f of 3e-7 * (1 + |logprob|)\n", worst);
    cr_assert_leq(worst, 1.0);
}

Test(logprob, known_values) {
    const uint64_t one = (uint64_t)1 << 40;
    cr_assert_eq(arith_logprob(0, 1, one), 0.0f);
    cr_assert_eq(arith_logprob(3, 2, one), -1.5f);
    cr_assert_eq(arith_logprob(ARITH_INFINITY, 1, one), -ARITH_INFINITY);
    cr_assert_eq(arith_mass_share(one, 4 * one), 0.25f);
    cr_assert_eq(arith_mass_share(one, 3 * one), (float)(1.0 / 3.0));
}
