#include "run.h"

#include "dtype.h"

#include <stdlib.h>

void run_open(struct run *run, struct device device) { *run = (struct run){.device = device}; }

void run_close(struct run *run) {
    for (int i = 0; i < MAX_OUTPUTS; i++)
        device_release(&run->device, &run->outputs[i]);
    device_release(&run->device, &run->logits_memory);
    device_release(&run->device, &run->seeds);
    device_release(&run->device, &run->positions);
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

static lotto_status query_workspace(struct run *run, const struct request *request, size_t *bytes) {
    lotto_context *context = run->device.context;
    switch (request->operation) {
    case OPERATION_SAMPLE:
        return lotto_sample_workspace(context, &run->logits, bytes);
    case OPERATION_ARGMAX:
        return lotto_argmax_workspace(context, &run->logits, bytes);
    case OPERATION_SOFTMAX:
        return lotto_softmax_workspace(context, &run->logits, bytes);
    case OPERATION_PROBS:
        return lotto_probs_workspace(context, &run->logits, bytes);
    case OPERATION_TOP_K:
        return lotto_top_k_workspace(context, &run->logits, request->places, bytes);
    case OPERATION_TOP_P:
        return lotto_top_p_workspace(context, &run->logits, request->places, bytes);
    }
    abort();
}

static lotto_status sample(struct run *run, const lotto_controls *controls, void *workspace,
                           size_t workspace_bytes) {
    struct device_memory *outputs = run->outputs;
    lotto_draws draws = LOTTO_DRAWS_INIT;
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    draws.seeds = run->seeds.address;
    draws.positions = run->positions.address;
    samples.status = outputs[OUTPUT_STATUS_AT].address;
    samples.tokens = outputs[SAMPLE_TOKEN].address;
    samples.kept = outputs[SAMPLE_KEPT].address;
    samples.prob = outputs[SAMPLE_PROB].address;
    samples.logprob = outputs[SAMPLE_LOGPROB].address;
    samples.model_logprob = outputs[SAMPLE_MODEL_LOGPROB].address;
    samples.kept_mass = outputs[SAMPLE_KEPT_MASS].address;
    samples.rank = outputs[SAMPLE_RANK].address;
    return lotto_sample(run->device.context, &run->logits, &draws, controls, &samples, workspace,
                        workspace_bytes, NULL);
}

static lotto_status call(struct run *run, const struct request *request, void *workspace,
                         size_t workspace_bytes) {
    lotto_context *context = run->device.context;
    const lotto_logits *logits = &run->logits;
    const lotto_controls *controls = &request->controls;
    struct device_memory *outputs = run->outputs;
    uint32_t *status = outputs[OUTPUT_STATUS_AT].address;
    switch (request->operation) {
    case OPERATION_SAMPLE:
        return sample(run, controls, workspace, workspace_bytes);
    case OPERATION_ARGMAX:
        return lotto_argmax(context, logits, outputs[ARGMAX_TOKEN].address, status, workspace,
                            workspace_bytes, NULL);
    case OPERATION_SOFTMAX:
        return lotto_softmax(context, logits, controls, outputs[DISTRIBUTION_PROBS].address, logits->vocab,
                             status, workspace, workspace_bytes, NULL);
    case OPERATION_PROBS:
        return lotto_probs(context, logits, controls, outputs[DISTRIBUTION_PROBS].address, logits->vocab,
                           outputs[DISTRIBUTION_KEPT].address, status, workspace, workspace_bytes, NULL);
    case OPERATION_TOP_K:
        return lotto_top_k(context, logits, controls, request->places, outputs[LIST_IDS].address,
                           outputs[LIST_VALUES].address, outputs[LIST_KEPT].address, status, workspace,
                           workspace_bytes, NULL);
    case OPERATION_TOP_P:
        return lotto_top_p(context, logits, controls, request->places, outputs[LIST_IDS].address,
                           outputs[LIST_KEPT].address, outputs[LIST_MASS].address, status, workspace,
                           workspace_bytes, NULL);
    }
    abort();
}

static bool load_positions(struct run *run, uint64_t position, struct error *error) {
    size_t bytes = (size_t)run->logits.rows * sizeof position;
    uint64_t *positions = allocate(error, bytes);
    if (positions == NULL)
        return false;
    for (int64_t row = 0; row < run->logits.rows; row++)
        positions[row] = position;
    bool good = device_upload(&run->device, &run->positions, positions, bytes, error);
    free(positions);
    return good;
}

static bool said(struct run *run, lotto_status status, struct error *error) {
    if (status == LOTTO_SUCCESS)
        return true;
    const char *detail = lotto_context_error(run->device.context);
    return failure(error, "%s: %s", run->device.name, *detail != '\0' ? detail : lotto_status_string(status));
}

bool run_request(struct run *run, const struct request *request, uint64_t position, struct results *results,
                 int64_t first_row, struct error *error) {
    int64_t rows = run->logits.rows, vocab = run->logits.vocab;
    size_t workspace_bytes;
    if (request->operation == OPERATION_SAMPLE && !load_positions(run, position, error))
        return false;
    for (int i = 0; i < request_output_count(request); i++) {
        size_t bytes = (size_t)(rows * request_output_width(request, i, vocab)) * sizeof(uint32_t);
        if (!device_reserve(&run->device, &run->outputs[i], bytes, error))
            return false;
    }
    if (!said(run, query_workspace(run, request, &workspace_bytes), error))
        return false;
    if (!device_reserve(&run->device, &run->workspace, workspace_bytes, error))
        return false;
    void *workspace = workspace_bytes > 0 ? run->workspace.address : NULL;
    if (!said(run, call(run, request, workspace, workspace_bytes), error))
        return false;
    for (int i = 0; i < request_output_count(request); i++) {
        int64_t width = request_output_width(request, i, vocab);
        if (!device_download(&run->device, results->outputs[i] + first_row * width, &run->outputs[i],
                             (size_t)(rows * width) * sizeof(uint32_t), error))
            return false;
    }
    return true;
}
