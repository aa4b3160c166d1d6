/*
 * What comes back of a row beside one token: entropy, the likeliest tokens, many draws, rows that requests share, given tokens' logprobs. Each by
 * hand, then random mixes of all of them on the reference against the oracle, and each request of a batch against the same one alone.
 */
#include "kernels/arith.h"
#include "tests/oracle/answer.h"
#include "tests/oracle/textbook.h"
#include "tests/reference_context.h"
#include "tests/rows/adjustments.h"
#include "tests/rows/place.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1024];

/* At this temperature c = 1.44269504f / T is exactly 1, so a token n below the maximum weighs 2^(40 - n). */
#define POWERS_OF_TWO 1.44269504f
#define LN2 0.69314718055994531

enum { MOST = 16 };

static _Alignas(256) unsigned char workspace[1 << 12];

/* Arrays for every result, of up to MOST elements, and what points there. */
struct answer {
    int32_t tokens[MOST], kept[MOST], rank[MOST], top_ids[MOST];
    uint32_t status[MOST];
    float prob[MOST], logprob[MOST], model_logprob[MOST], kept_mass[MOST], entropy[MOST], top_logprobs[MOST];
};

static void sample(const lotto_logits *logits, const lotto_draws *draws, const lotto_controls *controls,
                   int32_t top_n, lotto_logprobs_of top_of, struct answer *answer) {
    lotto_samples samples = {sizeof samples,
                             answer->tokens,
                             answer->status,
                             answer->kept,
                             answer->prob,
                             answer->logprob,
                             answer->model_logprob,
                             answer->kept_mass,
                             answer->rank,
                             answer->entropy,
                             top_n ? answer->top_ids : NULL,
                             top_n ? answer->top_logprobs : NULL,
                             top_n,
                             top_of};
    memset(answer, 0xa5, sizeof *answer);
    cr_assert_eq(
        lotto_sample(reference(), logits, draws, controls, &samples, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS, "%s", lotto_context_error(reference()));
}

static const uint64_t zeros[MOST];

/* One row, one draw of seed 0 at position 0. */
static struct answer sample_row(const float *x, int64_t vocab, const lotto_controls *controls, int32_t top_n,
                                lotto_logprobs_of top_of) {
    lotto_logits logits = {x, vocab, 1, vocab, LOTTO_F32};
    lotto_draws draws = {sizeof draws, zeros, zeros, 1, NULL, 0};
    struct answer answer;
    sample(&logits, &draws, controls, top_n, top_of, &answer);
    return answer;
}

static lotto_controls controls_of(float temperature, int32_t top_k) {
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.default_temperature = temperature;
    controls.default_top_k = top_k;
    return controls;
}

static bool is_near(float a, double b) { return fabs((double)a - b) < 1e-6; }

/* ---- entropy ------------------------------------------------------------------------------------------------------ */

static float entropy_of(const float *x, int64_t vocab, float temperature, int32_t top_k) {
    lotto_controls controls = controls_of(temperature, top_k);
    return sample_row(x, vocab, &controls, 0, LOTTO_LOGPROBS_KEPT).entropy[0];
}

/* -(sum of p ln p): of halves and quarters 1.5 ln 2; of 8, 4, 2, 1 of 15; of 8, 4 of 12; of what is sure 0, not -0. */
Test(entropy, by_hand) {
    static const float coin[] = {3, 3}, quarters[] = {-1, 0, -1}, powers[] = {-2, 0, -3, -1};
    static const float infinite[] = {INFINITY, 0, INFINITY, NAN}, nothing[] = {-INFINITY, NAN}, one[] = {7};
    cr_expect_eq(entropy_of(coin, 2, 1, 0), (float)LN2);
    cr_expect_eq(entropy_of(quarters, 3, POWERS_OF_TWO, 0), (float)(1.5 * LN2));
    cr_expect(is_near(entropy_of(powers, 4, POWERS_OF_TWO, 0), log(15) - 34 * LN2 / 15));
    cr_expect(is_near(entropy_of(powers, 4, POWERS_OF_TWO, 2), log(3) - 2 * LN2 / 3));
    cr_expect(is_near(entropy_of(powers, 4, POWERS_OF_TWO / 2, 2), log(5) - 4 * log(4) / 5)); /* 4 and 1 */
    cr_expect_eq(entropy_of(infinite, 4, 1, 0), (float)LN2);
    const float sure[] = {entropy_of(powers, 4, POWERS_OF_TWO, 1), entropy_of(powers, 4, 0, 0),
                          entropy_of(nothing, 2, 1, 0), entropy_of(one, 1, 1, 0)};
    for (int i = 0; i < 4; i++)
        cr_expect(sure[i] == 0 && !signbit(sure[i]), "case %d", i);
}

/* The law's sum, where a product in 64 bits is asked to hold most: exact, and never more than the page says. */
Test(entropy, terms_are_exact_and_as_small_as_the_law_says) {
    const float scale = 1;
    uint64_t most = 0;
    for (uint32_t bits = arith_bits_of(0x1p-24f); bits < arith_bits_of(64.0f); bits += 37) {
        float distance = arith_of_bits(bits);
        uint64_t weight = oracle_weight(-distance, 0, POWERS_OF_TWO);
        arith_uint128 u = weight ? (arith_uint128)((double)(distance + 1.0f - 1.0f) * 0x1p23) : 0;
        uint64_t term = arith_surprise(distance, scale);
        cr_assert_eq(term, (uint64_t)((weight * u + (1 << 21)) >> 22), "%a", (double)distance);
        most = term > most ? term : most;
    }
    cr_expect((double)most < 0.531 * 0x1p41 && (double)most > 0.530 * 0x1p41);
    cr_expect_eq(arith_surprise(0, 1), 0);
    cr_expect_eq(arith_surprise(ARITH_INFINITY, 1), 0);
    cr_expect_eq(arith_surprise(40, 1), 40 * 2); /* w = 1, t = 40, in units of 1/2 */
}

/* By the definition, in double. */
static double exact_entropy(const float *x, int64_t vocab, double temperature) {
    double maximum = -INFINITY, mass = 0, sum = 0;
    for (int64_t id = 0; id < vocab; id++)
        maximum = fmax(maximum, (double)x[id]);
    for (int64_t id = 0; id < vocab; id++) {
        double t = ((double)x[id] - maximum) / temperature;
        mass += exp(t);
        sum += exp(t) * t;
    }
    return log(mass) - sum / mass;
}

static double error_share(const float *x, int64_t vocab, float temperature) {
    static _Alignas(256) unsigned char room[(1 << 20) * 20];
    lotto_logits logits = {x, vocab, 1, vocab, LOTTO_F32};
    lotto_draws draws = LOTTO_DRAWS_INIT;
    draws.seeds = draws.positions = zeros;
    lotto_controls controls = controls_of(temperature, 0);
    int32_t token;
    float entropy;
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.tokens = &token;
    samples.entropy = &entropy;
    cr_assert_eq(lotto_sample(reference(), &logits, &draws, &controls, &samples, room, sizeof room, NULL),
                 LOTTO_SUCCESS);
    double truth = exact_entropy(x, vocab, (double)temperature);
    double bound = 2e-6 * (1 + truth) * (1 + truth) + (double)vocab * 0x1p-35;
    return fabs((double)entropy - truth) / bound;
}

/* Model-like rows, and those that a bound fears: many tokens that weigh nothing, or just something, beside a sure one. */
Test(entropy, is_within_its_bound_of_the_exact_one, .timeout = 600) {
    struct random random = random_of_seed(21);
    float *x = malloc(sizeof *x << 20);
    cr_assert_not_null(x);
    double worst = 0, worst_of_models = 0;
    int rows = 0;
    for (int i = 0; i < 200; i++, rows++) {
        static const enum row_kind kinds[] = {ROW_NORMAL, ROW_LLM_LIKE, ROW_UNIFORM, ROW_TIED};
        int64_t vocab = random_log_uniform(&random, 150000);
        row_fill(&random, kinds[i % 4], LOTTO_F32, vocab, x);
        worst_of_models = fmax(worst_of_models, error_share(x, vocab, 0.3f + 1.7f * random_unit(&random)));
    }
    for (int vocab_bits = 4; vocab_bits <= 20; vocab_bits += 4)
        for (float below = 1; below < 45; below *= 1.07f, rows++) {
            int64_t vocab = (int64_t)1 << vocab_bits;
            for (int64_t id = 0; id < vocab; id++)
                x[id] = id == vocab / 2 ? 0 : -below;
            worst = fmax(worst, error_share(x, vocab, 1));
        }
    free(x);
    printf("entropy of %d rows is within %.3f of its bound where they are like a model's, within %.3f where "
           "not\n",
           rows, worst_of_models, worst);
    cr_assert_leq(worst_of_models, 1);
    cr_assert_leq(worst, 1);
}

/* ---- the likeliest tokens ----------------------------------------------------------------------------------------- */

static void expect_top(const struct answer *answer, int32_t top_n, const int32_t *ids,
                       const double *logprobs) {
    for (int32_t i = 0; i < top_n; i++) {
        cr_expect_eq(answer->top_ids[i], ids[i], "place %d: %d", i, answer->top_ids[i]);
        cr_expect(ids[i] < 0 ? answer->top_logprobs[i] == -INFINITY
                             : is_near(answer->top_logprobs[i], logprobs[i]),
                  "place %d: %.9g", i, (double)answer->top_logprobs[i]);
    }
    cr_expect(answer->top_ids[top_n] == (int32_t)0xa5a5a5a5, "a list has as many places as it says");
}

/* 8, 4, 2 of 14 are kept of 8, 4, 2, 1; the model's are e^0, e^-1, ... */
Test(top, by_hand) {
    static const float x[] = {-2, 0, -3, -1};
    lotto_controls controls = controls_of(POWERS_OF_TWO, 3);
    struct answer answer = sample_row(x, 4, &controls, 5, LOTTO_LOGPROBS_KEPT);
    const double kept[] = {log(8.0 / 14), log(4.0 / 14), log(2.0 / 14)};
    expect_top(&answer, 5, (int32_t[]){1, 3, 0, -1, -1}, kept);
    answer = sample_row(x, 4, &controls, 2, LOTTO_LOGPROBS_KEPT);
    expect_top(&answer, 2, (int32_t[]){1, 3}, kept);
    cr_expect_eq(answer.status[0], 0);

    double all = log(1 + exp(-1) + exp(-2) + exp(-3));
    const double model[] = {-all, -1 - all, -2 - all, -3 - all};
    answer = sample_row(x, 4, &controls, 5, LOTTO_LOGPROBS_MODEL);
    expect_top(&answer, 5, (int32_t[]){1, 3, 0, 2, -1}, model);
    controls.default_temperature = 0;
    answer = sample_row(x, 4, &controls, 3, LOTTO_LOGPROBS_KEPT);
    expect_top(&answer, 3, (int32_t[]){1, -1, -1}, (double[]){0});
    cr_expect(answer.top_logprobs[0] == 0 && !signbit(answer.top_logprobs[0]));
    answer = sample_row(x, 4, &controls, 3, LOTTO_LOGPROBS_MODEL);
    expect_top(&answer, 3, (int32_t[]){1, 3, 0}, model);
}

/* Ids 0 and 3 are banned: what is kept has 2 alone; the model has them all, ties by id. */
Test(top, the_model_is_not_adjusted) {
    static const float x[] = {1, 0, 0, 1}, infinite[] = {INFINITY, 0, 0, INFINITY};
    static const int32_t ids[] = {0, 3, 1}, length = 3;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.banned = (lotto_id_lists){ids, 3, &length};
    lotto_controls controls = controls_of(1, 0);
    controls.adjustments = &adjustments;
    struct answer answer = sample_row(x, 4, &controls, 5, LOTTO_LOGPROBS_KEPT);
    expect_top(&answer, 5, (int32_t[]){2, -1, -1, -1, -1}, (double[]){0});
    double all = log(2 + 2 * exp(-1));
    answer = sample_row(x, 4, &controls, 5, LOTTO_LOGPROBS_MODEL);
    expect_top(&answer, 5, (int32_t[]){0, 3, 1, 2, -1}, (double[]){-all, -all, -1 - all, -1 - all});
    answer = sample_row(infinite, 4, &controls, 3, LOTTO_LOGPROBS_MODEL);
    expect_top(&answer, 3, (int32_t[]){0, 3, -1}, (double[]){-LN2, -LN2});
    cr_expect_eq(answer.tokens[0], 2);
}

/* A row of which nothing is left has no likeliest tokens either, whoever's. */
Test(top, of_rows_without_a_token) {
    static const float x[] = {1, 0};
    const uint32_t nothing = 0;
    const float bad = -1;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.allowed = &nothing;
    adjustments.allowed_stride = 1;
    lotto_controls controls = LOTTO_CONTROLS_INIT, bad_controls = LOTTO_CONTROLS_INIT;
    controls.adjustments = &adjustments;
    bad_controls.temperature = &bad;
    for (int of = LOTTO_LOGPROBS_KEPT; of <= LOTTO_LOGPROBS_MODEL; of++) {
        struct answer answer = sample_row(x, 2, &controls, 2, (lotto_logprobs_of)of);
        expect_top(&answer, 2, (int32_t[]){-1, -1}, NULL);
        cr_expect(answer.status[0] == LOTTO_ROW_EMPTY && answer.entropy[0] == 0);
        answer = sample_row(x, 2, &bad_controls, 2, (lotto_logprobs_of)of);
        expect_top(&answer, 2, (int32_t[]){-1, -1}, NULL);
        cr_expect(answer.status[0] == LOTTO_ROW_BAD_CONTROL && answer.entropy[0] == 0);
    }
}

/* ---- draws -------------------------------------------------------------------------------------------------------- */

/* Of four equal tokens, draw d of a row takes the quarter in which its number lies; each has probability a quarter, and its id + 1 as rank. */
Test(draws, by_hand) {
    enum { DRAWS = 5 };
    static const float x[][4] = {{2, 2, 2, 2}, {-INFINITY, -INFINITY, -INFINITY, 0}};
    static const uint64_t seeds[] = {7, 8}, positions[] = {0, UINT64_C(1) << 40};
    lotto_logits logits = {x, 4, 2, 4, LOTTO_F32};
    lotto_draws draws = {sizeof draws, seeds, positions, DRAWS, NULL, 2};
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    struct answer answer, once;
    sample(&logits, &draws, &controls, 0, LOTTO_LOGPROBS_KEPT, &answer);
    bool differ = false;
    for (uint32_t draw = 0; draw < DRAWS; draw++) {
        cr_expect_eq(answer.tokens[draw], oracle_random(7, 0, 0, draw) >> 62, "draw %u", draw);
        cr_expect(answer.prob[draw] == 0.25f && answer.logprob[draw] == (float)(-2 * LN2));
        cr_expect_eq(answer.model_logprob[draw], (float)(-2 * LN2));
        cr_expect_eq(answer.rank[draw], answer.tokens[draw] + 1);
        differ = differ || answer.tokens[draw] != answer.tokens[0];
        cr_expect(answer.tokens[DRAWS + draw] == 3 && answer.prob[DRAWS + draw] == 1 &&
                  answer.rank[DRAWS + draw] == 1 && answer.logprob[DRAWS + draw] == 0);
    }
    cr_expect(differ);
    cr_expect(answer.kept[0] == 4 && answer.kept[1] == 1 && answer.entropy[0] == (float)(2 * LN2));
    cr_expect_eq(answer.tokens[2 * DRAWS], (int32_t)0xa5a5a5a5);
    draws.count = 1;
    sample(&logits, &draws, &controls, 0, LOTTO_LOGPROBS_KEPT, &once);
    cr_expect(once.tokens[0] == answer.tokens[0] && once.tokens[1] == answer.tokens[DRAWS]);
}

Test(draws, of_rows_without_a_token_and_greedy_ones) {
    static const float x[][2] = {{NAN, -INFINITY}, {0, 1}};
    static const float temperatures[] = {1, 0};
    lotto_logits logits = {x, 2, 2, 2, LOTTO_F32};
    lotto_draws draws = {sizeof draws, zeros, zeros, 3, NULL, 0};
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.temperature = temperatures;
    struct answer answer;
    sample(&logits, &draws, &controls, 0, LOTTO_LOGPROBS_KEPT, &answer);
    for (int draw = 0; draw < 3; draw++) {
        cr_expect(answer.tokens[draw] == -1 && answer.prob[draw] == 0 && answer.rank[draw] == 0);
        cr_expect(answer.logprob[draw] == -INFINITY && answer.model_logprob[draw] == -INFINITY);
        cr_expect(answer.tokens[3 + draw] == 1 && answer.prob[3 + draw] == 1 && answer.rank[3 + draw] == 1);
        cr_expect(answer.logprob[3 + draw] == 0 && is_near(answer.model_logprob[3 + draw], -log1p(exp(-1))));
    }
    cr_expect(answer.status[0] == (LOTTO_ROW_EMPTY | LOTTO_ROW_HAD_NAN) && answer.kept[1] == 1);
}

/* ---- shared rows -------------------------------------------------------------------------------------------------- */

/* Greedy requests of rows 1, 1, none, 0, one beyond the last, none; the second of row 1 has its first token banned, the third bad controls. */
Test(requests, by_hand) {
    enum { REQUESTS = 6 };
    static const float x[][3] = {{5, 4, NAN}, {1, 2, 3}};
    static const int32_t rows[REQUESTS] = {1, 1, -1, 0, 2, INT32_MIN};
    static const float temperatures[REQUESTS] = {0, 0, NAN, 0, 0, 0};
    static const int32_t ids[REQUESTS] = {0, 2, 0, 0, 0, 0}, lengths[REQUESTS] = {0, 1, 0, 0, 0, 0};
    static const int32_t tokens[REQUESTS] = {2, 1, -1, 0, -1, -1}, ranks[REQUESTS] = {1, 2, 0, 1, 0, 0};
    static const uint32_t statuses[REQUESTS] = {
        0, 0, LOTTO_ROW_SKIPPED, LOTTO_ROW_HAD_NAN, LOTTO_ROW_BAD_CONTROL, LOTTO_ROW_SKIPPED};
    lotto_logits logits = {x, 3, 2, 3, LOTTO_F32};
    lotto_draws draws = {sizeof draws, zeros, zeros, 1, rows, REQUESTS};
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.banned = (lotto_id_lists){ids, 1, lengths};
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.temperature = temperatures;
    controls.adjustments = &adjustments;
    struct answer answer;
    sample(&logits, &draws, &controls, 1, LOTTO_LOGPROBS_MODEL, &answer);
    for (int i = 0; i < REQUESTS; i++) {
        bool is_one = tokens[i] >= 0;
        cr_expect_eq(answer.tokens[i], tokens[i], "request %d: %d", i, answer.tokens[i]);
        cr_expect_eq(answer.status[i], statuses[i], "request %d: status %" PRIu32, i, answer.status[i]);
        cr_expect_eq(answer.rank[i], ranks[i], "request %d: rank %d", i, answer.rank[i]);
        cr_expect(answer.kept[i] == is_one && answer.prob[i] == (float)is_one && answer.entropy[i] == 0);
        cr_expect((answer.logprob[i] == -INFINITY) == !is_one &&
                  (answer.model_logprob[i] == -INFINITY) == !is_one);
        cr_expect_eq(answer.top_ids[i], !is_one ? -1 : rows[i] == 1 ? 2 : 0);
    }
    cr_expect_eq(answer.tokens[REQUESTS], (int32_t)0xa5a5a5a5);
}

/* All requests of a batch without rows ask for one beyond the last, or for none. */
Test(requests, of_no_rows) {
    static const int32_t rows[] = {0, -1};
    lotto_logits logits = {NULL, 3, 0, 3, LOTTO_F32};
    lotto_draws draws = {sizeof draws, zeros, zeros, 1, rows, 2};
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    struct answer answer;
    sample(&logits, &draws, &controls, 0, LOTTO_LOGPROBS_KEPT, &answer);
    cr_expect(answer.tokens[0] == -1 && answer.status[0] == LOTTO_ROW_BAD_CONTROL);
    cr_expect(answer.tokens[1] == -1 && answer.status[1] == LOTTO_ROW_SKIPPED);
}

/* ---- given tokens ------------------------------------------------------------------------------------------------- */

/* Probabilities .2, .6, .2; ids that are none; rows with NaN, with two of +inf, and without a candidate. */
Test(logprobs, by_hand) {
    enum { VOCAB = 4 };
    const float third = logf(3);
    static const float infinity = INFINITY;
    const struct {
        float x[VOCAB];
        int32_t token, rank;
        double logprob;
        uint32_t status;
    } cases[] = {
        {{0, third, 0, -infinity}, 2, 3, log(0.2), 0},
        {{0, third, 0, -infinity}, 1, 1, log(0.6), 0},
        {{0, third, 0, -infinity}, 3, 4, -INFINITY, 0},
        {{0, third, 0, -infinity}, -1, 0, -INFINITY, LOTTO_ROW_BAD_ID},
        {{0, third, 0, NAN}, VOCAB, 0, -INFINITY, LOTTO_ROW_BAD_ID | LOTTO_ROW_HAD_NAN},
        {{NAN, 5, -infinity, NAN}, 3, 4, -INFINITY, LOTTO_ROW_HAD_NAN},
        {{NAN, 5, -infinity, NAN}, 0, 2, -INFINITY, LOTTO_ROW_HAD_NAN},
        {{7, infinity, 8, infinity}, 3, 2, log(0.5), LOTTO_ROW_HAD_POS_INF},
        {{7, infinity, 8, infinity}, 0, 4, -INFINITY, LOTTO_ROW_HAD_POS_INF},
        {{7, infinity, 8, infinity}, 2, 3, -INFINITY, LOTTO_ROW_HAD_POS_INF},
        {{-infinity, -infinity, -infinity, NAN}, 0, 0, -INFINITY, LOTTO_ROW_EMPTY | LOTTO_ROW_HAD_NAN},
        {{-infinity, -infinity, -infinity, -infinity}, 9, 0, -INFINITY, LOTTO_ROW_EMPTY | LOTTO_ROW_BAD_ID},
    };
    enum { CASES = sizeof cases / sizeof *cases };
    float x[CASES][VOCAB], logprobs[CASES];
    int32_t tokens[CASES], ranks[CASES];
    uint32_t status[CASES];
    for (int i = 0; i < CASES; i++) {
        memcpy(x[i], cases[i].x, sizeof x[i]);
        tokens[i] = cases[i].token;
    }
    lotto_logits logits = {x, VOCAB, CASES, VOCAB, LOTTO_F32};
    cr_assert_eq(lotto_logprobs(reference(), &logits, tokens, logprobs, ranks, status, workspace,
                                sizeof workspace, NULL),
                 LOTTO_SUCCESS, "%s", lotto_context_error(reference()));
    for (int i = 0; i < CASES; i++) {
        cr_expect(isinf(cases[i].logprob) ? (double)logprobs[i] == cases[i].logprob
                                          : is_near(logprobs[i], cases[i].logprob),
                  "case %d: %.9g", i, (double)logprobs[i]);
        cr_expect_eq(ranks[i], cases[i].rank, "case %d: %d", i, ranks[i]);
        cr_expect_eq(status[i], cases[i].status, "case %d: %" PRIu32, i, status[i]);
    }
    cr_assert_eq(
        lotto_logprobs(reference(), &logits, tokens, logprobs, NULL, NULL, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS);
    cr_expect(is_near(logprobs[0], log(0.2)));
}

/* ---- random mixes ------------------------------------------------------------------------------------------------- */

static struct results *answer_on_reference(const struct request *request) {
    struct results *results = place_reference_answer(request, text, sizeof text);
    cr_assert_not_null(results, "%s (request 0x%" PRIx64 ")", text, request->seed);
    return results;
}

static void random_requests_are_right(uint64_t first_seed, int64_t least_requests,
                                      const struct request_limits *limits) {
    struct textbook_tally tally = {0};
    int64_t requests = 0, draws = 0, skipped = 0, listed = 0;
    for (uint64_t seed = first_seed; requests < least_requests; seed++) {
        struct request *request = request_random(seed, limits);
        struct results *reference = answer_on_reference(request), *oracle = results_create(request);
        oracle_answer(request, oracle);
        cr_assert(results_equal(request, reference, "the reference", oracle, "the oracle", text, sizeof text),
                  "%s", text);
        cr_assert(textbook_check(request, reference, &tally, text, sizeof text), "%s", text);
        requests += request->requests;
        draws += request->requests * request->draw_count;
        listed += request->requests * request->top_n;
        for (int64_t i = 0; i < request->requests; i++)
            skipped += request_source(request, i) < 0;
        results_destroy(reference);
        results_destroy(oracle);
        request_destroy(request);
    }
    printf("%" PRId64 " requests, %" PRId64 " for no row, %" PRId64 " draws, %" PRId64
           " places for likeliest tokens: the reference equals the oracle\n",
           requests, skipped, draws, listed);
    cr_assert(skipped > 0 && draws > requests && listed > 0);
}

Test(random_rows, small_vocabularies, .timeout = 600) {
    random_requests_are_right(0x9000000, 3000, &(struct request_limits){300, 3000, 40, false, true});
}

Test(random_rows, adjusted_ones_too, .timeout = 600) {
    random_requests_are_right(0xa000000, 3000, &(struct request_limits){300, 3000, 40, true, true});
}

Test(random_rows, all_vocabularies, .timeout = 600) {
    random_requests_are_right(0xb000000, 300, &(struct request_limits){200000, 100000, 10, true, true});
}

/* ---- each request for itself -------------------------------------------------------------------------------------- */

/* One request as a batch of its own, with one draw more, of which it must give the same as before. */
static struct request *request_alone(const struct request *request, int64_t index) {
    struct request *alone = request_of(request_row(request, request_source(request, index)),
                                       request->logits.dtype, 1, request->logits.vocab);
    struct row_controls controls = request_controls(request, index);
    lotto_adjustments adjustments = adjustments_of_row(&request->adjustments, index);
    alone->seeds[0] = request->seeds[index];
    alone->positions[0] = request->positions[index];
    alone->draw_count = request->draw_count + 1;
    alone->top_n = request->top_n;
    alone->top_of = request->top_of;
    request_set_controls(alone, &controls);
    request_set_adjustments(alone, &adjustments, 1);
    for (int result = 0; result < RESULTS; result++)
        alone->wanted[result] = request->wanted[result] && result_is_of_sample((enum result)result);
    return alone;
}

Test(each_request, gives_the_same_alone_as_in_a_batch, .timeout = 600) {
    for (uint64_t seed = 0xc000000; seed < 0xc000000 + 100; seed++) {
        struct request *request = request_random(seed, &(struct request_limits){2000, 5000, 20, true, true});
        struct results *together = answer_on_reference(request);
        for (int64_t index = 0; index < request->requests; index++) {
            if (request_source(request, index) < 0)
                continue;
            struct request *alone = request_alone(request, index);
            struct results *single = answer_on_reference(alone);
            for (int i = SAMPLE_TOKENS; i <= SAMPLE_TOP_LOGPROBS; i++) {
                int64_t width = result_row_elements(request, (enum result)i);
                if (width > 0)
                    cr_assert_arr_eq(single->array[i], together->array[i] + index * width, (size_t)width * 4,
                                     "%s of request %" PRId64 ", 0x%" PRIx64, result_name((enum result)i),
                                     index, seed);
            }
            results_destroy(single);
            request_destroy(alone);
        }
        results_destroy(together);
        request_destroy(request);
    }
}
