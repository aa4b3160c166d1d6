#include "request.h"

#include <stdlib.h>

struct outputs {
    int count;
    struct output output[MAX_OUTPUTS];
};

static const struct outputs outputs_of[] = {
    [OPERATION_SAMPLE] = {11,
                          {{"status", OUTPUT_STATUS, ONE_A_ROW},
                           {"token", OUTPUT_INTEGER, ONE_A_DRAW},
                           {"kept", OUTPUT_INTEGER, ONE_A_ROW},
                           {"prob", OUTPUT_REAL, ONE_A_DRAW},
                           {"logprob", OUTPUT_REAL, ONE_A_DRAW},
                           {"model_logprob", OUTPUT_REAL, ONE_A_DRAW},
                           {"kept_mass", OUTPUT_REAL, ONE_A_ROW},
                           {"rank", OUTPUT_INTEGER, ONE_A_DRAW},
                           {"entropy", OUTPUT_REAL, ONE_A_ROW},
                           {"top id", OUTPUT_INTEGER, ONE_A_PLACE},
                           {"top logprob", OUTPUT_REAL, ONE_A_PLACE}}},
    [OPERATION_ARGMAX] = {2,
                          {{"status", OUTPUT_STATUS, ONE_A_ROW},
                           {"greedy token", OUTPUT_INTEGER, ONE_A_ROW}}},
    [OPERATION_SOFTMAX] = {2, {{"status", OUTPUT_STATUS, ONE_A_ROW}, {"prob", OUTPUT_REAL, ONE_A_TOKEN}}},
    [OPERATION_PROBS] = {3,
                         {{"status", OUTPUT_STATUS, ONE_A_ROW},
                          {"prob", OUTPUT_REAL, ONE_A_TOKEN},
                          {"kept", OUTPUT_INTEGER, ONE_A_ROW}}},
    [OPERATION_TOP_K] = {4,
                         {{"status", OUTPUT_STATUS, ONE_A_ROW},
                          {"id", OUTPUT_INTEGER, ONE_A_PLACE},
                          {"kept", OUTPUT_INTEGER, ONE_A_ROW},
                          {"value", OUTPUT_REAL, ONE_A_PLACE}}},
    [OPERATION_TOP_P] = {4,
                         {{"status", OUTPUT_STATUS, ONE_A_ROW},
                          {"id", OUTPUT_INTEGER, ONE_A_PLACE},
                          {"kept", OUTPUT_INTEGER, ONE_A_ROW},
                          {"mass", OUTPUT_REAL, ONE_A_ROW}}},
    [OPERATION_LOGPROBS] = {3,
                            {{"status", OUTPUT_STATUS, ONE_A_ROW},
                             {"logprob", OUTPUT_REAL, ONE_A_ROW},
                             {"rank", OUTPUT_INTEGER, ONE_A_ROW}}},
};

int request_output_count(const struct request *request) { return outputs_of[request->operation].count; }

struct output request_output(const struct request *request, int output) {
    return outputs_of[request->operation].output[output];
}

bool request_asks_for(const struct request *request, int output) {
    bool is_empty = request_output(request, output).width == ONE_A_PLACE && request->places == 0;
    return !is_empty && !(request->without >> output & 1);
}

int64_t request_output_width(const struct request *request, int output, int64_t vocab) {
    switch (request_output(request, output).width) {
    case ONE_A_DRAW:
        return request->draws;
    case ONE_A_PLACE:
        return request->places;
    case ONE_A_TOKEN:
        return vocab;
    default:
        return 1;
    }
}

int64_t request_row_elements(const struct request *request, int64_t vocab) {
    int64_t elements = 0;
    for (int i = 0; i < request_output_count(request); i++)
        elements += request_asks_for(request, i) ? request_output_width(request, i, vocab) : 0;
    return elements;
}

bool results_allocate(struct results *results, const struct request *request, int64_t vocab, int64_t rows,
                      struct error *error) {
    *results = (struct results){.request = request, .vocab = vocab};
    for (int i = 0; i < request_output_count(request); i++) {
        if (!request_asks_for(request, i))
            continue;
        uint64_t elements = (uint64_t)(rows * request_output_width(request, i, vocab));
        results->outputs[i] = allocate(error, elements * sizeof(uint32_t));
        if (results->outputs[i] == NULL) {
            results_free(results);
            return false;
        }
    }
    return true;
}

void results_free(struct results *results) {
    for (int i = 0; i < MAX_OUTPUTS; i++)
        free(results->outputs[i]);
    *results = (struct results){0};
}

static const uint32_t *row_of(const struct results *results, int output, int64_t row) {
    return results->outputs[output] + row * request_output_width(results->request, output, results->vocab);
}

const int32_t *results_integers(const struct results *results, int output, int64_t row) {
    return (const int32_t *)row_of(results, output, row);
}

const float *results_reals(const struct results *results, int output, int64_t row) {
    return (const float *)row_of(results, output, row);
}

uint32_t results_status(const struct results *results, int64_t row) {
    return *row_of(results, OUTPUT_STATUS_AT, row);
}
