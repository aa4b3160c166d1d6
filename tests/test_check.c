/* Every argument that is not allowed is refused with its own sentence, and nothing is written. */
#include <lotto/lotto.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { ROWS = 2, VOCAB = 4, UNTOUCHED = 77 };

/* All arguments of all operations, good ones to begin with. */
static struct arguments {
    lotto_context *context;
    float data[ROWS][VOCAB];
    lotto_logits logits;
    lotto_controls controls;
    lotto_adjustments adjustments;
    uint64_t numbers[ROWS];
    lotto_draws draws;
    int32_t tokens[ROWS * VOCAB];
    lotto_samples samples;
    int32_t some_tokens[ROWS];
    const int32_t *given_tokens;
    float probs[ROWS * VOCAB];
    int64_t stride, capacity;
    int32_t *ids;
    float *probs_output;
    lotto_drafts drafts;
    lotto_verified verified;
    char *workspace;
    size_t workspace_bytes;
} a;

static _Alignas(256) char workspace[4096];

static void reset(void) {
    lotto_context_destroy(a.context);
    a = (struct arguments){.data = {{1, 3, 2, 3}, {0, 1, 2, 3}}, .stride = VOCAB, .capacity = 3};
    cr_assert_eq(lotto_context_create(&a.context, LOTTO_DEVICE_REFERENCE), LOTTO_SUCCESS);
    a.logits = (lotto_logits){a.data, VOCAB, ROWS, VOCAB, LOTTO_F32};
    a.controls = (lotto_controls)LOTTO_CONTROLS_INIT;
    a.adjustments = (lotto_adjustments)LOTTO_ADJUSTMENTS_INIT;
    a.draws = (lotto_draws){sizeof a.draws, a.numbers, a.numbers, 1, NULL, 0};
    for (int i = 0; i < ROWS * VOCAB; i++) {
        a.tokens[i] = UNTOUCHED;
        a.probs[i] = UNTOUCHED;
    }
    a.samples = (lotto_samples)LOTTO_SAMPLES_INIT;
    a.samples.tokens = a.ids = a.tokens;
    a.given_tokens = a.some_tokens;
    a.probs_output = a.probs;
    a.drafts = (lotto_drafts){sizeof a.drafts, a.some_tokens, NULL, 1, NULL, 0};
    a.verified = (lotto_verified){sizeof a.verified, a.tokens, NULL, NULL};
    a.workspace = workspace;
    a.workspace_bytes = sizeof workspace;
}

static lotto_status call_sample(void) {
    return lotto_sample(a.context, &a.logits, &a.draws, &a.controls, &a.samples, a.workspace,
                        a.workspace_bytes, NULL);
}
static lotto_status call_argmax(void) {
    return lotto_argmax(a.context, &a.logits, a.ids, NULL, a.workspace, a.workspace_bytes, NULL);
}
static lotto_status call_softmax(void) {
    return lotto_softmax(a.context, &a.logits, &a.controls, a.probs_output, a.stride, NULL, a.workspace,
                         a.workspace_bytes, NULL);
}
static lotto_status call_probs(void) {
    return lotto_probs(a.context, &a.logits, &a.controls, a.probs_output, a.stride, NULL, NULL, a.workspace,
                       a.workspace_bytes, NULL);
}
static lotto_status call_top_k(void) {
    return lotto_top_k(a.context, &a.logits, &a.controls, a.capacity, a.ids, NULL, NULL, NULL, a.workspace,
                       a.workspace_bytes, NULL);
}
static lotto_status call_top_p(void) {
    return lotto_top_p(a.context, &a.logits, &a.controls, a.capacity, a.ids, NULL, NULL, NULL, a.workspace,
                       a.workspace_bytes, NULL);
}
static lotto_status call_logprobs(void) {
    return lotto_logprobs(a.context, &a.logits, a.given_tokens, a.probs_output, a.ids, NULL, a.workspace,
                          a.workspace_bytes, NULL);
}
static lotto_status call_verify(void) {
    return lotto_verify(a.context, &a.logits, &a.drafts, &a.draws, &a.controls, &a.verified, a.workspace,
                        a.workspace_bytes, NULL);
}

typedef lotto_status call(void);
static call *const all_calls[] = {call_sample, call_argmax, call_softmax,  call_probs,
                                  call_top_k,  call_top_p,  call_logprobs, call_verify};
enum { CALLS = sizeof all_calls / sizeof *all_calls };

static void expect_refusal(call *call, const char *sentence) {
    cr_expect_eq(call(), LOTTO_INVALID_ARGUMENT, "accepted what should give: %s", sentence);
    cr_expect_str_eq(lotto_context_error(a.context), sentence);
    for (int i = 0; i < ROWS * VOCAB; i++) {
        cr_expect_eq(a.tokens[i], UNTOUCHED);
        cr_expect_eq(a.probs[i], UNTOUCHED);
    }
}

/* After `change` to good arguments, `call` refuses with `sentence`. */
#define REFUSED(call, change, sentence) (reset(), (change), expect_refusal(call, sentence))

Test(check, good_arguments_are_accepted) {
    for (int i = 0; i < CALLS; i++) {
        reset();
        cr_expect_eq(all_calls[i](), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
        cr_expect_str_eq(lotto_context_error(a.context), "");
    }
}

Test(check, an_error_is_forgotten_by_the_next_call) {
    REFUSED(call_argmax, a.logits.vocab = 0, "logits.vocab is 0; must be 1 to 1048576");
    a.logits.vocab = VOCAB;
    cr_expect_eq(call_argmax(), LOTTO_SUCCESS);
    cr_expect_str_eq(lotto_context_error(a.context), "");
}

Test(check, logits_of_every_operation) {
    char sentence[200];
    for (int i = 0; i < CALLS; i++) {
        call *call = all_calls[i];
        REFUSED(call, a.logits.rows = -1, "logits.rows is -1; must be 0 to 2147483647");
        REFUSED(call, a.logits.rows = INT64_C(1) << 31, "logits.rows is 2147483648; must be 0 to 2147483647");
        REFUSED(call, a.logits.vocab = 0, "logits.vocab is 0; must be 1 to 1048576");
        REFUSED(call, a.logits.vocab = -5, "logits.vocab is -5; must be 1 to 1048576");
        REFUSED(call, a.logits.vocab = 1048577, "logits.vocab is 1048577; must be 1 to 1048576");
        REFUSED(call, a.logits.row_stride = 3, "logits.row_stride is 3; must be vocab (4) or more");
        REFUSED(call, a.logits.row_stride = INT64_MAX,
                "logits.row_stride is 9223372036854775807; must be at most 1152921504606846975 for 2 rows");
        REFUSED(call, a.logits.dtype = (lotto_dtype)3,
                "logits.dtype is 3; must be LOTTO_F32 (0), LOTTO_F16 (1) or LOTTO_BF16 (2)");
        REFUSED(call, a.logits.data = NULL, "logits.data is NULL; must be given");
        reset();
        a.logits.data = (char *)a.data + 1;
        snprintf(sentence, sizeof sentence, "logits.data is %p; must be aligned to its elements of 4 bytes",
                 a.logits.data);
        expect_refusal(call, sentence);
        a.logits.dtype = LOTTO_BF16;
        snprintf(sentence, sizeof sentence, "logits.data is %p; must be aligned to its elements of 2 bytes",
                 a.logits.data);
        expect_refusal(call, sentence);
    }
}

Test(check, null_structures) {
    reset();
    cr_expect_eq(lotto_argmax(NULL, &a.logits, a.tokens, NULL, NULL, 0, NULL), LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_context_create(NULL, LOTTO_DEVICE_REFERENCE), LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_argmax(a.context, NULL, a.tokens, NULL, NULL, 0, NULL), LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "logits is NULL; must be given");
    cr_expect_eq(
        lotto_softmax(a.context, &a.logits, NULL, a.probs, VOCAB, NULL, workspace, sizeof workspace, NULL),
        LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "controls is NULL; must be given");
    cr_expect_eq(
        lotto_sample(a.context, &a.logits, NULL, &a.controls, &a.samples, workspace, sizeof workspace, NULL),
        LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "draws is NULL; must be given");
    cr_expect_eq(
        lotto_sample(a.context, &a.logits, &a.draws, &a.controls, NULL, workspace, sizeof workspace, NULL),
        LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "samples is NULL; must be given");
    cr_expect_str_eq(lotto_context_error(NULL), "");
}

Test(check, controls) {
    call *const calls[] = {call_sample, call_probs};
    for (int i = 0; i < 2; i++) {
        call *call = calls[i];
        REFUSED(call, a.controls.struct_size = 8,
                "controls.struct_size is 8; must be 88, as its INIT macro sets it");
        REFUSED(call, a.controls.default_temperature = -1.0f,
                "controls.default_temperature is -1; must be finite and 0 (greedy) or more");
        REFUSED(call, a.controls.default_temperature = INFINITY,
                "controls.default_temperature is inf; must be finite and 0 (greedy) or more");
        REFUSED(call, a.controls.default_temperature = NAN,
                "controls.default_temperature is nan; must be finite and 0 (greedy) or more");
        REFUSED(call, a.controls.default_top_k = -2, "controls.default_top_k is -2; must be 0 (off) or more");
        REFUSED(call, a.controls.default_top_p = 1.5f, "controls.default_top_p is 1.5; must be 0 to 1 (off)");
        REFUSED(call, a.controls.default_top_p = -0.5f,
                "controls.default_top_p is -0.5; must be 0 to 1 (off)");
        REFUSED(call, a.controls.default_top_p = NAN, "controls.default_top_p is nan; must be 0 to 1 (off)");
        REFUSED(call, a.controls.default_min_p = 2.0f, "controls.default_min_p is 2; must be 0 (off) to 1");
        REFUSED(call, a.controls.default_min_p = -0.25f,
                "controls.default_min_p is -0.25; must be 0 (off) to 1");
        REFUSED(call, a.controls.default_top_p = nextafterf(1.0f, 2.0f),
                "controls.default_top_p is 1.00000012; must be 0 to 1 (off)");
        REFUSED(call, a.controls.default_min_p = NAN, "controls.default_min_p is nan; must be 0 (off) to 1");
        REFUSED(call, a.controls.order = (lotto_order)7,
                "controls.order is 7; must be LOTTO_ORDER_SEQUENTIAL (0), _MIN_P_LAST (1) or _JOINT (2)");
    }
}

Test(check, controls_that_an_operation_does_not_read) {
    static const float probabilities[ROWS] = {0.5f, 0.5f};
    static const int32_t counts[ROWS] = {1, 1};
    const char *temperature = "controls.temperature is set; this operation does not read it, leave it off";
    const char *top_k = "controls.top_k is set; this operation does not read it, leave it off";
    const char *top_p = "controls.top_p is set; this operation does not read it, leave it off";
    const char *min_p = "controls.min_p is set; this operation does not read it, leave it off";
    REFUSED(call_top_k, a.controls.default_temperature = 0.5f, temperature);
    REFUSED(call_top_k, a.controls.temperature = probabilities, temperature);
    REFUSED(call_softmax, a.controls.default_top_k = 1, top_k);
    REFUSED(call_softmax, a.controls.top_k = counts, top_k);
    REFUSED(call_top_p, a.controls.top_k = counts, top_k);
    REFUSED(call_softmax, a.controls.default_top_p = 0.5f, top_p);
    REFUSED(call_top_k, a.controls.top_p = probabilities, top_p);
    REFUSED(call_top_p, a.controls.default_min_p = 0.5f, min_p);
    REFUSED(call_top_k, a.controls.min_p = probabilities, min_p);
    const char *last = "controls.temperature_last is set; this operation does not read it, leave it off";
    call *const calls[] = {call_softmax, call_top_k, call_top_p};
    for (int i = 0; i < 3; i++) {
        REFUSED(calls[i], a.controls.temperature_last = counts, last);
        REFUSED(calls[i], a.controls.default_temperature_last = -1, last);
    }
}

static call *const adjusted_calls[] = {call_sample, call_softmax, call_probs, call_top_k, call_top_p};
enum { ADJUSTED_CALLS = sizeof adjusted_calls / sizeof *adjusted_calls };

/* After `change` to adjustments that are all off, every operation that reads them refuses with `sentence`. */
#define ADJUSTED_REFUSED(change, sentence)                                                                   \
    do                                                                                                       \
        for (int i = 0; i < ADJUSTED_CALLS; i++) {                                                           \
            reset();                                                                                         \
            a.controls.adjustments = &a.adjustments;                                                         \
            (void)(change);                                                                                  \
            expect_refusal(adjusted_calls[i], sentence);                                                     \
        }                                                                                                    \
    while (0)

static const int32_t integers[ROWS * 2];
static const float floats[ROWS * 2] = {1, 1, 1, 1};
static const uint32_t words[ROWS * 2];

Test(check, adjustments) {
    ADJUSTED_REFUSED(a.adjustments.struct_size = 8,
                     "adjustments.struct_size is 8; must be 192, as its INIT macro sets it");
    ADJUSTED_REFUSED(a.adjustments.allowed = words,
                     "adjustments.allowed_stride is 0; must be 1 to 1073741824");
    ADJUSTED_REFUSED((a.adjustments.allowed = words, a.adjustments.allowed_stride = (1 << 30) + 1),
                     "adjustments.allowed_stride is 1073741825; must be 1 to 1073741824");
    ADJUSTED_REFUSED(a.adjustments.default_repetition_penalty = 0,
                     "adjustments.default_repetition_penalty is 0; must be finite and above 0 (1: off)");
    ADJUSTED_REFUSED(a.adjustments.default_repetition_penalty = INFINITY,
                     "adjustments.default_repetition_penalty is inf; must be finite and above 0 (1: off)");
    ADJUSTED_REFUSED(a.adjustments.default_repetition_penalty = NAN,
                     "adjustments.default_repetition_penalty is nan; must be finite and above 0 (1: off)");
    ADJUSTED_REFUSED(a.adjustments.default_frequency_penalty = -INFINITY,
                     "adjustments.default_frequency_penalty is -inf; must be finite (0: off)");
    ADJUSTED_REFUSED(a.adjustments.default_presence_penalty = NAN,
                     "adjustments.default_presence_penalty is nan; must be finite (0: off)");
}

/* A mask of 33 tokens has two words a row. */
Test(check, words_of_a_mask) {
    static float logits[33];
    reset();
    a.logits = (lotto_logits){logits, 33, 1, 33, LOTTO_F32};
    a.stride = 33;
    a.controls.adjustments = &a.adjustments;
    a.adjustments.allowed = words;
    a.adjustments.allowed_stride = 1;
    expect_refusal(call_sample, "adjustments.allowed_stride is 1; must be 2 to 1073741824");
    a.adjustments.allowed_stride = 2;
    cr_expect_eq(call_sample(), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
}

Test(check, lists_of_adjustments) {
    static const struct {
        const char *name;
        size_t lists;
    } lists[] = {{"banned", offsetof(lotto_adjustments, banned)},
                 {"stops", offsetof(lotto_adjustments, stops)},
                 {"biased", offsetof(lotto_adjustments, biased)},
                 {"history", offsetof(lotto_adjustments, history)}};
    char sentence[200];
    for (int list = 0; list < 4; list++) {
        lotto_id_lists *changed = (lotto_id_lists *)((char *)&a.adjustments + lists[list].lists);
        snprintf(sentence, sizeof sentence, "adjustments.%s.stride is -1; must be 0 to 16777216",
                 lists[list].name);
        ADJUSTED_REFUSED((*changed = (lotto_id_lists){integers, -1, integers}, 0), sentence);
        snprintf(sentence, sizeof sentence, "adjustments.%s.stride is 16777217; must be 0 to 16777216",
                 lists[list].name);
        ADJUSTED_REFUSED((*changed = (lotto_id_lists){integers, 16777217, integers}, 0), sentence);
        snprintf(sentence, sizeof sentence, "adjustments.%s.lengths is NULL; must be given",
                 lists[list].name);
        ADJUSTED_REFUSED((*changed = (lotto_id_lists){integers, 2, NULL}, 0), sentence);
    }
}

Test(check, adjustments_that_need_another) {
    const lotto_id_lists list = {integers, 2, integers};
    ADJUSTED_REFUSED(a.adjustments.allowed_rows = integers,
                     "adjustments.allowed_rows is set; adjustments.allowed must be given with it");
    ADJUSTED_REFUSED((a.adjustments.stops = list, 0),
                     "adjustments.stops is set; adjustments.min_lengths must be given with it");
    ADJUSTED_REFUSED(a.adjustments.min_lengths = integers,
                     "adjustments.min_lengths is set; adjustments.history.ids must be given with it");
    ADJUSTED_REFUSED((a.adjustments.biased = list, 0),
                     "adjustments.biased is set; adjustments.biases must be given with it");
    ADJUSTED_REFUSED(a.adjustments.biases = floats,
                     "adjustments.biases is set; adjustments.biased.ids must be given with it");
    ADJUSTED_REFUSED(a.adjustments.prompt_lengths = integers,
                     "adjustments.prompt_lengths is set; adjustments.history.ids must be given with it");
    const char *repetition =
        "adjustments.repetition_penalty is set; adjustments.history.ids must be given with it";
    const char *frequency =
        "adjustments.frequency_penalty is set; adjustments.history.ids must be given with it";
    const char *presence =
        "adjustments.presence_penalty is set; adjustments.history.ids must be given with it";
    ADJUSTED_REFUSED(a.adjustments.repetition_penalty = floats, repetition);
    ADJUSTED_REFUSED(a.adjustments.default_repetition_penalty = 2, repetition);
    ADJUSTED_REFUSED(a.adjustments.frequency_penalty = floats, frequency);
    ADJUSTED_REFUSED(a.adjustments.default_frequency_penalty = -1, frequency);
    ADJUSTED_REFUSED(a.adjustments.presence_penalty = floats, presence);
    ADJUSTED_REFUSED(a.adjustments.default_presence_penalty = 1, presence);
}

/* Everything at once; without rows, everything that is set may do without what it needs. */
Test(check, good_adjustments_are_accepted) {
    const lotto_id_lists list = {integers, 2, integers};
    const lotto_adjustments everything = {
        sizeof everything, words,  1,      integers, list, list, integers, list, floats, list,
        integers,          floats, floats, floats,   2,    -1,   1};
    for (int i = 0; i < ADJUSTED_CALLS; i++) {
        reset();
        a.controls.adjustments = &a.adjustments;
        cr_expect_eq(adjusted_calls[i](), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
        a.adjustments = everything;
        cr_expect_eq(adjusted_calls[i](), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
        a.adjustments.prompt_lengths = NULL;
        a.adjustments.banned.stride = 0;
        cr_expect_eq(adjusted_calls[i](), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
        a.logits.rows = 0;
        a.adjustments.allowed = NULL;
        a.adjustments.banned.lengths = a.adjustments.history.ids = a.adjustments.min_lengths = NULL;
        a.adjustments.biases = NULL;
        cr_expect_eq(adjusted_calls[i](), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
    }
}

Test(check, outputs_and_draws) {
    REFUSED(call_argmax, a.ids = NULL, "tokens is NULL; must be given");
    REFUSED(call_top_k, a.ids = NULL, "ids is NULL; must be given");
    REFUSED(call_top_p, a.ids = NULL, "ids is NULL; must be given");
    REFUSED(call_softmax, a.probs_output = NULL, "probs is NULL; must be given");
    REFUSED(call_probs, a.probs_output = NULL, "probs is NULL; must be given");
    REFUSED(call_softmax, a.stride = 3, "probs_stride is 3; must be vocab (4) or more");
    REFUSED(call_probs, a.stride = INT64_MAX,
            "probs_stride is 9223372036854775807; must be at most 1152921504606846975 for 2 rows");
    REFUSED(call_probs, a.stride = 3, "probs_stride is 3; must be vocab (4) or more");
    REFUSED(call_top_k, a.capacity = 0, "k_max is 0; must be 1 to vocab (4)");
    REFUSED(call_top_k, a.capacity = 5, "k_max is 5; must be 1 to vocab (4)");
    REFUSED(call_top_p, a.capacity = -1, "capacity is -1; must be 1 to vocab (4)");
    REFUSED(call_top_p, a.capacity = 5, "capacity is 5; must be 1 to vocab (4)");
    REFUSED(call_sample, a.samples.struct_size = 0,
            "samples.struct_size is 0; must be 104, as its INIT macro sets it");
    REFUSED(call_sample, a.samples.tokens = NULL, "samples.tokens is NULL; must be given");
    REFUSED(call_sample, a.draws.struct_size = 1,
            "draws.struct_size is 1; must be 48, as its INIT macro sets it");
    REFUSED(call_sample, a.draws.seeds = NULL, "draws.seeds is NULL; must be given");
    REFUSED(call_sample, a.draws.positions = NULL, "draws.positions is NULL; must be given");
    REFUSED(call_logprobs, a.given_tokens = NULL, "tokens is NULL; must be given");
    REFUSED(call_logprobs, a.probs_output = NULL, "logprobs is NULL; must be given");
}

Test(check, many_draws_and_likeliest_tokens) {
    REFUSED(call_sample, a.draws.count = 0, "draws.count is 0; must be 1 to 1048576");
    REFUSED(call_sample, a.draws.count = -1, "draws.count is -1; must be 1 to 1048576");
    REFUSED(call_sample, a.draws.count = 1048577, "draws.count is 1048577; must be 1 to 1048576");
    REFUSED(call_sample, a.samples.top_n = -1, "samples.top_n is -1; must be 0 to 64");
    REFUSED(call_sample, a.samples.top_n = 65, "samples.top_n is 65; must be 0 to 64");
    REFUSED(call_sample, a.samples.top_ids = a.tokens, "samples.top_n is 0; must be 1 to 64");
    REFUSED(call_sample, a.samples.top_logprobs = a.probs, "samples.top_n is 0; must be 1 to 64");
    REFUSED(call_sample, a.samples.top_of = (lotto_logprobs_of)2,
            "samples.top_of is 2; must be LOTTO_LOGPROBS_KEPT (0) or LOTTO_LOGPROBS_MODEL (1)");
    reset();
    a.samples.top_n = 64;
    cr_expect_eq(call_sample(), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
}

Test(check, requests) {
    static const int32_t last[5] = {1, 1, 1, 1, 1};
    static const uint64_t numbers[5];
    REFUSED(call_sample, a.draws.requests = -1, "draws.requests is -1; must be 0 to 2147483647");
    REFUSED(call_sample, a.draws.requests = INT64_C(1) << 31,
            "draws.requests is 2147483648; must be 0 to 2147483647");
    REFUSED(call_sample, a.draws.requests = 3,
            "draws.requests is 3; must be 0 or logits.rows (2) without draws.logits_rows");
    reset();
    a.draws.requests = ROWS;
    cr_expect_eq(call_sample(), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
    reset();
    a.draws = (lotto_draws){sizeof a.draws, numbers, numbers, 1, last, 5};
    cr_expect_eq(call_sample(), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
    cr_expect(a.tokens[4] != UNTOUCHED && a.tokens[5] == UNTOUCHED);
    reset();
    a.draws = (lotto_draws){sizeof a.draws, NULL, NULL, 1, last, 0};
    a.samples.tokens = NULL;
    a.workspace = NULL;
    a.workspace_bytes = 0;
    cr_expect_eq(call_sample(), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
    a.draws.requests = 1;
    expect_refusal(call_sample, "draws.seeds is NULL; must be given"); /* required of requests, not of rows */
}

Test(check, drafts) {
    REFUSED(call_verify, a.drafts.struct_size = 0,
            "drafts.struct_size is 0; must be 48, as its INIT macro sets it");
    REFUSED(call_verify, a.drafts.count = -1, "drafts.count is -1; must be 0 to 1024");
    REFUSED(call_verify, a.drafts.count = 1025, "drafts.count is 1025; must be 0 to 1024");
    REFUSED(call_verify, a.drafts.count = 2, "logits.rows is 2; must be a multiple of drafts.count + 1 (3)");
    REFUSED(call_verify, (a.draws.logits_rows = integers, a.draws.requests = 3),
            "draws.requests is 3; must be a multiple of drafts.count + 1 (2)");
    REFUSED(call_verify, a.drafts.tokens = NULL, "drafts.tokens is NULL; must be given");
    REFUSED(call_verify, (a.drafts.probs = a.probs, a.drafts.probs_stride = 3),
            "drafts.probs_stride is 3; must be vocab (4) or more");
    REFUSED(call_verify, a.draws.count = 2, "draws.count is 2; must be 1 beside drafts");
    REFUSED(call_verify, a.draws.requests = 4,
            "draws.requests is 4; must be 0 or logits.rows (2) without draws.logits_rows");
    REFUSED(call_verify, a.draws.seeds = NULL, "draws.seeds is NULL; must be given");
    REFUSED(call_verify, a.verified.struct_size = 8,
            "verified.struct_size is 8; must be 32, as its INIT macro sets it");
    REFUSED(call_verify, a.verified.tokens = NULL, "verified.tokens is NULL; must be given");
    reset();
    a.drafts = (lotto_drafts)LOTTO_DRAFTS_INIT; /* no draft needs no array */
    cr_expect_eq(call_verify(), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
    cr_expect_eq(lotto_verify(a.context, &a.logits, NULL, &a.draws, &a.controls, &a.verified, a.workspace,
                              a.workspace_bytes, NULL),
                 LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_verify(a.context, &a.logits, &a.drafts, &a.draws, &a.controls, NULL, a.workspace,
                              a.workspace_bytes, NULL),
                 LOTTO_INVALID_ARGUMENT);
}

Test(check, workspace) {
    char sentence[200];
    for (int i = 0; i < CALLS; i++) {
        REFUSED(all_calls[i], a.workspace_bytes = 255, "workspace_bytes is 255; must be 256 or more");
        REFUSED(all_calls[i], a.workspace = NULL, "workspace is NULL; must be given");
        reset();
        a.workspace = workspace + 8;
        snprintf(sentence, sizeof sentence, "workspace is %p; must be 256-byte aligned", (void *)a.workspace);
        expect_refusal(all_calls[i], sentence);
    }
}

Test(check, workspace_queries) {
    size_t bytes = 0;
    reset();
    a.logits.data = NULL;
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, &a.draws, &a.controls, &bytes), LOTTO_SUCCESS);
    cr_expect_eq(bytes, 256);
    lotto_draws nowhere = LOTTO_DRAWS_INIT; /* arrays may come later */
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, &nowhere, &a.controls, &bytes), LOTTO_SUCCESS);
    cr_expect_eq(bytes, 256);
    nowhere.requests = -1;
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, &nowhere, &a.controls, &bytes),
                 LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "draws.requests is -1; must be 0 to 2147483647");
    nowhere.logits_rows = integers;
    nowhere.requests = 0;
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, &nowhere, &a.controls, &bytes), LOTTO_SUCCESS);
    cr_expect_eq(bytes, 0);
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, NULL, &a.controls, &bytes),
                 LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_logprobs_workspace(a.context, &a.logits, &bytes), LOTTO_SUCCESS);
    cr_expect_eq(bytes, 256);
    cr_expect_eq(lotto_logprobs_workspace(a.context, NULL, &bytes), LOTTO_INVALID_ARGUMENT);
    a.drafts.tokens = NULL;
    cr_expect_eq(lotto_verify_workspace(a.context, &a.logits, &a.drafts, &a.draws, &a.controls, &bytes),
                 LOTTO_SUCCESS);
    cr_expect_eq(bytes, 256);
    a.drafts.count = 2;
    cr_expect_eq(lotto_verify_workspace(a.context, &a.logits, &a.drafts, &a.draws, &a.controls, &bytes),
                 LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_softmax_workspace(a.context, &a.logits, &a.controls, NULL), LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "bytes is NULL; must be given");
    cr_expect_eq(lotto_probs_workspace(a.context, NULL, &a.controls, &bytes), LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_top_k_workspace(a.context, &a.logits, &a.controls, 0, &bytes), LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_top_p_workspace(a.context, &a.logits, &a.controls, 5, &bytes), LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, &a.draws, NULL, &bytes),
                 LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "controls is NULL; must be given");
    /* Whether there are adjustments is all that matters: their arrays need not be there yet. */
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.default_presence_penalty = 1; /* which needs a history */
    a.controls.adjustments = &adjustments;
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, &a.draws, &a.controls, &bytes), LOTTO_SUCCESS);
    adjustments.struct_size = 8;
    cr_expect_eq(lotto_sample_workspace(a.context, &a.logits, &a.draws, &a.controls, &bytes),
                 LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context),
                     "adjustments.struct_size is 8; must be 192, as its INIT macro sets it");
    a.logits.vocab = 0;
    cr_expect_eq(lotto_argmax_workspace(a.context, &a.logits, &bytes), LOTTO_INVALID_ARGUMENT);
    cr_expect_eq(lotto_argmax_workspace(NULL, &a.logits, &bytes), LOTTO_INVALID_ARGUMENT);
}

Test(check, no_rows_need_nothing) {
    for (int i = 0; i < CALLS; i++) {
        reset();
        a.logits.rows = 0;
        a.logits.data = NULL;
        a.ids = a.samples.tokens = NULL;
        a.given_tokens = NULL;
        a.probs_output = NULL;
        a.draws.seeds = a.draws.positions = NULL;
        a.workspace = NULL;
        a.workspace_bytes = 0;
        cr_expect_eq(all_calls[i](), LOTTO_SUCCESS, "%s", lotto_context_error(a.context));
    }
}

Test(check, device_info) {
    reset();
    lotto_device device = LOTTO_DEVICE_INIT;
    cr_expect_eq(lotto_device_info(a.context, &device), LOTTO_SUCCESS);
    cr_expect_eq(device.index, LOTTO_DEVICE_REFERENCE);
    cr_expect_str_eq(device.name, "CPU reference");
    device.struct_size = 1;
    cr_expect_eq(lotto_device_info(a.context, &device), LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context),
                     "device.struct_size is 1; must be 280, as its INIT macro sets it");
    cr_expect_eq(lotto_device_info(a.context, NULL), LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_context_error(a.context), "device is NULL; must be given");
    cr_expect_eq(lotto_device_info(NULL, &device), LOTTO_INVALID_ARGUMENT);
    cr_expect_str_eq(lotto_version(), "0.1.0");
    cr_expect_str_eq(lotto_status_string(LOTTO_NO_DEVICE), "no usable CUDA device");
    cr_expect_str_eq(lotto_status_string((lotto_status)99), "unknown status");
}
