/*
 * The weight (kernels/ARITHMETIC.md, 3): the properties that the law claims for it, over every fraction and every binary32
 * difference, and the first of the law's three checks: its distance from exp() in double.
 */
#include "kernels/arith.h"
#include "tests/oracle/oracle.h"
#include "tests/rows/random.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define FRACTIONS (1u << 23)

static float fraction(uint32_t i) { return (float)i * 0x1p-23f; }

Test(power, is_exact_at_zero) { cr_assert_eq(arith_bits_of(arith_power(0.0f, 1.0f)), arith_bits_of(1.0f)); }

Test(power, never_increases_and_stays_within_half_and_one) {
    float before = 1.0f;
    for (uint32_t i = 0; i < FRACTIONS; i++) {
        float p = arith_power(fraction(i), 1.0f);
        if (!(p <= before && p >= 0.5f))
            cr_assert(false, "P(%u * 2^-23) is %a after %a", i, (double)p, (double)before);
        before = p;
    }
}

Test(power, is_a_multiple_of_two_to_the_minus_24) {
    for (uint32_t i = 0; i < FRACTIONS; i++) {
        float scaled = arith_power(fraction(i), 0x1p24f);
        if (scaled != (float)(uint32_t)scaled)
            cr_assert(false, "P(%u * 2^-23) * 2^24 is %a", i, (double)scaled);
    }
}

Test(power, is_within_two_to_the_minus_22_of_exp2) {
    double worst = 0;
    for (uint32_t i = 0; i < FRACTIONS; i++) {
        double truth = exp2(-(double)i * 0x1p-23);
        double error = fabs((double)arith_power(fraction(i), 1.0f) - truth) / truth;
        if (error > worst)
            worst = error;
    }
    printf("P(f): worst relative error 2^%.3f over all 2^23 fractions\n", log2(worst));
    cr_assert_leq(worst, 0x1p-22);
}

/*
 * Every non-negative binary32 in order, +inf last: the weight may never grow with the distance. Compiled for fused
 * multiply-add where the processor has it: without, each of the 10^10 of them is a call into the C library.
 */
#define DISTANCES (0x7f800000u + 1)

#if defined(__x86_64__)
#define WITH_FMA __attribute__((target("avx2,fma")))
static bool processor_has_fma(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#elif defined(__aarch64__)
#define WITH_FMA
static bool processor_has_fma(void) { return true; }
#else
#define WITH_FMA
static bool processor_has_fma(void) { return false; }
#endif

struct growth {
    uint32_t distances; /* how many were compared */
    uint32_t at; /* bits of the first distance whose weight exceeds that of the one before; 0 for none */
};

/* Inlined into both walks below, so that each is compiled for its own processor. */
static inline __attribute__((always_inline)) struct growth walk_distances(float scale, uint32_t step) {
    struct growth growth = {0, 0};
    uint64_t before = arith_weight(0.0f, scale);
    for (uint32_t bits = 0; bits < DISTANCES && growth.at == 0; bits += step, growth.distances++) {
        uint64_t weight = arith_weight(arith_of_bits(bits), scale);
        if (weight > before)
            growth.at = bits;
        before = weight;
    }
    return growth;
}

WITH_FMA static struct growth walk_every_distance(float scale) { return walk_distances(scale, 1); }
static struct growth walk_some_distances(float scale) { return walk_distances(scale, 61); }

static void weight_never_grows(float temperature) {
    bool fma = processor_has_fma();
    struct growth growth = (fma ? walk_every_distance : walk_some_distances)(arith_scale(temperature));
    if (!fma)
        printf("reduced: %u of %u distances at T = %g, since this processor has no fused multiply-add\n",
               growth.distances, DISTANCES, (double)temperature);
    cr_assert_eq(growth.at, 0, "T = %g: the weight grows at distance %a", (double)temperature,
                 (double)arith_of_bits(growth.at));
    cr_assert(!fma || growth.distances == DISTANCES);
}

Test(weight, never_grows_with_distance_at_temperature_1) { weight_never_grows(1.0f); }
Test(weight, never_grows_with_distance_at_temperature_0_3) { weight_never_grows(0.3f); }
Test(weight, never_grows_with_distance_at_temperature_1_7) { weight_never_grows(1.7f); }

Test(weight, of_the_maximum_is_two_to_the_40) {
    const float maxima[] = {0.0f, -0.0f, 1.0f, -3e38f, 3e38f, 1e-45f, ARITH_INFINITY};
    const float temperatures[] = {1e-6f, 0.3f, 1.0f, 2.0f, 1e30f, 3.4e38f};
    for (size_t i = 0; i < sizeof maxima / sizeof *maxima; i++)
        for (size_t j = 0; j < sizeof temperatures / sizeof *temperatures; j++)
            cr_assert_eq(arith_weight(arith_distance(maxima[i], maxima[i]), arith_scale(temperatures[j])),
                         (uint64_t)1 << 40);
    cr_assert_eq(arith_weight(arith_distance(-0.0f, 0.0f), 1.0f), (uint64_t)1 << 40);
}

/* By hand: at scale 1 the weight is 2^(40 - distance), 2^-1 at distance 41, and cut from there on. */
Test(weight, of_whole_distances_is_a_power_of_two) {
    for (int n = 0; n <= 40; n++)
        cr_assert_eq(arith_weight((float)n, 1.0f), (uint64_t)1 << (40 - n));
    cr_assert_eq(arith_weight(0x1.47fffep+5f, 1.0f),
                 0); /* the last distance below 41: s rounds to 42 or floors to 2^-1 */
    cr_assert_eq(arith_weight(41.0f, 1.0f), 0);
    cr_assert_eq(arith_weight(ARITH_INFINITY, 1.0f), 0);
    cr_assert_eq(arith_weight(3.4e38f, 1e-30f), 0);
}

/* Logits and temperatures of every size, none so large that the difference overflows: there the law's weight is 0. */
struct pair {
    float maximum, x, temperature;
};

static struct pair random_pair(struct random *random) {
    static const float widths[] = {1e-4f, 0.01f, 1.0f, 10.0f, 100.0f, 1e4f, 1e30f};
    struct pair pair;
    float width = widths[random_below(random, 7)];
    pair.maximum = width * (2.0f * random_unit(random) - 1.0f);
    pair.temperature = random_below(random, 4) == 0
                           ? ldexpf(1.0f + random_unit(random), (int)random_below(random, 147) - 19)
                           : 0.05f + 2.0f * random_unit(random);
    float t = random_below(random, 3) == 0 ? random_unit(random) : 32.0f * random_unit(random);
    float distance = t * pair.temperature;
    pair.x = pair.maximum - (distance < 1e38f ? distance : 0.0f);
    return pair;
}

/* Check 1 of the law: |w - true| <= 1 unit + (2^-22 + t * 2^-22) * true, true = exp((x - m) / T) in double. */
Test(weight, is_within_the_laws_bound_of_exp_in_double) {
    struct random random = random_of_seed(1);
    double worst = 0;
    for (int i = 0; i < 20000000; i++) {
        struct pair pair = random_pair(&random);
        uint64_t weight = arith_weight(arith_distance(pair.x, pair.maximum), arith_scale(pair.temperature));
        double distance = (double)pair.maximum - (double)pair.x;
        double truth = exp(-distance / (double)pair.temperature) * 0x1p40;
        double t = distance / (double)pair.temperature * 1.4426950408889634;
        double excess = (fabs((double)weight - truth) - 1.0) / ((1.0 + t) * 0x1p-22 * truth);
        if (excess > worst)
            worst = excess;
        if (excess > 1.0)
            cr_assert(false, "m %a, x %a, T %a: the weight is %llu, exp says %.17g", (double)pair.maximum,
                      (double)pair.x, (double)pair.temperature, (unsigned long long)weight, truth);
    }
    printf("weight: at worst %.3f of the allowed distance from exp()\n", worst);
}

Test(weight, equals_the_oracles) {
    struct random random = random_of_seed(2);
    for (int i = 0; i < 5000000; i++) {
        struct pair pair = random_pair(&random);
        uint64_t weight = arith_weight(arith_distance(pair.x, pair.maximum), arith_scale(pair.temperature));
        uint64_t oracle = oracle_weight(pair.x, pair.maximum, pair.temperature);
        if (weight != oracle)
            cr_assert(false, "m %a, x %a, T %a: arith.h says %llu, the oracle %llu", (double)pair.maximum,
                      (double)pair.x, (double)pair.temperature, (unsigned long long)weight,
                      (unsigned long long)oracle);
    }
}
