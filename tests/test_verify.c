/*
 * Speculative decoding: what becomes of drafts, by hand; each option beside them; random ones on the reference against the oracle. That what comes out is
 * distributed as the target is in test_chi_square.c.
 */
#include "kernels/arith.h"
#include "tests/oracle/answer.h"
#include "tests/oracle/verify.h"
#include "tests/reference_context.h"
#include "tests/rows/place.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static char text[1024];

/* At this temperature c = 1.44269504f / T is exactly 1, so a token n below the maximum weighs 2^(40 - n). */
#define POWERS_OF_TWO 1.44269504f

enum { MOST = 32, VOCAB = 8 };

static _Alignas(256) unsigned char workspace[1 << 12];

/* A call on the reference: what it is given, and what it gives. */
struct call {
    lotto_logits logits;
    lotto_drafts drafts;
    lotto_draws draws;
    lotto_controls controls;
    int32_t tokens[MOST], accepted[MOST];
    uint32_t status[MOST];
};

static uint64_t seeds[MOST], positions[MOST];

static struct call call_of(const void *rows, int64_t row_count, int64_t vocab, const int32_t *drafts,
                           int32_t count) {
    struct call call = {{rows, vocab, row_count, vocab, LOTTO_F32},
                        {sizeof call.drafts, drafts, NULL, count, NULL, vocab},
                        {sizeof call.draws, seeds, positions, 1, NULL, 0},
                        LOTTO_CONTROLS_INIT,
                        {0},
                        {0},
                        {0}};
    return call;
}

static void run(struct call *call) {
    lotto_verified verified = {sizeof verified, call->tokens, call->accepted, call->status};
    memset(call->tokens, 0xa5, sizeof call->tokens);
    cr_assert_eq(lotto_verify(reference(), &call->logits, &call->drafts, &call->draws, &call->controls,
                              &verified, workspace, sizeof workspace, NULL),
                 LOTTO_SUCCESS, "%s", lotto_context_error(reference()));
}

static void expect(const struct call *call, int sequence, const int32_t *tokens, int32_t accepted,
                   uint32_t status) {
    int places = call->drafts.count + 1;
    for (int place = 0; place < places; place++)
        cr_expect_eq(call->tokens[sequence * places + place], tokens[place],
                     "sequence %d: token %d is %d, not %d", sequence, place,
                     call->tokens[sequence * places + place], tokens[place]);
    cr_expect_eq(call->accepted[sequence], accepted, "sequence %d: %d accepted", sequence,
                 call->accepted[sequence]);
    cr_expect_eq(call->status[sequence], status, "sequence %d: status %" PRIu32, sequence,
                 call->status[sequence]);
}

/* ---- greedy ------------------------------------------------------------------------------------------------------- */

/* Rows of which the given token has the largest logit. */
static void peaks(float (*rows)[VOCAB], const int32_t *tokens, int count) {
    for (int row = 0; row < count; row++)
        for (int id = 0; id < VOCAB; id++)
            rows[row][id] = id == tokens[row] ? 1 : 0;
}

/* All accepted and one more; the second refused; a short draft, and no draft. What lies beyond a draft's length is not looked at. */
Test(greedy, by_hand) {
    static const int32_t firsts[] = {1, 2, 3, 4, 1, 5, 3, 4, 3, 4, 7, 7, 5, 0, 0, 0};
    static const int32_t drafts[] = {1, 2, 3, 1, 2, 3, 3, 99, -5, 9, 9, 9}, lengths[] = {3, 3, 1, 0};
    float rows[16][VOCAB];
    peaks(rows, firsts, 16);
    struct call call = call_of(rows, 16, VOCAB, drafts, 3);
    call.drafts.lengths = lengths;
    call.controls.default_temperature = 0;
    run(&call);
    expect(&call, 0, (int32_t[]){1, 2, 3, 4}, 3, 0);
    expect(&call, 1, (int32_t[]){1, 5, -1, -1}, 1, 0);
    expect(&call, 2, (int32_t[]){3, 4, -1, -1}, 1, 0);
    expect(&call, 3, (int32_t[]){5, -1, -1, -1}, 0, 0);
}

/* Whatever the draft's probabilities say, also where they add up to nothing or to more than 1. */
Test(greedy, heeds_no_probability) {
    static const int32_t firsts[] = {1, 2, 1, 2}, drafts[] = {1, 2};
    static const float probs[2][VOCAB] = {{1, 1, 1, 1, 1, 1, 1, 1}, {0}};
    float rows[4][VOCAB];
    peaks(rows, firsts, 4);
    struct call call = call_of(rows, 4, VOCAB, drafts, 1);
    call.drafts.probs = &probs[0][0];
    call.controls.default_temperature = 0;
    run(&call);
    expect(&call, 0, (int32_t[]){1, 2}, 1, 0);
    expect(&call, 1, (int32_t[]){1, -1}, 0, 0);
}

/* ---- accepting and drawing ---------------------------------------------------------------------------------------- */

static uint64_t number(uint32_t purpose, int position) {
    return oracle_random(seeds[0], positions[0] + (uint64_t)position, purpose, 0);
}

/* One draft of a row of weights 1/2, 1/4, 1/4 at many positions: what expected() says of its two numbers. */
static void judged(const float *probs, int32_t draft,
                   int32_t (*expected)(uint64_t accept, uint64_t residual)) {
    static const float rows[2][3] = {{0, -1, -1}, {0, -1, -1}};
    int accepted = 0, refused = 0;
    for (uint64_t position = 0; position < 200; position++) {
        seeds[0] = 5;
        positions[0] = position;
        struct call call = call_of(rows, 2, 3, &draft, 1);
        call.drafts.probs = probs;
        call.controls.default_temperature = POWERS_OF_TWO;
        run(&call);
        int32_t token = expected(number(1, 0), number(2, 0));
        bool is_accepted = token < 0;
        cr_assert_eq(call.accepted[0], is_accepted, "position %" PRIu64, position);
        cr_assert_eq(call.tokens[0], is_accepted ? draft : token, "position %" PRIu64, position);
        if (is_accepted) { /* and the next row's own token, of the quarter in which its number lies */
            static const int32_t of_quarter[] = {0, 0, 1, 2};
            cr_assert_eq(call.tokens[1], of_quarter[number(0, 1) >> 62], "position %" PRIu64, position);
        } else {
            cr_assert_eq(call.tokens[1], -1);
        }
        accepted += is_accepted;
        refused += !is_accepted;
    }
    printf("draft %d: %d accepted, %d refused\n", draft, accepted, refused);
}

static const float quarters[] = {0.25f, 0.5f, 0.25f};

static int32_t always(uint64_t accept, uint64_t residual) {
    (void)accept, (void)residual;
    return -1;
}

/* 1/4 against 1/2: half of them are accepted, and token 0 alone has more in the target. */
static int32_t half_or_0(uint64_t accept, uint64_t residual) {
    (void)residual;
    return accept >> 63 ? 0 : -1;
}

Test(drawn_drafts, by_hand) {
    judged(quarters, 1, half_or_0);
    judged(quarters, 0, always);
    judged(quarters, 2, always);
}

/* A quarter is accepted; of the others two thirds are 0, a third 2. */
static int32_t quarter_or_0_or_2(uint64_t accept, uint64_t residual) {
    return accept >> 62 == 0 ? -1 : residual < 0xaaaaaaaaaaaaaaabu ? 0 : 2;
}

Test(certain_drafts, by_hand) { judged(NULL, 1, quarter_or_0_or_2); }

/* Probabilities of 1 leave nothing of the target: it is drawn from as it is. A quarter is accepted. */
static int32_t quarter_or_any(uint64_t accept, uint64_t residual) {
    return accept >> 62 == 0 ? -1 : (int32_t[]){0, 0, 1, 2}[residual >> 62];
}

Test(drawn_drafts, an_empty_residual_is_the_target) {
    judged((float[]){1, 1, 1}, 2, quarter_or_any);
    judged((float[]){INFINITY, 2, 1}, 2, quarter_or_any);
}

/* What no draft has a probability for is accepted wherever the target keeps it: NaN, negative ones and what is too small count as 0. */
Test(drawn_drafts, of_no_probability) {
    const float none[] = {0, -1, NAN, -INFINITY, -0.0f, 0x1p-42f};
    for (int i = 0; i < 6; i++)
        judged((float[]){0.5f, none[i], 0.5f}, 1, always);
}

/* The filters drop token 2: it is never accepted, and 0 or 1 comes in its place, 2/3 to 1/3. */
Test(filters, what_is_dropped_is_refused) {
    static const float rows[2][3] = {{0, -1, -1}, {0, -1, -1}}, sure[] = {0, 0, 1};
    static const int32_t draft = 2;
    for (uint64_t position = 0; position < 100; position++) {
        positions[0] = position;
        struct call call = call_of(rows, 2, 3, &draft, 1);
        call.drafts.probs = sure;
        call.controls.default_temperature = POWERS_OF_TWO;
        call.controls.default_top_k = 2;
        run(&call);
        expect(&call, 0, (int32_t[]){number(2, 0) < 0xaaaaaaaaaaaaaaabu ? 0 : 1, -1}, 0, 0);
    }
}

Test(draft_mass, by_hand) {
    const uint64_t whole = 3 * ((uint64_t)1 << 40);
    cr_expect_eq(arith_draft_mass(1, whole), whole);
    cr_expect_eq(arith_draft_mass(2, whole), whole);
    cr_expect_eq(arith_draft_mass(0.5f, whole), whole / 2);
    cr_expect_eq(arith_draft_mass(0x1p-41f, whole), 1); /* 1.5 */
    cr_expect_eq(arith_draft_mass(0x1p-42f, whole), 0);
    cr_expect_eq(arith_draft_mass(NAN, whole), 0);
    cr_expect_eq(arith_draft_mass(-1, whole), 0);
    cr_expect_eq(arith_draft_mass(1 - 0x1p-24f, (uint64_t)1 << 60),
                 ((uint64_t)1 << 60) - ((uint64_t)1 << 36));
}

Test(draft_mass, equals_the_oracle) {
    for (uint64_t i = 0; i < 1000000; i++) {
        uint64_t random = oracle_random(1, i, 0, 0);
        float prob = arith_of_bits((uint32_t)random % 0x40800000u); /* up to 4 */
        uint64_t mass = oracle_random(2, i, 0, 0) >> (4 + random % 24);
        cr_assert_eq(arith_draft_mass(prob, mass), oracle_draft_mass(prob, mass), "%a of %" PRIu64,
                     (double)prob, mass);
    }
}

/* ---- rows and drafts that are none -------------------------------------------------------------------------------- */

/* Greedy sequences with drafts that are no tokens, a row without candidates, one that is skipped, one beyond the last, and a NaN. */
Test(nonsense, ends_its_sequence_alone) {
    enum { SEQUENCES = 6, PLACES = 3 };
    static const int32_t firsts[] = {1, 2, 3, 4};
    static const int32_t drafts[SEQUENCES * 2] = {1, VOCAB, -1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    static const int32_t rows_of[SEQUENCES * PLACES] = {0, 1,  2, 0,  1, 2, 0, 4, 2,
                                                        0, -1, 2, -9, 1, 2, 0, 1, 6};
    float rows[6][VOCAB];
    peaks(rows, firsts, 4);
    for (int id = 0; id < VOCAB; id++)
        rows[4][id] = -INFINITY;
    struct call call = call_of(rows, 6, VOCAB, drafts, 2);
    call.draws.logits_rows = rows_of;
    call.draws.requests = SEQUENCES * PLACES;
    call.controls.default_temperature = 0;
    run(&call);
    expect(&call, 0, (int32_t[]){1, 2, -1}, 1, LOTTO_ROW_BAD_ID);
    expect(&call, 1, (int32_t[]){1, -1, -1}, 0, LOTTO_ROW_BAD_ID);
    expect(&call, 2, (int32_t[]){1, -1, -1}, 1, LOTTO_ROW_EMPTY);
    expect(&call, 3, (int32_t[]){1, -1, -1}, 1, LOTTO_ROW_SKIPPED);
    expect(&call, 4, (int32_t[]){-1, -1, -1}, 0, LOTTO_ROW_SKIPPED);
    expect(&call, 5, (int32_t[]){1, 2, -1}, 2, LOTTO_ROW_BAD_CONTROL);
}

Test(nonsense, lengths_and_controls) {
    enum { SEQUENCES = 4 };
    static const int32_t firsts[2 * SEQUENCES] = {1, 2, 1, 2, 1, 2, 1, 2}, drafts[SEQUENCES] = {1, 1, 1, 1};
    static const int32_t lengths[SEQUENCES] = {-1, 2, 1, 1};
    static const float temperatures[SEQUENCES] = {0, 0, NAN, 0};
    float rows[2 * SEQUENCES][VOCAB];
    peaks(rows, firsts, 2 * SEQUENCES);
    rows[7][0] = NAN;
    struct call call = call_of(rows, 2 * SEQUENCES, VOCAB, drafts, 1);
    call.drafts.lengths = lengths;
    call.controls.temperature = temperatures;
    run(&call);
    for (int sequence = 0; sequence < 3; sequence++)
        expect(&call, sequence, (int32_t[]){-1, -1}, 0, LOTTO_ROW_BAD_CONTROL);
    expect(&call, 3, (int32_t[]){1, 2}, 1, LOTTO_ROW_HAD_NAN);
}

/* The status of rows behind the end is not told. */
Test(nonsense, behind_the_end_does_not_matter) {
    static const int32_t firsts[] = {1, 2}, drafts[] = {3};
    float rows[2][VOCAB];
    peaks(rows, firsts, 2);
    rows[1][0] = NAN;
    struct call call = call_of(rows, 2, VOCAB, drafts, 1);
    call.controls.default_temperature = 0;
    run(&call);
    expect(&call, 0, (int32_t[]){1, -1}, 0, 0);
}

/* ---- adjustments -------------------------------------------------------------------------------------------------- */

/* Token 5 has 100, token 6 has 99: a frequency penalty of 1.5 changes places after one 5, of .7 after two. The history is what stood there before. */
Test(adjustments, drafts_stand_in_the_history) {
    enum { SEQUENCES = 3, PLACES = 4 };
    static const int32_t drafts[SEQUENCES * 3] = {5, 5, 5, 5, 5, 5, 5, 5, 5};
    static const int32_t history[SEQUENCES * 2] = {0, 0, 1, 5, 0, 0}, lengths[SEQUENCES] = {0, 2, 0},
                                             prompt_lengths[SEQUENCES] = {0, 1, 0};
    static const float penalties[SEQUENCES] = {1.5f, 1.5f, 0.7f};
    float rows[SEQUENCES * PLACES][VOCAB];
    for (int row = 0; row < SEQUENCES * PLACES; row++)
        for (int id = 0; id < VOCAB; id++)
            rows[row][id] = id == 5 ? 100 : id == 6 ? 99 : -100;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.history = (lotto_id_lists){history, 2, lengths};
    adjustments.prompt_lengths = prompt_lengths;
    adjustments.frequency_penalty = penalties;
    struct call call = call_of(rows, SEQUENCES * PLACES, VOCAB, drafts, 3);
    call.controls.default_temperature = 0;
    call.controls.adjustments = &adjustments;
    run(&call);
    expect(&call, 0, (int32_t[]){5, 6, -1, -1}, 1, 0);
    expect(&call, 1, (int32_t[]){6, -1, -1, -1}, 0, 0);
    expect(&call, 2, (int32_t[]){5, 5, 6, -1}, 2, 0);
}

/* A stop token may come once three tokens are out, one of which stood there before. */
Test(adjustments, drafts_are_output) {
    enum { PLACES = 4 };
    static const int32_t drafts[] = {2, 2, 1}, history[] = {7, 7}, length = 2, prompt_length = 1, stop = 1,
                         one = 1, min_length = 3;
    float rows[PLACES][VOCAB];
    for (int row = 0; row < PLACES; row++)
        for (int id = 0; id < VOCAB; id++)
            rows[row][id] = id == 1 ? 9 : id == 2 ? 8 : 0;
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.history = (lotto_id_lists){history, 2, &length};
    adjustments.prompt_lengths = &prompt_length;
    adjustments.stops = (lotto_id_lists){&stop, 1, &one};
    adjustments.min_lengths = &min_length;
    struct call call = call_of(rows, PLACES, VOCAB, drafts, 3);
    call.controls.default_temperature = 0;
    call.controls.adjustments = &adjustments;
    run(&call);
    expect(&call, 0, (int32_t[]){2, 2, 1, 1}, 3, 0);
}

/* Each row has a mask of its own, by allowed_rows or one after another. */
Test(adjustments, masks_are_of_rows) {
    enum { PLACES = 3 };
    static const int32_t firsts[2 * PLACES] = {1, 1, 1, 1, 1, 1}, drafts[] = {1, 0, 1, 2};
    static const uint32_t masks[] = {0xff, 0xfd, 0xf4, 0xff, 0xf4, 0xff};
    static const int32_t mask_rows[2 * PLACES] = {-1, 1, 0, 5, 2, 3};
    float rows[2 * PLACES][VOCAB];
    peaks(rows, firsts, 2 * PLACES);
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.allowed = masks;
    adjustments.allowed_stride = 1;
    struct call call = call_of(rows, 2 * PLACES, VOCAB, drafts, 2);
    call.controls.default_temperature = 0;
    call.controls.adjustments = &adjustments;
    run(&call);
    expect(&call, 0, (int32_t[]){1, 0, 2}, 2, 0);
    expect(&call, 1, (int32_t[]){1, 2, 1}, 2, 0);
    adjustments.allowed_rows = mask_rows;
    run(&call);
    expect(&call, 0, (int32_t[]){1, 0, 1}, 2, 0);
    expect(&call, 1, (int32_t[]){1, 2, 1}, 2, 0);
}

/* ---- beside the other operations ---------------------------------------------------------------------------------- */

/* Without drafts it is lotto_sample(); a token behind accepted drafts is lotto_sample()'s at that position. */
Test(operations, no_draft_is_a_sample) {
    enum { ROWS = 8 };
    static const float row[VOCAB] = {0, 1, 2, 1, 0, 1, 2, 1};
    float rows[ROWS][VOCAB];
    int32_t tokens[ROWS], drafts[ROWS] = {0};
    for (int i = 0; i < ROWS; i++) {
        memcpy(rows[i], row, sizeof row);
        seeds[i] = 3;
        positions[i] = (uint64_t)i;
    }
    struct call call = call_of(rows, ROWS, VOCAB, NULL, 0);
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.tokens = tokens;
    cr_assert_eq(lotto_sample(reference(), &call.logits, &call.draws, &call.controls, &samples, workspace,
                              sizeof workspace, NULL),
                 LOTTO_SUCCESS);
    run(&call);
    for (int i = 0; i < ROWS; i++)
        expect(&call, i, &tokens[i], 0, 0);

    static const float none[VOCAB]; /* accepted whatever its number */
    call = call_of(rows, 2, VOCAB, drafts, 1);
    call.drafts.probs = none;
    for (int i = 0; i < ROWS - 1; i++) {
        positions[0] = (uint64_t)i;
        run(&call);
        expect(&call, 0, (int32_t[]){0, tokens[i + 1]}, 1, 0);
    }
}

/* ---- random ones -------------------------------------------------------------------------------------------------- */

static struct results *answer_on_reference(const struct request *request) {
    struct results *results = place_reference_answer(request, text, sizeof text);
    cr_assert_not_null(results, "%s (request 0x%" PRIx64 ")", text, request->seed);
    return results;
}

static void random_sequences_are_right(uint64_t first_seed, int64_t least_rows,
                                       const struct request_limits *limits) {
    int64_t rows = 0, sequences = 0, drafts = 0, accepted = 0, refused = 0;
    for (uint64_t seed = first_seed; rows < least_rows; seed++) {
        struct request *request = request_random(seed, limits);
        for (int result = 0; result < RESULTS; result++)
            request->wanted[result] = result_is_of_verify((enum result)result);
        struct results *reference = answer_on_reference(request), *oracle = results_create(request);
        oracle_verify(request, oracle);
        cr_assert(results_equal(request, reference, "the reference", oracle, "the oracle", text, sizeof text),
                  "%s", text);
        rows += request->sequences * (request->draft_count + 1);
        sequences += request->sequences;
        drafts += request->sequences * request->draft_count;
        for (int64_t i = 0; i < request->sequences; i++) {
            int32_t of_sequence = (int32_t)reference->array[VERIFY_ACCEPTED][i];
            accepted += of_sequence;
            refused += of_sequence < request->draft_count;
        }
        results_destroy(reference);
        results_destroy(oracle);
        request_destroy(request);
    }
    printf("%" PRId64 " rows of %" PRId64 " sequences, %" PRId64 " drafts, %" PRId64 " accepted, %" PRId64
           " sequences cut: the reference equals the oracle\n",
           rows, sequences, drafts, accepted, refused);
    cr_assert(accepted > rows / 20 && refused > rows / 20);
}

Test(random_sequences, small_vocabularies, .timeout = 600) {
    random_sequences_are_right(0xd000000, 5000, &(struct request_limits){300, 3000, 40, false, true});
}

Test(random_sequences, adjusted, .timeout = 600) {
    random_sequences_are_right(0xe000000, 5000, &(struct request_limits){300, 3000, 40, true, true});
}

Test(random_sequences, all_vocabularies, .timeout = 600) {
    random_sequences_are_right(0xf000000, 300, &(struct request_limits){200000, 100000, 10, true, true});
}
