#include "run.h"

#include "dtype.h"

#include <stdlib.h>

enum { CONTROL_ARRAYS = sizeof((struct run *)0)->control_arrays / sizeof(struct device_memory) };

void run_open(struct run *run, struct device device) { *run = (struct run){.device = device}; }

void run_close(struct run *run) {
    for (int i = 0; i < MAX_OUTPUTS; i++)
        device_release(&run->device, &run->outputs[i]);
    for (size_t i = 0; i < CONTROL_ARRAYS; i++)
        device_release(&run->device, &run->control_arrays[i]);
    device_release(&run->device, &run->logits_memory);
    device_release(&run->device, &run->seeds);
    device_release(&run->device, &run->positions);
    device_release(&run->device, &run->logits_rows);
    device_release(&run->device, &run->tokens);
    device_release(&run->device, &run->workspace);
    device_close(&run->device);
}

bool run_load(struct run *run, const void *values, lotto_dtype dtype, int64_t rows, int64_t vocab,
              const uint64_t *seeds, struct error *error) {
    size_t bytes = (size_t)(rows * vocab) * dtype_bytes(dtype);
    if (!device_upload(&run->device, &run->logits_memory, values, bytes, error))
        return false;
    if (!device_upload(&run->device, &run->seeds, seeds, (size_t)rows * sizeof *seeds, error))
        return false;
    run->logits = (lotto_logits){run->logits_memory.address, vocab, rows, vocab, dtype};
    return true;
}

static lotto_draws draws_of(const struct run *run, const struct request *request) {
    lotto_draws draws = LOTTO_DRAWS_INIT;
    draws.seeds = run->seeds.address;
    draws.positions = run->positions.address;
    draws.count = request->draws;
    if (request->logits_rows != NULL)
        draws.logits_rows = run->logits_rows.address;
    draws.requests = run->logits.rows;
    return draws;
}

static lotto_status query_workspace(struct run *run, const struct request *request, size_t *bytes) {
    lotto_context *context = run->device.context;
    const lotto_controls *controls = &request->controls;
    lotto_draws draws = draws_of(run, request);
    switch (request->operation) {
    case OPERATION_SAMPLE:
        return lotto_sample_workspace(context, &run->logits, &draws, controls, bytes);
    case OPERATION_ARGMAX:
        return lotto_argmax_workspace(context, &run->logits, bytes);
    case OPERATION_SOFTMAX:
        return lotto_softmax_workspace(context, &run->logits, controls, bytes);
    case OPERATION_PROBS:
        return lotto_probs_workspace(context, &run->logits, controls, bytes);
    case OPERATION_TOP_K:
        return lotto_top_k_workspace(context, &run->logits, controls, request->places, bytes);
    case OPERATION_TOP_P:
        return lotto_top_p_workspace(context, &run->logits, controls, request->places, bytes);
    case OPERATION_LOGPROBS:
        return lotto_logprobs_workspace(context, &run->logits, bytes);
    }
    abort();
}

/* NULL for what is not asked for. */
static void *output_of(const struct run *run, const struct request *request, int output) {
    return request_asks_for(request, output) ? run->outputs[output].address : NULL;
}

static lotto_status sample(struct run *run, const struct request *request, lotto_stream stream) {
    lotto_draws draws = draws_of(run, request);
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.status = output_of(run, request, OUTPUT_STATUS_AT);
    samples.tokens = output_of(run, request, SAMPLE_TOKEN);
    samples.kept = output_of(run, request, SAMPLE_KEPT);
    samples.prob = output_of(run, request, SAMPLE_PROB);
    samples.logprob = output_of(run, request, SAMPLE_LOGPROB);
    samples.model_logprob = output_of(run, request, SAMPLE_MODEL_LOGPROB);
    samples.kept_mass = output_of(run, request, SAMPLE_KEPT_MASS);
    samples.rank = output_of(run, request, SAMPLE_RANK);
    samples.entropy = output_of(run, request, SAMPLE_ENTROPY);
    samples.top_ids = output_of(run, request, SAMPLE_TOP_IDS);
    samples.top_logprobs = output_of(run, request, SAMPLE_TOP_LOGPROBS);
    samples.top_n = (int32_t)request->places;
    samples.top_of = request->top_of;
    return lotto_sample(run->device.context, &run->logits, &draws, &run->controls, &samples,
                        run->workspace.address, run->workspace.bytes, stream);
}

static lotto_status call(struct run *run, const struct request *request, lotto_stream stream) {
    lotto_context *context = run->device.context;
    const lotto_logits *logits = &run->logits;
    const lotto_controls *controls = &run->controls;
    void *workspace = run->workspace.address;
    size_t workspace_bytes = run->workspace.bytes;
    uint32_t *status = output_of(run, request, OUTPUT_STATUS_AT);
    switch (request->operation) {
    case OPERATION_SAMPLE:
        return sample(run, request, stream);
    case OPERATION_ARGMAX:
        return lotto_argmax(context, logits, output_of(run, request, ARGMAX_TOKEN), status, workspace,
                            workspace_bytes, stream);
    case OPERATION_SOFTMAX:
        return lotto_softmax(context, logits, controls, output_of(run, request, DISTRIBUTION_PROBS),
                             logits->vocab, status, workspace, workspace_bytes, stream);
    case OPERATION_PROBS:
        return lotto_probs(context, logits, controls, output_of(run, request, DISTRIBUTION_PROBS),
                           logits->vocab, output_of(run, request, DISTRIBUTION_KEPT), status, workspace,
                           workspace_bytes, stream);
    case OPERATION_TOP_K:
        return lotto_top_k(context, logits, controls, request->places, output_of(run, request, LIST_IDS),
                           output_of(run, request, LIST_VALUES), output_of(run, request, LIST_KEPT), status,
                           workspace, workspace_bytes, stream);
    case OPERATION_TOP_P:
        return lotto_top_p(context, logits, controls, request->places, output_of(run, request, LIST_IDS),
                           output_of(run, request, LIST_KEPT), output_of(run, request, LIST_MASS), status,
                           workspace, workspace_bytes, stream);
    case OPERATION_LOGPROBS:
        return lotto_logprobs(context, logits, run->tokens.address, output_of(run, request, LOGPROBS_LOGPROB),
                              output_of(run, request, LOGPROBS_RANK), status, workspace, workspace_bytes,
                              stream);
    }
    abort();
}

static bool load_positions(struct run *run, const struct request *request, struct error *error) {
    size_t bytes = (size_t)run->logits.rows * sizeof(uint64_t);
    uint64_t *positions = allocate(error, bytes);
    if (positions == NULL)
        return false;
    for (int64_t row = 0; row < run->logits.rows; row++)
        positions[row] = request->positions != NULL ? request->positions[row] : 0;
    bool good = device_upload(&run->device, &run->positions, positions, bytes, error);
    free(positions);
    return good;
}

/* An integer for each row. */
static bool load_integers(struct run *run, struct device_memory *memory, const int32_t *integers,
                          struct error *error) {
    return integers == NULL ||
           device_upload(&run->device, memory, integers, (size_t)run->logits.rows * sizeof *integers, error);
}

/* Arrays on their way to the device, each to a place of its own. */
struct loading {
    struct run *run;
    int next;
    bool good;
    struct error *error;
};

/* The array of `elements`, of four bytes each, on the device; NULL where it is NULL. */
static const void *load(struct loading *loading, const void *array, int64_t elements) {
    struct device_memory *memory = &loading->run->control_arrays[loading->next++];
    if (array == NULL || !loading->good)
        return NULL;
    loading->good = device_upload(&loading->run->device, memory, array, (size_t)elements * sizeof(uint32_t),
                                  loading->error);
    return memory->address;
}

static void load_lists(struct loading *loading, lotto_id_lists *lists) {
    int64_t rows = loading->run->logits.rows;
    lists->ids = load(loading, lists->ids, rows * lists->stride);
    lists->lengths = load(loading, lists->lengths, rows);
}

static bool load_controls(struct run *run, const struct request *request, struct error *error) {
    struct loading loading = {run, 0, true, error};
    int64_t rows = run->logits.rows;
    lotto_controls *controls = &run->controls;
    *controls = request->controls;
    controls->temperature = load(&loading, controls->temperature, rows);
    controls->top_k = load(&loading, controls->top_k, rows);
    controls->top_p = load(&loading, controls->top_p, rows);
    controls->min_p = load(&loading, controls->min_p, rows);
    controls->temperature_last = load(&loading, controls->temperature_last, rows);
    if (controls->adjustments == NULL)
        return loading.good;
    lotto_adjustments *adjustments = &run->adjustments;
    *adjustments = *controls->adjustments;
    controls->adjustments = adjustments;
    adjustments->allowed = load(&loading, adjustments->allowed, rows * adjustments->allowed_stride);
    load_lists(&loading, &adjustments->banned);
    load_lists(&loading, &adjustments->stops);
    adjustments->min_lengths = load(&loading, adjustments->min_lengths, rows);
    load_lists(&loading, &adjustments->biased);
    adjustments->biases = load(&loading, adjustments->biases, rows * adjustments->biased.stride);
    load_lists(&loading, &adjustments->history);
    adjustments->prompt_lengths = load(&loading, adjustments->prompt_lengths, rows);
    adjustments->repetition_penalty = load(&loading, adjustments->repetition_penalty, rows);
    adjustments->frequency_penalty = load(&loading, adjustments->frequency_penalty, rows);
    adjustments->presence_penalty = load(&loading, adjustments->presence_penalty, rows);
    return loading.good;
}

static bool said(struct run *run, lotto_status status, struct error *error) {
    if (status == LOTTO_SUCCESS)
        return true;
    const char *detail = lotto_context_error(run->device.context);
    return failure(error, "%s: %s", run->device.name, *detail != '\0' ? detail : lotto_status_string(status));
}

bool run_prepare(struct run *run, const struct request *request, struct error *error) {
    size_t workspace_bytes;
    if (!load_controls(run, request, error))
        return false;
    if (request->operation == OPERATION_SAMPLE && !load_positions(run, request, error))
        return false;
    if (!load_integers(run, &run->logits_rows, request->logits_rows, error) ||
        !load_integers(run, &run->tokens, request->tokens, error))
        return false;
    for (int i = 0; i < request_output_count(request); i++) {
        int64_t elements = run->logits.rows * request_output_width(request, i, run->logits.vocab);
        if (request_asks_for(request, i) &&
            !device_reserve(&run->device, &run->outputs[i], (size_t)elements * sizeof(uint32_t), error))
            return false;
    }
    return said(run, query_workspace(run, request, &workspace_bytes), error) &&
           device_reserve(&run->device, &run->workspace, workspace_bytes, error);
}

bool run_enqueue(struct run *run, const struct request *request, lotto_stream stream, struct error *error) {
    return said(run, call(run, request, stream), error);
}

bool run_fetch(struct run *run, const struct request *request, struct results *results, struct error *error) {
    for (int i = 0; i < request_output_count(request); i++) {
        int64_t width = request_output_width(request, i, run->logits.vocab);
        if (request_asks_for(request, i) &&
            !device_download(&run->device, results->outputs[i], &run->outputs[i],
                             (size_t)(run->logits.rows * width) * sizeof(uint32_t), error))
            return false;
    }
    return true;
}

bool run_request(struct run *run, const struct request *request, struct results *results,
                 struct error *error) {
    return run_prepare(run, request, error) && run_enqueue(run, request, NULL, error) &&
           run_fetch(run, request, results, error);
}
