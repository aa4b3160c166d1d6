/*
 * What is done to the logits before the filters: each adjustment by hand, then random mixes of all of them, with temperature_last, on the
 * reference against the oracle and the textbook.
 */
#include "tests/oracle/answer.h"
#include "tests/oracle/textbook.h"
#include "tests/reference_context.h"
#include "tests/rows/adjustments.h"
#include "tests/rows/place.h"
#include "tests/rows/row_samples.h"

#include <criterion/criterion.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static char text[1024];

/* ---- by hand ------------------------------------------------------------------------------------------------------ */

enum { VOCAB = 5, MOST_VOCAB = 70 };

static _Alignas(256) unsigned char workspace[1 << 12];

/* The adjusted rows, as top_k lists them, by id again; what is not listed is -inf. */
static void adjust(const float *x, int64_t rows, int64_t vocab, const lotto_adjustments *adjustments,
                   float *adjusted, uint32_t *status) {
    lotto_logits logits = {x, vocab, rows, vocab, LOTTO_F32};
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.adjustments = adjustments;
    int32_t ids[2 * MOST_VOCAB];
    float values[2 * MOST_VOCAB];
    cr_assert_eq(lotto_top_k(reference(), &logits, &controls, vocab, ids, values, NULL, status, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS, "%s", lotto_context_error(reference()));
    for (int64_t i = 0; i < rows * vocab; i++)
        adjusted[i] = -INFINITY;
    for (int64_t i = 0; i < rows * vocab; i++)
        if (ids[i] >= 0)
            adjusted[i / vocab * vocab + ids[i]] = values[i];
}

/* One row of VOCAB logits becomes these, with this status. */
static void becomes(const float x[VOCAB], const lotto_adjustments *adjustments, const float expected[VOCAB],
                    uint32_t expected_status) {
    float adjusted[VOCAB];
    uint32_t status;
    adjust(x, 1, VOCAB, adjustments, adjusted, &status);
    for (int id = 0; id < VOCAB; id++)
        cr_expect(adjusted[id] == expected[id], "id %d is %a, must be %a", id, (double)adjusted[id],
                  (double)expected[id]);
    cr_expect_eq(status, expected_status, "status %" PRIu32 ", must be %" PRIu32, status, expected_status);
}

/* A list of one row's. */
#define LIST(ids_of_row, length)                                                                             \
    (lotto_id_lists) { ids_of_row, sizeof ids_of_row / sizeof *ids_of_row, length }

#define NO -INFINITY

/* Ids 0, 31, 32 and 69 of 70 are bits 0 and 31 of word 0, bit 0 of word 1, bit 5 of word 2; a fourth word is nobody's. */
Test(by_hand, allowed) {
    const uint32_t masks[2][4] = {{0x80000001u, 0x00000001u, 0xffffffe0u, ~0u}, {0, 0x80000000u, 0, ~0u}};
    float x[2 * MOST_VOCAB], adjusted[2 * MOST_VOCAB];
    uint32_t status[2];
    for (int i = 0; i < 2 * MOST_VOCAB; i++)
        x[i] = (float)i;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.allowed = masks[0];
    adjustments.allowed_stride = 4;
    static const int32_t rows[][2] = {{0, 1}, {1, 0}, {-1, 0}, {0, INT32_MIN}, {1, 1}};
    for (int i = -1; i < 5; i++) {
        adjustments.allowed_rows = i < 0 ? NULL : rows[i]; /* NULL: row 0 has mask 0, row 1 mask 1 */
        adjust(x, 2, MOST_VOCAB, &adjustments, adjusted, status);
        for (int at = 0; at < 2 * MOST_VOCAB; at++) {
            int row = at / MOST_VOCAB, id = at % MOST_VOCAB, mask = i < 0 ? row : rows[i][row];
            bool is_in_mask = mask == 0 ? id == 0 || id == 31 || id == 32 || id == 69 : id == 63;
            cr_expect(adjusted[at] == (mask < 0 || is_in_mask ? x[at] : NO), "case %d, row %d, id %d", i, row,
                      id);
        }
        cr_expect(status[0] == 0 && status[1] == 0);
    }
}

/* 1 and 3 are out, whatever is added to 3; a NaN is told even where it is banned; the list is as long as it says. */
Test(by_hand, banned) {
    static const int32_t ids[] = {3, 1, 3, 0}, biased[] = {3, 3, 3};
    static const float biases[] = {100, INFINITY, NAN};
    const int32_t length = 3, biased_length = 3;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.banned = LIST(ids, &length);
    becomes((float[]){5, 4, 3, 2, 1}, &adjustments, (float[]){5, NO, 3, NO, 1}, 0);
    adjustments.biased = LIST(biased, &biased_length);
    adjustments.biases = biases;
    becomes((float[]){5, 4, 3, 2, 1}, &adjustments, (float[]){5, NO, 3, NO, 1}, 0);
    becomes((float[]){5, NAN, 3, INFINITY, 1}, &adjustments, (float[]){5, NO, 3, NO, 1}, LOTTO_ROW_HAD_NAN);
}

/* Of a history of 5, the prompt is 2, so the output has 3: too short for 4, not for 3. An id that is none is told only then. */
Test(by_hand, stops) {
    static const int32_t ids[] = {2, 5, 4}, history[] = {0, 0, 0, 0, 0, 0, 0};
    const int32_t length = 3, history_length = 5, prompt_length = 2;
    static const struct {
        int32_t least;
        bool banned;
    } cases[] = {{4, true}, {3, false}, {0, false}, {-1, false}, {INT32_MIN, false}, {INT32_MAX, true}};
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.stops = LIST(ids, &length);
    adjustments.history = LIST(history, &history_length);
    adjustments.prompt_lengths = &prompt_length;
    for (int i = 0; i < 6; i++) {
        adjustments.min_lengths = &cases[i].least;
        bool banned = cases[i].banned;
        becomes((float[]){5, 4, 3, 2, 1}, &adjustments, (float[]){5, 4, banned ? NO : 3, 2, banned ? NO : 1},
                banned ? LOTTO_ROW_BAD_ID : 0);
    }
    const int32_t five = 5; /* without a prompt all 5 are output */
    adjustments.prompt_lengths = NULL;
    adjustments.min_lengths = &five;
    becomes((float[]){5, 4, 3, 2, 1}, &adjustments, (float[]){5, 4, 3, 2, 1}, 0);
}

/*
 * 0 + 2^24 + 1 + 1 = 2^24, each 1 lost to the even neighbour; 0 + 1 + 1 + 2^24 = 2^24 + 2. -inf bans, once and for all; a bias that is NaN, or
 * -inf on +inf, is a NaN.
 */
Test(by_hand, biases_in_list_order) {
    static const int32_t ids[] = {0, 1, 0, 1, 1, 0, 2, 2, 3};
    static const float biases[] = {0x1p24f, 1, 1, 1, 0x1p24f, 1, -INFINITY, INFINITY, -3.5f};
    int32_t length = 9;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.biased = LIST(ids, &length);
    adjustments.biases = biases;
    becomes((float[]){0, 0, 0, 1, 7}, &adjustments, (float[]){0x1p24f, 0x1p24f + 2, NO, -2.5f, 7}, 0);
    becomes((float[]){0, 0, INFINITY, 1, 7}, &adjustments, (float[]){0x1p24f, 0x1p24f + 2, NO, -2.5f, 7},
            LOTTO_ROW_HAD_NAN);
    length = 1;
    becomes((float[]){NO, 0, 0, 1, 7}, &adjustments, (float[]){NO, 0, 0, 1, 7}, 0);
    adjustments.biases = (const float[]){NAN};
    becomes((float[]){0, 0, 0, 1, 7}, &adjustments, (float[]){NO, 0, 0, 1, 7}, LOTTO_ROW_HAD_NAN);
    adjustments.biases = (const float[]){INFINITY};
    becomes((float[]){0, 0, 0, 1, 7}, &adjustments, (float[]){INFINITY, NO, NO, NO, NO},
            LOTTO_ROW_HAD_POS_INF);
}

/* r = 2: once each, though 0 stands three times; of prompt (0, 1, 3) and output (2, 0, 0) alike; 4 in neither. */
Test(by_hand, repetition_penalty) {
    static const int32_t history[] = {0, 1, 3, 2, 0, 0, 4};
    const int32_t length = 6, prompt_length = 3;
    const float two = 2, tiny = 0x1p-149f, largest = FLT_MAX;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.history = LIST(history, &length);
    adjustments.prompt_lengths = &prompt_length;
    adjustments.repetition_penalty = &two;
    becomes((float[]){3, -3, 0, -0.0f, 9}, &adjustments, (float[]){1.5f, -6, 0, 0, 9}, 0);
    becomes((float[]){INFINITY, NO, 0, NAN, 9}, &adjustments, (float[]){INFINITY, NO, NO, NO, NO},
            LOTTO_ROW_HAD_POS_INF | LOTTO_ROW_HAD_NAN);
    adjustments.repetition_penalty = &tiny;
    becomes((float[]){3, NO, -3, 0, 9}, &adjustments, (float[]){INFINITY, NO, NO, NO, NO},
            LOTTO_ROW_HAD_POS_INF);
    adjustments.repetition_penalty = &largest;
    becomes((float[]){0x1p127f, -3, 0, 1, 9}, &adjustments,
            (float[]){0x1p127f / FLT_MAX, NO, 0, 1 / FLT_MAX, 9}, 0);
    adjustments.repetition_penalty = NULL;
    adjustments.default_repetition_penalty = 1.5f;
    becomes((float[]){3, -3, 0, 1.5f, 9}, &adjustments, (float[]){2, -4.5f, 0, 1, 9}, 0);
}

/*
 * Output: 0 three times, 2 once; 1 in the prompt alone, 0 there too, which does not count.
 * f = 1 + 2^-23: 3 f = 3 + 1.5 * 2^-22 is rounded to 3 + 2 * 2^-22, so 3 becomes -2^-21; one rounding at the end would give -1.5 * 2^-22.
 * 5 - f = 4 - 2^-23 is rounded to 4.
 * f = q = -1 on 2^24: twice one more, each lost; both together would give 2^24 + 2.
 */
Test(by_hand, frequency_and_presence_penalties) {
    static const int32_t history[] = {0, 1, 1, 0, 2, 0, 0};
    const int32_t length = 7, prompt_length = 3;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.history = LIST(history, &length);
    adjustments.prompt_lengths = &prompt_length;
    const float half = 0.5f, above_one = 1 + 0x1p-23f, minus_one = -1;
    adjustments.frequency_penalty = &half;
    becomes((float[]){5, 5, 5, 5, 5}, &adjustments, (float[]){3.5f, 5, 4.5f, 5, 5}, 0);
    adjustments.presence_penalty = &half;
    becomes((float[]){5, 5, 5, 5, 5}, &adjustments, (float[]){3, 5, 4, 5, 5}, 0);
    adjustments.frequency_penalty = NULL;
    becomes((float[]){5, 5, 5, 5, 5}, &adjustments, (float[]){4.5f, 5, 4.5f, 5, 5}, 0);
    adjustments.presence_penalty = NULL;
    adjustments.frequency_penalty = &above_one;
    becomes((float[]){3, 5, 5, 5, 5}, &adjustments, (float[]){-0x1p-21f, 5, 4, 5, 5}, 0);
    adjustments.frequency_penalty = adjustments.presence_penalty = &minus_one;
    becomes((float[]){0, 0, 0x1p24f, 0, 0}, &adjustments, (float[]){4, 0, 0x1p24f, 0, 0}, 0);

    adjustments.frequency_penalty = adjustments.presence_penalty = NULL;
    adjustments.default_frequency_penalty = FLT_MAX; /* three times it is infinite; what is out stays so */
    adjustments.default_presence_penalty = 1;
    becomes((float[]){0, 1, 2, 3, 4}, &adjustments, (float[]){NO, 1, -FLT_MAX, 3, 4}, 0);
    adjustments.default_frequency_penalty = -FLT_MAX;
    becomes((float[]){NO, 1, NO, 3, 4}, &adjustments, (float[]){NO, 1, NO, 3, 4}, 0);
    becomes((float[]){0, 1, NO, 3, 4}, &adjustments, (float[]){INFINITY, NO, NO, NO, NO},
            LOTTO_ROW_HAD_POS_INF);
}

/*
 * (1 + 3) / 2 - 0.5 * 1 - 0.25 = 1.25: another order of bias, repetition and the last two gives another number; -1 + 3 changes its sign
 * first. 4 stands in the prompt alone, so it is halved and no more; that 0 stands there, too, does not count.
 */
Test(by_hand, order_of_all) {
    static const int32_t history[] = {4, 0, 0, 1}, biased[] = {0, 1, 2}, banned[] = {2};
    static const float biases[] = {3, 3, 3};
    const int32_t length = 4, prompt_length = 2, biased_length = 3, banned_length = 1;
    const uint32_t allowed = 0x17; /* not 3 */
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.allowed = &allowed;
    adjustments.allowed_stride = 1;
    adjustments.banned = LIST(banned, &banned_length);
    adjustments.biased = LIST(biased, &biased_length);
    adjustments.biases = biases;
    adjustments.history = LIST(history, &length);
    adjustments.prompt_lengths = &prompt_length;
    adjustments.default_repetition_penalty = 2;
    adjustments.default_frequency_penalty = 0.5f;
    adjustments.default_presence_penalty = 0.25f;
    becomes((float[]){1, -1, 9, 9, 1}, &adjustments, (float[]){1.25f, 0.25f, NO, NO, 0.5f}, 0);
}

/* The lists' ids that are none are ignored, and told where they are looked at. */
Test(by_hand, ids_that_are_none) {
    static const int32_t bad[] = {-1, 5, INT32_MIN, INT32_MAX};
    static const float zeros[1] = {0};
    const int32_t one = 1, none = 0;
    static const float x[] = {5, 4, 3, 2, 1};
    for (int i = 0; i < 4; i++) {
        lotto_id_lists list = {&bad[i], 1, &one};
        lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
        adjustments.banned = list;
        becomes(x, &adjustments, x, LOTTO_ROW_BAD_ID);
        adjustments.banned.lengths = &none;
        becomes(x, &adjustments, x, 0);
        adjustments.biased = list;
        adjustments.biases = zeros;
        becomes(x, &adjustments, x, LOTTO_ROW_BAD_ID);
        adjustments.biased = (lotto_id_lists){0};
        adjustments.biases = NULL;

        adjustments.history = list; /* nobody looks at it; r does; f and q at the output only */
        becomes(x, &adjustments, x, 0);
        adjustments.default_repetition_penalty = 2;
        adjustments.prompt_lengths = &one;
        becomes(x, &adjustments, x, LOTTO_ROW_BAD_ID);
        adjustments.default_repetition_penalty = 1;
        adjustments.default_frequency_penalty = 1;
        becomes(x, &adjustments, x, 0);
        adjustments.prompt_lengths = NULL;
        becomes(x, &adjustments, x, LOTTO_ROW_BAD_ID);
        adjustments.default_frequency_penalty = -0.0f;
        becomes(x, &adjustments, x, 0);
        adjustments.default_presence_penalty = 1;
        becomes(x, &adjustments, x, LOTTO_ROW_BAD_ID);
    }
}

/* ---- what is bad is bad for its row alone ----------------------------------------------------------------------------- */

static void first_row_alone_is_bad(const lotto_adjustments *adjustments, const char *what) {
    static const float x[2 * VOCAB] = {1, NAN, INFINITY, 0, 0, 1, 2, 3, 4, 5};
    float adjusted[2 * VOCAB];
    uint32_t status[2];
    adjust(x, 2, VOCAB, adjustments, adjusted, status);
    for (int id = 0; id < VOCAB; id++)
        cr_expect(adjusted[id] == NO && adjusted[VOCAB + id] == x[VOCAB + id], "%s, id %d", what, id);
    cr_expect(status[0] == LOTTO_ROW_BAD_CONTROL && status[1] == 0, "%s", what);
}

Test(by_hand, bad_values) {
    static const int32_t ids[2 * 3] = {-1, -1, -1, 0, 0, 0};
    static const float zeros[2 * 3];
    static const int32_t bad_lengths[][2] = {{-1, 0}, {4, 0}, {INT32_MIN, 0}, {INT32_MAX, 0}};
    static const int32_t lengths[] = {2, 2},
                         bad_prompts[][2] = {{-1, 2}, {3, 2}, {INT32_MIN, 0}, {INT32_MAX, 0}};
    static const int32_t least[] = {0, 0};
    for (int i = 0; i < 4; i++) {
        const lotto_id_lists bad = {ids, 3, bad_lengths[i]};
        lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
        adjustments.banned = bad;
        first_row_alone_is_bad(&adjustments, "banned");
        adjustments.banned = (lotto_id_lists){0};
        adjustments.biased = bad;
        adjustments.biases = zeros;
        first_row_alone_is_bad(&adjustments, "biased");
        adjustments.biased = (lotto_id_lists){0};
        adjustments.biases = NULL;
        adjustments.history = bad;
        first_row_alone_is_bad(&adjustments, "history");
        adjustments.history.lengths = lengths;
        adjustments.prompt_lengths = bad_prompts[i];
        first_row_alone_is_bad(&adjustments, "prompt");
        adjustments.prompt_lengths = NULL;
        adjustments.stops = bad;
        adjustments.min_lengths = least;
        first_row_alone_is_bad(&adjustments, "stops, though they do not apply");
    }
    const float bad_repetitions[][2] = {{0, 1}, {-0.0f, 1}, {-2, 1}, {NAN, 1}, {INFINITY, 1}, {-INFINITY, 1}},
                bad_penalties[][2] = {{NAN, 0}, {INFINITY, 0}, {-INFINITY, 0}};
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.history = (lotto_id_lists){ids, 3, lengths};
    for (int i = 0; i < 6; i++) {
        adjustments.repetition_penalty = bad_repetitions[i];
        first_row_alone_is_bad(&adjustments, "repetition");
    }
    adjustments.repetition_penalty = NULL;
    for (int i = 0; i < 3; i++) {
        adjustments.frequency_penalty = bad_penalties[i];
        first_row_alone_is_bad(&adjustments, "frequency");
        adjustments.frequency_penalty = NULL;
        adjustments.presence_penalty = bad_penalties[i];
        first_row_alone_is_bad(&adjustments, "presence");
        adjustments.presence_penalty = NULL;
    }
}

/* ---- what the operations make of it ----------------------------------------------------------------------------------- */

static struct answer sample(const float *x, int64_t vocab, const lotto_controls *controls) {
    lotto_logits logits = {x, vocab, 1, vocab, LOTTO_F32};
    const uint64_t zero = 0; /* R is above the half */
    lotto_draws draws = {sizeof draws, &zero, &zero, 1, NULL, 0};
    struct answer answer;
    lotto_samples samples = samples_into(&answer);
    cr_assert_eq(
        lotto_sample(reference(), &logits, &draws, controls, &samples, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS, "%s", lotto_context_error(reference()));
    return answer;
}

static bool is_near(float a, double b) { return fabs((double)a - b) < 1e-6; }

/*
 * Without its first token, {0, ln 3, -20} has one in question: sure in the distribution drawn from, a quarter under the model, second of
 * the logits' order. A +inf that is banned takes all of the model's probability, but is not in the adjusted row.
 */
Test(operations, model_logprob_and_rank_are_of_the_logits_as_they_are) {
    static const int32_t first[] = {1}, last[] = {2};
    const int32_t one = 1;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.banned = LIST(first, &one);
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.adjustments = &adjustments;
    static const float x[] = {0, 1.0986123f, -60};
    struct answer answer = sample(x, 3, &controls);
    cr_expect(answer.token == 0 && answer.rank == 2 && answer.status == 0 && answer.kept == 2);
    cr_expect(answer.prob == 1 && answer.logprob == 0 && answer.kept_mass == 1);
    cr_expect(is_near(answer.model_logprob, log(0.25)), "%.9g", (double)answer.model_logprob);

    static const float infinite[] = {0, INFINITY, -60};
    answer = sample(infinite, 3, &controls);
    cr_expect(answer.token == 0 && answer.rank == 2 && answer.status == 0 && answer.prob == 1);
    cr_expect_eq(answer.model_logprob, -INFINITY);

    /* two of +inf, the second banned: half under the model */
    static const float twice[] = {INFINITY, 3, INFINITY};
    adjustments.banned = LIST(last, &one);
    answer = sample(twice, 3, &controls);
    cr_expect(answer.token == 0 && answer.rank == 1 && answer.status == LOTTO_ROW_HAD_POS_INF &&
              answer.prob == 1);
    cr_expect(is_near(answer.model_logprob, log(0.5)));

    /* a bias to +inf is the adjusted row's alone */
    static const int32_t biased[] = {0};
    static const float biases[] = {INFINITY};
    adjustments.biased = LIST(biased, &one);
    adjustments.biases = biases;
    adjustments.banned = (lotto_id_lists){0};
    answer = sample(x, 3, &controls);
    cr_expect(answer.token == 0 && answer.rank == 2 && answer.status == LOTTO_ROW_HAD_POS_INF &&
              answer.kept == 1);
    cr_expect(is_near(answer.model_logprob, log(0.25)));
}

Test(operations, a_row_of_which_nothing_is_left_is_empty) {
    const uint32_t nothing = 0xfffffff8u;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.allowed = &nothing;
    adjustments.allowed_stride = 1;
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.adjustments = &adjustments;
    struct answer answer = sample((float[]){0, INFINITY, NAN}, 3, &controls);
    cr_expect(answer.token == -1 && answer.status == (LOTTO_ROW_EMPTY | LOTTO_ROW_HAD_NAN) &&
              answer.rank == 0);
    cr_expect(answer.kept == 0 && answer.model_logprob == -INFINITY && answer.kept_mass == 0);
}

/* Probabilities .5, .3, .2 of ids 1, 3, 4 once the others are banned; p = .6 takes two. argmax takes no controls. */
Test(operations, all_that_take_controls_see_the_adjusted_row) {
    const float x[VOCAB] = {9, logf(.5f), 8, logf(.3f), logf(.2f)};
    static const int32_t banned[] = {0, 2};
    const int32_t two = 2;
    lotto_logits logits = {x, VOCAB, 1, VOCAB, LOTTO_F32};
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.banned = LIST(banned, &two);
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.adjustments = &adjustments;
    float probs[VOCAB], mass;
    cr_assert_eq(
        lotto_softmax(reference(), &logits, &controls, probs, VOCAB, NULL, workspace, sizeof workspace, NULL),
        LOTTO_SUCCESS);
    cr_expect(probs[0] == 0 && is_near(probs[1], .5) && probs[2] == 0 && is_near(probs[3], .3) &&
              is_near(probs[4], .2));
    controls.default_top_p = .6f;
    cr_assert_eq(lotto_probs(reference(), &logits, &controls, probs, VOCAB, NULL, NULL, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    cr_expect(probs[0] == 0 && is_near(probs[1], .625) && probs[2] == 0 && is_near(probs[3], .375) &&
              probs[4] == 0);
    int32_t ids[VOCAB], kept, token;
    cr_assert_eq(lotto_top_p(reference(), &logits, &controls, VOCAB, ids, &kept, &mass, NULL, workspace,
                             sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    cr_expect(kept == 2 && ids[0] == 1 && ids[1] == 3 && is_near(mass, .8));
    cr_assert_eq(lotto_argmax(reference(), &logits, &token, NULL, workspace, sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    cr_expect_eq(token, 0);
}

/*
 * {3, 2, 1} is .67, .24, .09 at T = 1, and .87, .12, .02 at T = .5. p = .8 takes two of the former, one of the latter; min-p .3 likewise, as
 * e^-1 = .37 and e^-2 = .14. What is drawn from is 1 : e^-2 either way.
 */
Test(operations, temperature_last) {
    static const float x[] = {3, 2, 1};
    const double second = exp(-2), third = exp(-4);
    for (int order = LOTTO_ORDER_SEQUENTIAL; order <= LOTTO_ORDER_JOINT; order++)
        for (int min_p = 0; min_p <= 1; min_p++) {
            lotto_controls controls = LOTTO_CONTROLS_INIT;
            controls.order = (lotto_order)order;
            controls.default_temperature = .5f;
            controls.default_top_p = min_p ? 1 : .8f;
            controls.default_min_p = min_p ? .3f : 0;
            cr_expect_eq(sample(x, 3, &controls).kept, 1);
            controls.default_temperature_last = 1;
            struct answer answer = sample(x, 3, &controls);
            cr_expect_eq(answer.kept, 2);
            cr_expect(is_near(answer.prob, (answer.token == 0 ? 1 : second) / (1 + second)));
            cr_expect(is_near(answer.logprob, (answer.token == 0 ? 0 : -2) - log(1 + second)));
            cr_expect(is_near(answer.kept_mass, (1 + second) / (1 + second + third)));
            static const int32_t off = 0, on = -7;
            controls.temperature_last = &off;
            cr_expect_eq(sample(x, 3, &controls).kept, 1);
            controls.default_temperature_last = 0;
            controls.temperature_last = &on;
            cr_expect_eq(sample(x, 3, &controls).kept, 2);
            controls.default_temperature = 0;
            cr_expect_eq(sample(x, 3, &controls).kept, 1, "greedy rows stay greedy");
        }
}

/* ---- random rows -------------------------------------------------------------------------------------------------- */

static struct results *answer_on_reference(const struct request *request) {
    struct results *results = place_reference_answer(request, text, sizeof text);
    cr_assert_not_null(results, "%s (request 0x%" PRIx64 ")", text, request->seed);
    return results;
}

/* What the rows' statuses and controls show to have been met, so that no part of the law goes untried. */
struct met {
    int64_t rows, had_nan, had_pos_inf, empty, bad_control, bad_id, tempered_last;
};

static void count(struct met *met, const struct request *request, const struct results *results) {
    met->rows += request->logits.rows;
    for (int64_t row = 0; row < request->logits.rows && request->wanted[SAMPLE_STATUS]; row++) {
        uint32_t status = results->array[SAMPLE_STATUS][row];
        met->had_nan += (status & LOTTO_ROW_HAD_NAN) != 0;
        met->had_pos_inf += (status & LOTTO_ROW_HAD_POS_INF) != 0;
        met->empty += (status & LOTTO_ROW_EMPTY) != 0;
        met->bad_control += (status & LOTTO_ROW_BAD_CONTROL) != 0;
        met->bad_id += (status & LOTTO_ROW_BAD_ID) != 0;
        met->tempered_last += request_controls(request, row).temperature_last;
    }
}

static void random_rows_are_right(const char *what, uint64_t first_seed, int64_t least_rows,
                                  const struct request_limits *limits) {
    struct textbook_tally tally = {0};
    struct met met = {0};
    int64_t requests = 0, logits = 0;
    for (uint64_t seed = first_seed; met.rows < least_rows; seed++, requests++) {
        struct request *request = request_random(seed, limits);
        struct results *answers = answer_on_reference(request), *oracle = results_create(request);
        oracle_answer(request, oracle);
        bool same = results_equal(request, answers, "the reference", oracle, "the oracle", text, sizeof text);
        cr_assert(same, "%s", text);
        cr_assert(textbook_check(request, answers, &tally, text, sizeof text), "%s", text);
        count(&met, request, answers);
        logits += request->logits.rows * request->logits.vocab;
        results_destroy(answers);
        results_destroy(oracle);
        request_destroy(request);
    }
    printf("%s: %" PRId64 " requests, %" PRId64 " rows, %" PRId64
           " logits equal the oracle's in every result; HAD_NAN %" PRId64 ", HAD_POS_INF %" PRId64
           ", EMPTY %" PRId64 ", BAD_CONTROL %" PRId64 ", BAD_ID %" PRId64 ", temperature last %" PRId64
           "; the textbook agrees on %" PRId64 " rows, %" PRId64
           " of them with a cut too close for it to tell\n",
           what, requests, met.rows, logits, met.had_nan, met.had_pos_inf, met.empty, met.bad_control,
           met.bad_id, met.tempered_last, tally.rows, tally.close);
    cr_assert(met.had_nan && met.had_pos_inf && met.empty && met.bad_control && met.bad_id &&
              met.tempered_last);
    cr_assert_gt(tally.rows, 0);
}

Test(random_rows, small_vocabularies, .timeout = 600) {
    random_rows_are_right("vocabularies up to 300", 0x6000000, 10000,
                          &(struct request_limits){300, 3000, 40, true, false});
}

Test(random_rows, all_vocabularies, .timeout = 600) {
    random_rows_are_right("vocabularies up to 200000", 0x7000000, 2000,
                          &(struct request_limits){200000, 200000, 40, true, false});
}

/* One row of a request as a request of its own. */
static struct request *row_alone(const struct request *request, int64_t row) {
    struct request *alone =
        request_of(request_row(request, row), request->logits.dtype, 1, request->logits.vocab);
    struct row_controls controls = request_controls(request, row);
    lotto_adjustments adjustments = adjustments_of_row(&request->adjustments, row);
    alone->kinds[0] = request->kinds[row];
    alone->seeds[0] = request->seeds[row];
    alone->positions[0] = request->positions[row];
    alone->tokens[0] = request->tokens[row];
    request_set_controls(alone, &controls);
    request_set_adjustments(alone, &adjustments, 1);
    alone->k_max = request->k_max;
    alone->capacity = request->capacity;
    memcpy(alone->wanted, request->wanted, sizeof alone->wanted);
    return alone;
}

Test(each_row, gives_the_same_alone_as_in_a_batch, .timeout = 600) {
    for (uint64_t seed = 0x8000000; seed < 0x8000000 + 100; seed++) {
        struct request *request = request_random(seed, &(struct request_limits){2000, 5000, 20, true, false});
        struct results *together = answer_on_reference(request);
        for (int64_t row = 0; row < request->logits.rows; row++) {
            struct request *alone = row_alone(request, row);
            struct results *single = answer_on_reference(alone);
            for (int i = 0; i < RESULTS; i++) {
                enum result result = (enum result)i;
                if (result_is_of_verify(result))
                    continue; /* there are no sequences */
                const uint32_t *in_batch = together->array[i] + row * result_row_elements(request, result);
                cr_assert_arr_eq(single->array[i], in_batch, (size_t)result_row_elements(alone, result) * 4,
                                 "%s of row %" PRId64 ", request 0x%" PRIx64, result_name(result), row, seed);
            }
            results_destroy(single);
            request_destroy(alone);
        }
        results_destroy(together);
        request_destroy(request);
    }
}
