/*
 * The CPU reference against the law's checks: cases a reader can do by hand, then random rows of every kind against the
 * oracle (exact integers) and the textbook (double), and the promise that a row's results depend on that row alone.
 */
#include "tests/oracle/answer.h"
#include "tests/oracle/textbook.h"
#include "tests/rows/boundary.h"
#include "tests/rows/place.h"
#include "tests/rows/real.h"
#include "tests/rows/row_samples.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1024];

/* ---- by hand ------------------------------------------------------------------------------------------------------ */

/* At this temperature c = 1.44269504f / T is exactly 1, so a token n below the maximum weighs 2^(40 - n). */
#define POWERS_OF_TWO 1.44269504f

static lotto_controls controls_of(float temperature, int32_t top_k, float top_p, float min_p,
                                  lotto_order order) {
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.default_temperature = temperature;
    controls.default_top_k = top_k;
    controls.default_top_p = top_p;
    controls.default_min_p = min_p;
    controls.order = order;
    return controls;
}

static lotto_logits one_row(const float *x, int64_t vocab) {
    return (lotto_logits){x, vocab, 1, vocab, LOTTO_F32};
}

static lotto_context *reference(void) {
    lotto_context *context;
    cr_assert_eq(lotto_context_create(&context, LOTTO_DEVICE_REFERENCE), LOTTO_SUCCESS);
    return context;
}

static _Alignas(256) unsigned char workspace[1 << 16];

static struct answer sample(const float *x, int64_t vocab, const lotto_controls *controls, uint64_t seed,
                            uint64_t position) {
    lotto_context *context = reference();
    lotto_logits logits = one_row(x, vocab);
    lotto_draws draws = LOTTO_DRAWS_INIT;
    draws.seeds = &seed;
    draws.positions = &position;
    struct answer answer;
    lotto_samples samples = samples_into(&answer);
    cr_assert_eq(
        lotto_sample(context, &logits, &draws, controls, &samples, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS, "%s", lotto_context_error(context));
    lotto_context_destroy(context);
    return answer;
}

/*
 * Logits 0, -1, -2, -3 weigh 8, 4, 2, 1 eighths of 2^40; all together 15. They stand at ids 1, 3, 0, 2.
 *   top-k 2: 8 + 4.                                      min-p .25: 2 is a quarter of 8, so three; .26: two.
 *   top-p .5: 7.5 of 15, reached by 8 alone; .6: 9, by 8 + 4 = 12; .8: 12, exactly reached by 12; .81: 12.15, by 14.
 *   top-k 3 and top-p .85: in sequence 11.9 of the 14 left, so 12 do; jointly 12.75 of 15, so 14.
 *   min-p .2 (keeps 8, 4, 2) and top-p .85: min-p first leaves 14, so again two; last or joint, top-p judges 15, so three.
 *   top-k 3 and min-p .5 and top-p .7: in sequence min-p leaves 12, of which 8.4 take two; last: 9.8 of 14 take two, both >= .5.
 */
Test(by_hand, each_filter_and_order_keeps_the_right_prefix) {
    static const float x[] = {-2, 0, -3, -1};
    static const struct {
        int32_t top_k;
        float top_p, min_p;
        int32_t kept_sequential, kept_min_p_last, kept_joint;
    } cases[] = {
        {0, 1, 0, 4, 4, 4},        {2, 1, 0, 2, 2, 2},       {4, 1, 0, 4, 4, 4},      {9, 1, 0, 4, 4, 4},
        {1, 1, 0, 1, 1, 1},        {0, 0.5f, 0, 1, 1, 1},    {0, 0.6f, 0, 2, 2, 2},   {0, 0.8f, 0, 3, 3, 3},
        {0, 0.81f, 0, 3, 3, 3},    {0, 0.75f, 0, 2, 2, 2},   {0, 0, 0, 1, 1, 1},      {0, 1, 0.25f, 3, 3, 3},
        {0, 1, 0.26f, 2, 2, 2},    {0, 1, 1, 1, 1, 1},       {0, 1, 0.125f, 4, 4, 4}, {3, 0.85f, 0, 2, 2, 3},
        {0, 0.85f, 0.2f, 2, 3, 3}, {3, 0.7f, 0.5f, 2, 2, 2}, {1, 0.99f, 0, 1, 1, 1},
    };
    static const float mass_of[] = {0, 8.0f / 15, 12.0f / 15, 14.0f / 15, 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int32_t expected[] = {cases[i].kept_sequential, cases[i].kept_min_p_last, cases[i].kept_joint};
        for (int order = 0; order < 3; order++) {
            lotto_controls controls = controls_of(POWERS_OF_TWO, cases[i].top_k, cases[i].top_p,
                                                  cases[i].min_p, (lotto_order)order);
            struct answer answer = sample(x, 4, &controls, 1, i);
            cr_assert_eq(answer.kept, expected[order], "case %zu, order %d: kept %d", i, order, answer.kept);
            cr_assert_eq(answer.kept_mass, mass_of[answer.kept], "case %zu, order %d", i, order);
            static const int32_t rank_of_id[] = {3, 1, 4, 2};
            static const float weight_of_rank[] = {0, 8, 4, 2, 1}, mass_of_kept[] = {0, 8, 12, 14, 15};
            cr_assert_eq(answer.rank, rank_of_id[answer.token]);
            cr_assert_leq(answer.rank, answer.kept);
            cr_assert_eq(answer.prob, weight_of_rank[answer.rank] / mass_of_kept[answer.kept]);
            cr_assert_eq(answer.status, 0);
        }
    }
}

/* .8 in binary32 is a little above .8, so P * 15 / 2^32 is a little above 12 and the third token is needed; .75 is exact. */
Test(by_hand, the_token_that_crosses_p_is_kept) {
    static const float x[] = {0, -1, -2, -3};
    lotto_controls controls = controls_of(POWERS_OF_TWO, 0, 0.75f, 0, LOTTO_ORDER_SEQUENTIAL);
    static const float even[] = {0, 0, 0, 0}; /* .75 of four equal ones is exactly three, and .7500001 four */
    cr_assert_eq(sample(x, 4, &controls, 0, 0).kept, 2);
    cr_assert_eq(sample(even, 4, &controls, 0, 0).kept, 3);
    controls.default_top_p = 0.7500001f;
    cr_assert_eq(sample(even, 4, &controls, 0, 0).kept, 4);
}

/* Position 0 of seed 0 has R = e169c58d 6627e8d5 (Random123's first known answer): the last quarter, the second half. */
Test(by_hand, draw_takes_the_fraction_of_the_mass_in_id_order) {
    static const float even[] = {5, 5, 5, 5};
    lotto_controls controls = controls_of(1, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL);
    struct answer answer = sample(even, 4, &controls, 0, 0);
    cr_assert_eq(answer.token, 3);
    cr_assert_eq(answer.prob, 0.25f);
    cr_assert_eq(answer.logprob, -2 * 0.69314718055994531f);
    cr_assert_eq(answer.rank, 4);
    cr_assert_eq(sample(even, 2, &controls, 0, 0).token, 1);
    cr_assert_eq(sample(even, 1, &controls, 0, 0).token, 0);
    /* e1 / 100 = .88 of 15 is 13.2: in id order 2, 8, 1, 4 sum to 2, 10, 11, 15 */
    static const float x[] = {-2, 0, -3, -1};
    controls.default_temperature = POWERS_OF_TWO;
    cr_assert_eq(sample(x, 4, &controls, 0, 0).token, 3);
    /* of the two kept, 8 and 4: .88 of 12 is 10.6 */
    controls.default_top_k = 2;
    cr_assert_eq(sample(x, 4, &controls, 0, 0).token, 3);
    /* 4 and then 8 */
    static const float y[] = {-2, -1, -3, 0};
    cr_assert_eq(sample(y, 4, &controls, 0, 0).token, 3);
}

Test(by_hand, ties_go_to_the_smaller_id_and_zeros_tie) {
    static const float x[] = {1, 3, -0.0f, 3, 3, 0.0f};
    lotto_controls controls = controls_of(0, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL);
    cr_assert_eq(sample(x, 6, &controls, 1, 1).token, 1);
    int32_t ids[6], kept;
    float values[6];
    uint32_t status;
    lotto_context *context = reference();
    lotto_logits logits = one_row(x, 6);
    controls = controls_of(1, 5, 1, 0, LOTTO_ORDER_SEQUENTIAL);
    cr_assert_eq(lotto_top_k(context, &logits, &controls, 6, ids, values, &kept, &status, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    static const int32_t expected[] = {1, 3, 4, 0, 2, -1};
    static const float expected_values[] = {3, 3, 3, 1, 0, -INFINITY};
    cr_assert_arr_eq(ids, expected, sizeof expected);
    cr_assert_arr_eq(values, expected_values, sizeof expected_values); /* bytes: -0 is listed as +0 */
    cr_assert_eq(kept, 5);
    cr_assert_eq(status, 0);
    lotto_context_destroy(context);
}

Test(by_hand, greedy_rows_ignore_every_other_control) {
    static const float x[] = {-2, 0, -3, 0};
    static const float temperatures[] = {0, 1e-45f, 9.99e-7f};
    for (int i = 0; i < 3; i++) {
        lotto_controls controls = controls_of(temperatures[i], 3, 0.9f, 0.1f, LOTTO_ORDER_JOINT);
        struct answer answer = sample(x, 4, &controls, 7, 7);
        cr_assert(answer.token == 1 && answer.kept == 1 && answer.rank == 1 && answer.prob == 1 &&
                  answer.status == 0);
        cr_assert(answer.logprob == 0 && !signbit(answer.logprob));
        /* at temperature 1: 1 / (2 + e^-2 + e^-3), and its logarithm */
        double truth = 1 / (2 + exp(-2) + exp(-3));
        cr_assert(fabs((double)answer.kept_mass - truth) < 2e-7, "%.9g", (double)answer.kept_mass);
        cr_assert(fabs((double)answer.model_logprob - log(truth)) < 5e-7, "%.9g",
                  (double)answer.model_logprob);
    }
}

Test(by_hand, nan_and_infinities) {
    static const float with_nan[] = {NAN, 1, -NAN}, with_infinity[] = {3, INFINITY, NAN, -INFINITY, INFINITY};
    lotto_controls controls = controls_of(1, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL);
    struct answer answer = sample(with_nan, 3, &controls, 0, 0);
    cr_assert(answer.token == 1 && answer.kept == 1 && answer.prob == 1 && answer.rank == 1);
    cr_assert_eq(answer.status, LOTTO_ROW_HAD_NAN);
    answer = sample(with_infinity, 5, &controls, 0, 0); /* R is above the half: the second of two */
    cr_assert(answer.token == 4 && answer.kept == 2 && answer.prob == 0.5f && answer.rank == 2 &&
              answer.kept_mass == 1);
    cr_assert_eq(answer.logprob, -0.69314718055994531f);
    cr_assert_eq(answer.model_logprob, -0.69314718055994531f);
    cr_assert_eq(answer.status, LOTTO_ROW_HAD_NAN | LOTTO_ROW_HAD_POS_INF);
}

static void is_without_token(struct answer answer, uint32_t status) {
    cr_assert_eq(answer.status, status);
    cr_assert(answer.token == -1 && answer.kept == 0 && answer.rank == 0 && answer.prob == 0 &&
              answer.kept_mass == 0);
    cr_assert(answer.logprob == -INFINITY && answer.model_logprob == -INFINITY);
}

Test(by_hand, empty_rows) {
    static const float masked[] = {-INFINITY, -INFINITY}, all_nan[] = {NAN, NAN, -INFINITY};
    lotto_controls controls = controls_of(1, 1, 0.5f, 0.5f, LOTTO_ORDER_SEQUENTIAL);
    is_without_token(sample(masked, 2, &controls, 0, 0), LOTTO_ROW_EMPTY);
    is_without_token(sample(all_nan, 3, &controls, 0, 0), LOTTO_ROW_EMPTY | LOTTO_ROW_HAD_NAN);
    controls.default_temperature = 0;
    is_without_token(sample(masked, 1, &controls, 0, 0), LOTTO_ROW_EMPTY);
}

/* A row whose controls are bad is not read, so that its status tells of nothing else. */
Test(by_hand, bad_controls) {
    static const float x[] = {0, NAN, INFINITY};
    const float bad_temperatures[] = {-1, -1e-45f, INFINITY, -INFINITY, NAN}, nan = NAN, fine = 0;
    for (int i = 0; i < 5; i++) {
        lotto_controls controls = LOTTO_CONTROLS_INIT;
        controls.temperature = &bad_temperatures[i];
        is_without_token(sample(x, 3, &controls, 0, 0), LOTTO_ROW_BAD_CONTROL);
    }
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.top_p = &nan;
    is_without_token(sample(x, 3, &controls, 0, 0), LOTTO_ROW_BAD_CONTROL);
    controls.temperature = &fine; /* greedy does not excuse it */
    is_without_token(sample(x, 3, &controls, 0, 0), LOTTO_ROW_BAD_CONTROL);
    controls.top_p = NULL;
    controls.min_p = &nan;
    is_without_token(sample(x, 3, &controls, 0, 0), LOTTO_ROW_BAD_CONTROL);
}

/* Values that only an array may hold: k < 0 is off, p > 1 off, p < 0 the first token, min_p < 0 off, min_p > 1 as 1. */
Test(by_hand, array_values_beyond_the_range) {
    static const float x[] = {0, -1, 0};
    static const struct {
        int32_t top_k;
        float top_p, min_p;
        int32_t kept;
    } cases[] = {{-1, 1, 0, 3},       {INT32_MIN, 1, 0, 3}, {0, 1.5f, 0, 3},
                 {0, INFINITY, 0, 3}, {0, -0.5f, 0, 1},     {0, 1, -1, 3},
                 {0, 1, 1.5f, 2},     {0, 1, INFINITY, 2},  {0, -INFINITY, -INFINITY, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lotto_controls controls = LOTTO_CONTROLS_INIT;
        controls.top_k = &cases[i].top_k;
        controls.top_p = &cases[i].top_p;
        controls.min_p = &cases[i].min_p;
        struct answer answer = sample(x, 3, &controls, 3, i);
        cr_assert_eq(answer.kept, cases[i].kept, "case %zu", i);
        cr_assert_eq(answer.status, 0);
    }
}

/* Weights 8, 4, 2, 1: p = .85 keeps 8 + 4 + 2, of which two are listed; the row has 15. */
Test(by_hand, lists_say_when_they_are_too_short) {
    static const float x[] = {-2, 0, -3, -1};
    lotto_context *context = reference();
    lotto_logits logits = one_row(x, 4);
    lotto_controls controls = controls_of(POWERS_OF_TWO, 0, 0.85f, 0, LOTTO_ORDER_SEQUENTIAL);
    int32_t ids[4], kept;
    uint32_t status;
    float mass;
    cr_assert_eq(lotto_top_p(context, &logits, &controls, 2, ids, &kept, &mass, &status, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    cr_assert(ids[0] == 1 && ids[1] == 3 && kept == 3 && mass == 14.0f / 15 && status == LOTTO_ROW_TRUNCATED);
    cr_assert_eq(lotto_top_p(context, &logits, &controls, 3, ids, &kept, &mass, &status, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    cr_assert(ids[2] == 0 && kept == 3 && status == 0);
    cr_assert_eq(lotto_top_p(context, &logits, &controls, 4, ids, &kept, &mass, &status, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    cr_assert(ids[2] == 0 && ids[3] == -1 && kept == 3 && status == 0);

    controls = controls_of(1, 3, 1, 0, LOTTO_ORDER_SEQUENTIAL);
    float values[4];
    cr_assert_eq(lotto_top_k(context, &logits, &controls, 2, ids, values, &kept, &status, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    cr_assert(ids[0] == 1 && ids[1] == 3 && values[1] == -1 && kept == 3 && status == LOTTO_ROW_TRUNCATED);
    lotto_context_destroy(context);
}

/* Weights 8, 4, 2, 1 over what is kept; the example of lotto_softmax(); what is dropped is 0. */
Test(by_hand, probabilities) {
    static const float x[] = {-2, 0, -3, -1};
    lotto_context *context = reference();
    lotto_logits logits = one_row(x, 4);
    lotto_controls controls = controls_of(POWERS_OF_TWO, 3, 1, 0, LOTTO_ORDER_SEQUENTIAL);
    float probs[4];
    int32_t kept;
    cr_assert_eq(
        lotto_probs(context, &logits, &controls, probs, 4, &kept, NULL, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS);
    cr_assert(kept == 3 && probs[0] == 2.0f / 14 && probs[1] == 8.0f / 14 && probs[2] == 0 &&
              probs[3] == 4.0f / 14);
    controls.default_top_k = 0;
    cr_assert_eq(
        lotto_softmax(context, &logits, &controls, probs, 4, NULL, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS);
    cr_assert(probs[0] == 2.0f / 15 && probs[1] == 8.0f / 15 && probs[2] == 1.0f / 15 &&
              probs[3] == 4.0f / 15);

    static const float documented[] = {0, 1.0986123f};
    logits = one_row(documented, 2);
    controls.default_temperature = 1;
    cr_assert_eq(
        lotto_softmax(context, &logits, &controls, probs, 4, NULL, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS);
    cr_assert(fabsf(probs[0] - 0.25f) <= 0.25f * 0x1p-21f && fabsf(probs[1] - 0.75f) <= 0.75f * 0x1p-21f);
    lotto_context_destroy(context);
}

/* Far tokens: the weight is 0 from 41 powers of two on, the probability only where binary32 ends. */
Test(by_hand, tokens_without_weight_are_kept_but_never_drawn) {
    static const float x[] = {-60, 0, -41, -200};
    lotto_controls controls = controls_of(POWERS_OF_TWO, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL);
    for (uint64_t position = 0; position < 100; position++) {
        struct answer answer = sample(x, 4, &controls, 5, position);
        cr_assert(answer.token == 1 && answer.kept == 4 && answer.prob == 1 && answer.kept_mass == 1);
    }
    lotto_context *context = reference();
    lotto_logits logits = one_row(x, 4);
    float probs[4];
    cr_assert_eq(
        lotto_softmax(context, &logits, &controls, probs, 4, NULL, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS);
    cr_assert(probs[0] == 0x1p-60f && probs[1] == 1 && probs[2] == 0x1p-41f && probs[3] == 0);
    lotto_context_destroy(context);
}

/* ---- random rows -------------------------------------------------------------------------------------------------- */

static struct results *answer_on_reference(const struct request *request) {
    struct results *results = place_reference_answer(request, text, sizeof text);
    cr_assert_not_null(results, "%s (request 0x%llx)", text, (unsigned long long)request->seed);
    return results;
}

/* The oracle must agree on every bit and the textbook wherever it can tell. */
static void reference_is_right(const struct request *request, struct textbook_tally *tally) {
    struct results *reference = answer_on_reference(request), *oracle = results_create(request);
    oracle_answer(request, oracle);
    bool same = results_equal(request, reference, "the reference", oracle, "the oracle", text, sizeof text);
    cr_assert(same, "%s", text);
    cr_assert(textbook_check(request, reference, tally, text, sizeof text), "%s", text);
    results_destroy(reference);
    results_destroy(oracle);
}

static void print_tally(const char *what, const struct textbook_tally *tally) {
    printf("%s: the textbook agrees on %lld rows; on %lld a cut is too close for it to tell, %lld of them it "
           "would cut elsewhere; "
           "of %lld ordinary rows %lld are close\n",
           what, (long long)tally->rows, (long long)tally->close, (long long)tally->differ,
           (long long)tally->ordinary, (long long)tally->ordinary_close);
}

static void random_rows_are_right(const char *what, uint64_t first_seed, int64_t least_logits,
                                  const struct request_limits *limits) {
    struct textbook_tally tally = {0};
    int64_t logits = 0, rows = 0, requests = 0;
    for (uint64_t seed = first_seed; logits < least_logits; seed++, requests++) {
        struct request *request = request_random(seed, limits);
        reference_is_right(request, &tally);
        rows += request->logits.rows;
        logits += request->logits.rows * request->logits.vocab;
        request_destroy(request);
    }
    printf("%s: %lld requests, %lld rows, %lld logits equal the oracle's in every result\n", what,
           (long long)requests, (long long)rows, (long long)logits);
    print_tally(what, &tally);
    cr_assert_gt(tally.rows, 0);
    cr_assert_leq(tally.ordinary_close * 200, tally.ordinary);
}

Test(random_rows, small_vocabularies, .timeout = 600) {
    random_rows_are_right("vocabularies up to 300", 0x1000000, 1000000,
                          &(struct request_limits){300, 3000, 40, false, false});
}

Test(random_rows, all_vocabularies, .timeout = 600) {
    random_rows_are_right("vocabularies up to 200000", 0x2000000, 10000000,
                          &(struct request_limits){200000, 200000, 40, false, false});
}

/* The first kept token whose inclusive sum exceeds the target, not the first that reaches it. */
Test(random_rows, a_target_on_a_boundary_belongs_to_the_next_token) {
    struct textbook_tally tally = {0};
    for (int maximum_first = 0; maximum_first <= 1; maximum_first++) {
        struct request *request = request_on_boundary(200, 70, maximum_first);
        struct results *results = answer_on_reference(request);
        cr_assert_eq(results->array[SAMPLE_TOKENS][0], 70);
        cr_assert_eq(results->array[SAMPLE_TOKENS][1], 69);
        results_destroy(results);
        reference_is_right(request, &tally);
        request_destroy(request);
    }
}

/* ---- each row for itself ------------------------------------------------------------------------------------------- */

/* One row of a request as a request of its own: another batch, place, stride and alignment, the same seed and position. */
static struct request *row_alone(const struct request *request, int64_t row) {
    struct request *alone =
        request_of(request_row(request, row), request->logits.dtype, 1, request->logits.vocab);
    struct row_controls controls = request_controls(request, row);
    alone->kinds[0] = request->kinds[row];
    alone->seeds[0] = request->seeds[row];
    alone->positions[0] = request->positions[row];
    alone->tokens[0] = request->tokens[row];
    request_set_controls(alone, &controls);
    alone->k_max = request->k_max;
    alone->capacity = request->capacity;
    memcpy(alone->wanted, request->wanted, sizeof alone->wanted);
    return alone;
}

Test(each_row, gives_the_same_alone_as_in_a_batch) {
    for (uint64_t seed = 0x3000000; seed < 0x3000000 + 200; seed++) {
        struct request *request =
            request_random(seed, &(struct request_limits){2000, 5000, 20, false, false});
        struct results *together = answer_on_reference(request);
        for (int64_t row = 0; row < request->logits.rows; row++) {
            struct request *alone = row_alone(request, row);
            struct results *single = answer_on_reference(alone);
            for (int i = 0; i < RESULTS; i++) {
                enum result result = (enum result)i;
                if (result_is_of_verify(result))
                    continue; /* there are no sequences */
                int64_t width = result_row_elements(alone, result);
                const uint32_t *in_batch = together->array[i] + row * result_row_elements(request, result);
                cr_assert_arr_eq(single->array[i], in_batch, (size_t)width * 4,
                                 "%s of row %lld, request 0x%llx", result_name(result), (long long)row,
                                 (unsigned long long)seed);
            }
            results_destroy(single);
            request_destroy(alone);
        }
        results_destroy(together);
        request_destroy(request);
    }
}

/* ---- real rows ---------------------------------------------------------------------------------------------------- */

Test(real_rows, equal_the_oracle_and_the_textbook, .timeout = 600) {
    struct real_rows *files = real_rows_load(LOTTO_TEST_DATA, getenv("LOTTO_TEST_LOGITS"));
    struct textbook_tally tally = {0};
    for (struct real_rows *file = files; file->name[0]; file++)
        for (int dtype = LOTTO_F32; dtype <= LOTTO_BF16; dtype++) {
            struct request *request = real_rows_request(file, (lotto_dtype)dtype, (uint64_t)dtype);
            reference_is_right(request, &tally);
            printf("%s as %s: %lld rows of %lld logits equal the oracle's\n", file->name,
                   dtype_name((lotto_dtype)dtype), (long long)file->rows, (long long)file->vocab);
            request_destroy(request);
        }
    real_rows_destroy(files);
    print_tally("real rows", &tally);
    cr_assert_gt(tally.rows, 0); /* too few of them are ordinary for a limit on those that are close */
}
