/* The draw (kernels/ARITHMETIC.md, 5): Philox4x32-10, the layout of counter and key, and the target. */
#include "kernels/arith.h"
#include "tests/oracle/oracle.h"
#include "tests/rows/random.h"

#include <criterion/criterion.h>

/* The known-answer vectors that Random123 publishes for philox4x32 with 10 rounds (tests/kat_vectors). */
static const struct {
    uint32_t counter[4], key[2], random[4];
} known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, /* the digits of pi */
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

Test(philox, gives_the_published_answers) {
    for (size_t i = 0; i < sizeof known_answers / sizeof *known_answers; i++) {
        struct arith_philox counter;
        memcpy(counter.word, known_answers[i].counter, sizeof counter.word);
        counter = arith_philox4x32_10(counter, known_answers[i].key[0], known_answers[i].key[1]);
        cr_assert_arr_eq(counter.word, known_answers[i].random, sizeof counter.word, "vector %zu", i);

        uint32_t random[4];
        oracle_philox(known_answers[i].counter, known_answers[i].key, random);
        cr_assert_arr_eq(random, known_answers[i].random, sizeof random, "the oracle's vector %zu", i);
    }
}

Test(draw, counter_holds_position_purpose_and_draw) {
    struct arith_philox counter = arith_counter(0x0123456789abcdef, (enum arith_purpose)3, 7);
    const uint32_t expected[4] = {0x89abcdef, 0x01234567, 3, 7};
    cr_assert_arr_eq(counter.word, expected, sizeof expected);
    cr_assert_eq(ARITH_DRAW_TOKEN, 0);
}

Test(draw, number_is_the_first_two_words_low_first) {
    struct arith_philox random = {{0x89abcdef, 0x01234567, 1, 2}};
    cr_assert_eq(arith_random(random), 0x0123456789abcdef);
}

static uint64_t token_random(uint64_t seed, uint64_t position) {
    return arith_random(arith_philox4x32_10(arith_counter(position, ARITH_DRAW_TOKEN, 0), (uint32_t)seed,
                                            (uint32_t)(seed >> 32)));
}

Test(draw, equals_the_oracles_for_every_size_of_seed_and_position) {
    struct random random = random_of_seed(5);
    for (int i = 0; i < 1000000; i++) {
        uint64_t seed = random_bits(&random) >> random_below(&random, 64);
        uint64_t position = random_bits(&random) >> random_below(&random, 64);
        if (token_random(seed, position) != oracle_random(seed, position, 0, 0))
            cr_assert(false, "seed %llu, position %llu", (unsigned long long)seed,
                      (unsigned long long)position);
    }
}

/* By hand: R / 2^64 of K, rounded down, so that R = 2^63 is the middle and the largest R the last. */
Test(draw, target_is_the_fraction_of_the_mass) {
    const uint64_t one = (uint64_t)1 << 40, most = UINT64_MAX, all = (uint64_t)1 << 60;
    cr_assert_eq(arith_target(0, one), 0);
    cr_assert_eq(arith_target((uint64_t)1 << 63, one), one / 2);
    cr_assert_eq(arith_target(((uint64_t)1 << 63) - 1, one), one / 2 - 1);
    cr_assert_eq(arith_target(most, one), one - 1);
    cr_assert_eq(arith_target(most, 1), 0);
    cr_assert_eq(arith_target(most, all), all - 1);
    cr_assert_eq(arith_target((uint64_t)1 << 62, 7), 1); /* 7 / 4 */
}

/* t = floor(R * K / 2^64) exactly if t * 2^64 <= R * K < (t + 1) * 2^64. */
Test(draw, target_is_exact) {
    struct random random = random_of_seed(6);
    for (int i = 0; i < 1000000; i++) {
        uint64_t r = random_bits(&random),
                 mass = ((uint64_t)1 << 40) + (random_bits(&random) >> (4 + random_below(&random, 60)));
        arith_uint128 product = (arith_uint128)r * mass, target = arith_target(r, mass);
        if (!(target << 64 <= product && product < (target + 1) << 64 && target < mass))
            cr_assert(false, "R %llu, K %llu", (unsigned long long)r, (unsigned long long)mass);
    }
}
