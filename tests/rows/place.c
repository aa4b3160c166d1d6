#include "tests/rows/place.h"

#include "tests/rows/adjustments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the reference ------------------------------------------------------------------------------------------------ */

static bool copy(void *to, const void *from, size_t bytes) {
    memcpy(to, from, bytes);
    return true;
}

static void *allocate_on_host(size_t bytes) { return aligned_alloc(256, (bytes + 255) / 256 * 256); }

bool place_reference(struct place *place, char *text, size_t text_bytes) {
    *place = (struct place){NULL, allocate_on_host, free, copy, copy};
    lotto_status status = lotto_context_create(&place->context, LOTTO_DEVICE_REFERENCE);
    if (status != LOTTO_SUCCESS)
        snprintf(text, text_bytes, "no reference: %s", lotto_status_string(status));
    return status == LOTTO_SUCCESS;
}

void place_leave(struct place *place) { lotto_context_destroy(place->context); }

/* ---- memory: an array between two guards -------------------------------------------------------------------------- */

#define GUARD_BYTES 256
#define GUARD_BYTE 0xc3

struct array {
    unsigned char *base;
    const void *initial; /* what the array was made from */
    size_t bytes;
};

static bool say(char *text, size_t text_bytes, const char *what, const char *name) {
    snprintf(text, text_bytes, "%s %s", what, name);
    return false;
}

static unsigned char *with_guards(const void *contents, size_t bytes) {
    unsigned char *image = malloc(bytes + 2 * GUARD_BYTES);
    if (image == NULL)
        abort();
    memset(image, GUARD_BYTE, bytes + 2 * GUARD_BYTES);
    if (contents && bytes)
        memcpy(image + GUARD_BYTES, contents, bytes);
    return image;
}

/* NULL contents: rubbish. */
static bool array_create(struct place *place, struct array *array, const void *contents, size_t bytes) {
    *array = (struct array){place->allocate(bytes + 2 * GUARD_BYTES), contents, bytes};
    if (array->base == NULL)
        return false;
    unsigned char *image = with_guards(contents, bytes);
    bool uploaded = place->upload(array->base, image, bytes + 2 * GUARD_BYTES);
    free(image);
    return uploaded;
}

static void *array_data(const struct array *array) { return array->base ? array->base + GUARD_BYTES : NULL; }

/* Fetches the contents if asked for; NULL: they must be what they were. False if that or a guard was written to. */
static bool array_collect(struct place *place, const struct array *array, void *contents) {
    size_t all = array->bytes + 2 * GUARD_BYTES;
    unsigned char *now = malloc(all), *expected = with_guards(array->initial, array->bytes);
    if (now == NULL)
        abort();
    bool good = place->download(now, array->base, all) && memcmp(now, expected, GUARD_BYTES) == 0 &&
                memcmp(now + GUARD_BYTES + array->bytes, expected, GUARD_BYTES) == 0;
    if (good && contents)
        memcpy(contents, now + GUARD_BYTES, array->bytes);
    else if (good && array->initial)
        good = memcmp(now, expected, all) == 0;
    free(now);
    free(expected);
    return good;
}

/* ---- a request's arrays ------------------------------------------------------------------------------------------- */

struct call {
    struct place *place;
    const struct request *request;
    struct array memory, temperature, top_k, top_p, min_p, temperature_last, seeds, positions, tokens,
        logits_rows, drafts, draft_lengths, target_rows, draft_probs, workspace;
    struct array adjustment[ADJUSTMENT_ARRAYS];
    struct array result[RESULTS];
    lotto_logits logits;
    lotto_adjustments adjustments;
    lotto_controls controls;
};

/* What is wanted has memory, what is not stays NULL. */
static void *result_data(const struct call *call, enum result result) {
    return array_data(&call->result[result]);
}

static bool create_control(struct call *call, struct array *array, const void *contents) {
    return contents == NULL ||
           array_create(call->place, array, contents, (size_t)call->request->logits.rows * 4);
}

static bool create_adjustments(struct call *call) {
    const struct request *request = call->request;
    struct adjustment_array arrays[ADJUSTMENT_ARRAYS];
    call->adjustments = request->adjustments;
    adjustments_describe(&request->adjustments, request->logits.rows, request->mask_rows, arrays);
    for (int i = 0; i < ADJUSTMENT_ARRAYS; i++) {
        const void *data = adjustments_array(&request->adjustments, arrays[i]);
        if (data == NULL)
            continue;
        if (!array_create(call->place, &call->adjustment[i], data, arrays[i].bytes))
            return false;
        adjustments_set_array(&call->adjustments, arrays[i], array_data(&call->adjustment[i]));
    }
    return true;
}

static bool create_drafts(struct call *call) {
    const struct request *request = call->request;
    size_t sequences = (size_t)request->sequences, drafts = sequences * (size_t)request->draft_count;
    return array_create(call->place, &call->drafts, request->drafts, drafts * 4) &&
           (!request->draft_lengths ||
            array_create(call->place, &call->draft_lengths, request->draft_lengths, sequences * 4)) &&
           (!request->target_rows ||
            array_create(call->place, &call->target_rows, request->target_rows, (sequences + drafts) * 4)) &&
           (!request->draft_probs || array_create(call->place, &call->draft_probs, request->draft_probs,
                                                  drafts * (size_t)request->draft_stride * 4));
}

static bool create_arrays(struct call *call, const struct results *results) {
    const struct request *request = call->request;
    size_t rows = (size_t)request->logits.rows;
    bool good = array_create(call->place, &call->memory, request->memory, request->memory_bytes) &&
                create_control(call, &call->temperature, request->temperature) &&
                create_control(call, &call->top_k, request->top_k) &&
                create_control(call, &call->top_p, request->top_p) &&
                create_control(call, &call->min_p, request->min_p) &&
                create_control(call, &call->temperature_last, request->temperature_last) &&
                (!request->adjusted || create_adjustments(call)) &&
                array_create(call->place, &call->seeds, request->seeds, rows * 8) &&
                array_create(call->place, &call->positions, request->positions, rows * 8) &&
                array_create(call->place, &call->tokens, request->tokens, rows * 4) &&
                (!request->logits_rows || array_create(call->place, &call->logits_rows, request->logits_rows,
                                                       (size_t)request->requests * 4)) &&
                (request->sequences == 0 || create_drafts(call));
    for (int result = 0; good && result < RESULTS; result++)
        if (request->wanted[result])
            good = array_create(call->place, &call->result[result], results->array[result],
                                (size_t)result_elements(request, (enum result)result) * 4);

    size_t offset = (size_t)((const unsigned char *)request->logits.data - request->memory);
    call->logits = request->logits;
    call->logits.data = call->memory.base + GUARD_BYTES + offset;
    call->controls = request->controls;
    call->controls.temperature = array_data(&call->temperature);
    call->controls.top_k = array_data(&call->top_k);
    call->controls.top_p = array_data(&call->top_p);
    call->controls.min_p = array_data(&call->min_p);
    call->controls.temperature_last = array_data(&call->temperature_last);
    call->controls.adjustments = request->adjusted ? &call->adjustments : NULL;
    return good;
}

static void release(struct call *call, struct array *array) {
    if (array->base)
        call->place->release(array->base);
    array->base = NULL;
}

/* All but the results and the workspace. */
enum { INPUTS = 14 + ADJUSTMENT_ARRAYS };

static void list_inputs(struct call *call, struct array *inputs[INPUTS]) {
    struct array *const controls[] = {&call->memory,      &call->temperature, &call->top_k,
                                      &call->top_p,       &call->min_p,       &call->temperature_last,
                                      &call->seeds,       &call->positions,   &call->tokens,
                                      &call->logits_rows, &call->drafts,      &call->draft_lengths,
                                      &call->target_rows, &call->draft_probs};
    memcpy(inputs, controls, sizeof controls);
    for (int i = 0; i < ADJUSTMENT_ARRAYS; i++)
        inputs[INPUTS - ADJUSTMENT_ARRAYS + i] = &call->adjustment[i];
}

static void release_arrays(struct call *call) {
    struct array *inputs[INPUTS];
    list_inputs(call, inputs);
    for (int i = 0; i < INPUTS; i++)
        release(call, inputs[i]);
    release(call, &call->workspace);
    for (int result = 0; result < RESULTS; result++)
        release(call, &call->result[result]);
}

static bool inputs_are_unchanged(struct call *call) {
    struct array *inputs[INPUTS];
    list_inputs(call, inputs);
    for (int i = 0; i < INPUTS; i++)
        if (inputs[i]->base && !array_collect(call->place, inputs[i], NULL))
            return false;
    return true;
}

/* ---- operations --------------------------------------------------------------------------------------------------- */

/* Adjustments alone. */
static lotto_controls without_filters(const struct call *call) {
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    controls.adjustments = call->controls.adjustments;
    return controls;
}

static lotto_controls with_temperature(const struct call *call) {
    lotto_controls controls = without_filters(call);
    controls.temperature = call->controls.temperature;
    controls.default_temperature = call->controls.default_temperature;
    return controls;
}

static lotto_status run_softmax(struct call *call, void *workspace, size_t bytes) {
    lotto_controls controls = with_temperature(call);
    return lotto_softmax(call->place->context, &call->logits, &controls, result_data(call, SOFTMAX_PROBS),
                         call->request->probs_stride, result_data(call, SOFTMAX_STATUS), workspace, bytes,
                         NULL);
}
static lotto_status size_softmax(struct call *call, size_t *bytes) {
    return lotto_softmax_workspace(call->place->context, &call->logits, &call->controls, bytes);
}

static lotto_status run_argmax(struct call *call, void *workspace, size_t bytes) {
    return lotto_argmax(call->place->context, &call->logits, result_data(call, ARGMAX_TOKENS),
                        result_data(call, ARGMAX_STATUS), workspace, bytes, NULL);
}
static lotto_status size_argmax(struct call *call, size_t *bytes) {
    return lotto_argmax_workspace(call->place->context, &call->logits, bytes);
}

static lotto_status run_top_k(struct call *call, void *workspace, size_t bytes) {
    lotto_controls controls = without_filters(call);
    controls.top_k = call->controls.top_k;
    controls.default_top_k = call->controls.default_top_k;
    return lotto_top_k(call->place->context, &call->logits, &controls, call->request->k_max,
                       result_data(call, TOP_K_IDS), result_data(call, TOP_K_VALUES),
                       result_data(call, TOP_K_KEPT), result_data(call, TOP_K_STATUS), workspace, bytes,
                       NULL);
}
static lotto_status size_top_k(struct call *call, size_t *bytes) {
    return lotto_top_k_workspace(call->place->context, &call->logits, &call->controls, call->request->k_max,
                                 bytes);
}

static lotto_status run_top_p(struct call *call, void *workspace, size_t bytes) {
    lotto_controls controls = with_temperature(call);
    controls.top_p = call->controls.top_p;
    controls.default_top_p = call->controls.default_top_p;
    return lotto_top_p(call->place->context, &call->logits, &controls, call->request->capacity,
                       result_data(call, TOP_P_IDS), result_data(call, TOP_P_KEPT),
                       result_data(call, TOP_P_MASS), result_data(call, TOP_P_STATUS), workspace, bytes,
                       NULL);
}
static lotto_status size_top_p(struct call *call, size_t *bytes) {
    return lotto_top_p_workspace(call->place->context, &call->logits, &call->controls,
                                 call->request->capacity, bytes);
}

static lotto_status run_probs(struct call *call, void *workspace, size_t bytes) {
    return lotto_probs(call->place->context, &call->logits, &call->controls, result_data(call, PROBS_PROBS),
                       call->request->probs_stride, result_data(call, PROBS_KEPT),
                       result_data(call, PROBS_STATUS), workspace, bytes, NULL);
}
static lotto_status size_probs(struct call *call, size_t *bytes) {
    return lotto_probs_workspace(call->place->context, &call->logits, &call->controls, bytes);
}

static lotto_draws draws_of(const struct call *call) {
    lotto_draws draws = LOTTO_DRAWS_INIT;
    draws.seeds = array_data(&call->seeds);
    draws.positions = array_data(&call->positions);
    draws.count = call->request->draw_count;
    draws.logits_rows = array_data(&call->logits_rows);
    draws.requests = call->request->requests;
    return draws;
}

static lotto_logits sampled_logits(const struct call *call) {
    lotto_logits logits = call->logits;
    logits.rows = call->request->sample_rows;
    return logits;
}

static lotto_status sample(struct call *call, const lotto_samples *samples, void *workspace, size_t bytes) {
    lotto_logits logits = sampled_logits(call);
    lotto_draws draws = draws_of(call);
    return lotto_sample(call->place->context, &logits, &draws, &call->controls, samples, workspace, bytes,
                        NULL);
}
static lotto_status run_sample(struct call *call, void *workspace, size_t bytes) {
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.tokens = result_data(call, SAMPLE_TOKENS);
    samples.status = result_data(call, SAMPLE_STATUS);
    samples.kept = result_data(call, SAMPLE_KEPT);
    samples.prob = result_data(call, SAMPLE_PROB);
    samples.logprob = result_data(call, SAMPLE_LOGPROB);
    samples.model_logprob = result_data(call, SAMPLE_MODEL_LOGPROB);
    samples.kept_mass = result_data(call, SAMPLE_KEPT_MASS);
    samples.rank = result_data(call, SAMPLE_RANK);
    samples.entropy = result_data(call, SAMPLE_ENTROPY);
    samples.top_n = call->request->top_n;
    samples.top_ids = samples.top_n ? result_data(call, SAMPLE_TOP_IDS) : NULL;
    samples.top_logprobs = samples.top_n ? result_data(call, SAMPLE_TOP_LOGPROBS) : NULL;
    samples.top_of = call->request->top_of;
    return sample(call, &samples, workspace, bytes);
}
static lotto_status run_sample_alone(struct call *call, void *workspace, size_t bytes) {
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.tokens = result_data(call, SAMPLE_TOKENS_ALONE);
    return sample(call, &samples, workspace, bytes);
}
static lotto_status size_sample(struct call *call, size_t *bytes) {
    lotto_logits logits = sampled_logits(call);
    lotto_draws draws = draws_of(call);
    return lotto_sample_workspace(call->place->context, &logits, &draws, &call->controls, bytes);
}

static lotto_status run_logprobs(struct call *call, void *workspace, size_t bytes) {
    return lotto_logprobs(call->place->context, &call->logits, array_data(&call->tokens),
                          result_data(call, LOGPROBS_LOGPROBS), result_data(call, LOGPROBS_RANKS),
                          result_data(call, LOGPROBS_STATUS), workspace, bytes, NULL);
}
static lotto_status size_logprobs(struct call *call, size_t *bytes) {
    return lotto_logprobs_workspace(call->place->context, &call->logits, bytes);
}

static lotto_drafts drafts_of(const struct call *call) {
    lotto_drafts drafts = LOTTO_DRAFTS_INIT;
    drafts.tokens = array_data(&call->drafts);
    drafts.lengths = array_data(&call->draft_lengths);
    drafts.count = call->request->draft_count;
    drafts.probs = array_data(&call->draft_probs);
    drafts.probs_stride = call->request->draft_stride;
    return drafts;
}

static lotto_draws verify_draws(const struct call *call) {
    lotto_draws draws = LOTTO_DRAWS_INIT;
    draws.seeds = array_data(&call->seeds);
    draws.positions = array_data(&call->positions);
    draws.logits_rows = array_data(&call->target_rows);
    draws.requests = call->request->sequences * (call->request->draft_count + 1);
    return draws;
}

/* Without the rows that are no sequence's, unless they have names. */
static lotto_logits target_logits(const struct call *call) {
    lotto_logits logits = call->logits;
    if (!call->request->target_rows)
        logits.rows = call->request->sequences * (call->request->draft_count + 1);
    return logits;
}

static lotto_status run_verify(struct call *call, void *workspace, size_t bytes) {
    lotto_logits logits = target_logits(call);
    lotto_drafts drafts = drafts_of(call);
    lotto_draws draws = verify_draws(call);
    lotto_verified verified = LOTTO_VERIFIED_INIT;
    verified.tokens = result_data(call, VERIFY_TOKENS);
    verified.accepted = result_data(call, VERIFY_ACCEPTED);
    verified.status = result_data(call, VERIFY_STATUS);
    return lotto_verify(call->place->context, &logits, &drafts, &draws, &call->controls, &verified, workspace,
                        bytes, NULL);
}
static lotto_status size_verify(struct call *call, size_t *bytes) {
    lotto_logits logits = target_logits(call);
    lotto_drafts drafts = drafts_of(call);
    lotto_draws draws = verify_draws(call);
    return lotto_verify_workspace(call->place->context, &logits, &drafts, &draws, &call->controls, bytes);
}

static const struct operation {
    enum result first;
    const char *name;
    lotto_status (*workspace_size)(struct call *call, size_t *bytes);
    lotto_status (*run)(struct call *call, void *workspace, size_t bytes);
} operations[] = {
    {SOFTMAX_PROBS, "lotto_softmax", size_softmax, run_softmax},
    {ARGMAX_TOKENS, "lotto_argmax", size_argmax, run_argmax},
    {TOP_K_IDS, "lotto_top_k", size_top_k, run_top_k},
    {TOP_P_IDS, "lotto_top_p", size_top_p, run_top_p},
    {PROBS_PROBS, "lotto_probs", size_probs, run_probs},
    {SAMPLE_TOKENS, "lotto_sample", size_sample, run_sample},
    {SAMPLE_TOKENS_ALONE, "lotto_sample", size_sample, run_sample_alone},
    {LOGPROBS_LOGPROBS, "lotto_logprobs", size_logprobs, run_logprobs},
    {VERIFY_TOKENS, "lotto_verify", size_verify, run_verify},
};

static bool run(struct call *call, const struct operation *operation, char *text, size_t text_bytes) {
    lotto_context *context = call->place->context;
    size_t bytes = 0;
    if (operation->workspace_size(call, &bytes) != LOTTO_SUCCESS)
        return say(text, text_bytes, operation->name, lotto_context_error(context));
    if (bytes > 0 && !array_create(call->place, &call->workspace, NULL, bytes))
        return say(text, text_bytes, operation->name, "got no workspace");
    if (operation->run(call, array_data(&call->workspace), bytes) != LOTTO_SUCCESS)
        return say(text, text_bytes, operation->name, lotto_context_error(context));
    if (bytes > 0 && !array_collect(call->place, &call->workspace, NULL))
        return say(text, text_bytes, operation->name, "failed, or wrote beyond its workspace");
    release(call, &call->workspace);
    return true;
}

bool place_answer(struct place *place, const struct request *request, struct results *results, char *text,
                  size_t text_bytes) {
    struct call call = {.place = place, .request = request};
    bool good =
        create_arrays(&call, results) || say(text, text_bytes, "the device has no memory for", "the request");
    for (size_t i = 0; good && i < sizeof operations / sizeof *operations; i++)
        if (request->wanted[operations[i].first])
            good = run(&call, &operations[i], text, text_bytes);
    for (int result = 0; good && result < RESULTS; result++)
        if (request->wanted[result] && !array_collect(place, &call.result[result], results->array[result]))
            good = say(text, text_bytes, "a failure, or a write beyond", result_name((enum result)result));
    if (good && !inputs_are_unchanged(&call))
        good = say(text, text_bytes, "a failure, or a write to", "the inputs");
    release_arrays(&call);
    return good;
}

struct results *place_reference_answer(const struct request *request, char *text, size_t text_bytes) {
    struct place place;
    if (!place_reference(&place, text, text_bytes))
        return NULL;
    struct results *results = results_create(request);
    bool good = place_answer(&place, request, results, text, text_bytes);
    place_leave(&place);
    if (good)
        return results;
    results_destroy(results);
    return NULL;
}
