#include "tests/rows/results.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum width { ONE, K_MAX, CAPACITY, PROBS_STRIDE, DRAWS, TOP_N, PLACES };

static const struct {
    const char *name;
    enum width width;
    bool is_float;
} described[RESULTS] = {
    [SOFTMAX_PROBS] = {"softmax.probs", PROBS_STRIDE, true},
    [SOFTMAX_STATUS] = {"softmax.status", ONE, false},
    [ARGMAX_TOKENS] = {"argmax.tokens", ONE, false},
    [ARGMAX_STATUS] = {"argmax.status", ONE, false},
    [TOP_K_IDS] = {"top_k.ids", K_MAX, false},
    [TOP_K_VALUES] = {"top_k.values", K_MAX, true},
    [TOP_K_KEPT] = {"top_k.kept", ONE, false},
    [TOP_K_STATUS] = {"top_k.status", ONE, false},
    [TOP_P_IDS] = {"top_p.ids", CAPACITY, false},
    [TOP_P_KEPT] = {"top_p.kept", ONE, false},
    [TOP_P_MASS] = {"top_p.mass", ONE, true},
    [TOP_P_STATUS] = {"top_p.status", ONE, false},
    [PROBS_PROBS] = {"probs.probs", PROBS_STRIDE, true},
    [PROBS_KEPT] = {"probs.kept", ONE, false},
    [PROBS_STATUS] = {"probs.status", ONE, false},
    [SAMPLE_TOKENS] = {"sample.tokens", DRAWS, false},
    [SAMPLE_STATUS] = {"sample.status", ONE, false},
    [SAMPLE_KEPT] = {"sample.kept", ONE, false},
    [SAMPLE_PROB] = {"sample.prob", DRAWS, true},
    [SAMPLE_LOGPROB] = {"sample.logprob", DRAWS, true},
    [SAMPLE_MODEL_LOGPROB] = {"sample.model_logprob", DRAWS, true},
    [SAMPLE_KEPT_MASS] = {"sample.kept_mass", ONE, true},
    [SAMPLE_RANK] = {"sample.rank", DRAWS, false},
    [SAMPLE_ENTROPY] = {"sample.entropy", ONE, true},
    [SAMPLE_TOP_IDS] = {"sample.top_ids", TOP_N, false},
    [SAMPLE_TOP_LOGPROBS] = {"sample.top_logprobs", TOP_N, true},
    [SAMPLE_TOKENS_ALONE] = {"sample.tokens, alone", DRAWS, false},
    [LOGPROBS_LOGPROBS] = {"logprobs.logprobs", ONE, true},
    [LOGPROBS_RANKS] = {"logprobs.ranks", ONE, false},
    [LOGPROBS_STATUS] = {"logprobs.status", ONE, false},
    [VERIFY_TOKENS] = {"verify.tokens", PLACES, false},
    [VERIFY_ACCEPTED] = {"verify.accepted", ONE, false},
    [VERIFY_STATUS] = {"verify.status", ONE, false},
};

const char *result_name(enum result result) { return described[result].name; }

bool result_is_of_sample(enum result result) {
    return result >= SAMPLE_TOKENS && result <= SAMPLE_TOKENS_ALONE;
}

bool result_is_of_verify(enum result result) { return result >= VERIFY_TOKENS && result <= VERIFY_STATUS; }

int64_t result_row_elements(const struct request *request, enum result result) {
    switch (described[result].width) {
    case K_MAX:
        return request->k_max;
    case CAPACITY:
        return request->capacity;
    case PROBS_STRIDE:
        return request->probs_stride;
    case DRAWS:
        return request->draw_count;
    case TOP_N:
        return request->top_n;
    case PLACES:
        return request->draft_count + 1;
    default:
        return 1;
    }
}

int64_t result_elements(const struct request *request, enum result result) {
    int64_t rows = result_is_of_sample(result)   ? request->requests
                   : result_is_of_verify(result) ? request->sequences
                                                 : request->logits.rows;
    return rows * result_row_elements(request, result);
}

struct results *results_create(const struct request *request) {
    struct results *results = malloc(sizeof *results);
    if (results == NULL)
        abort();
    for (int result = 0; result < RESULTS; result++) {
        int64_t elements = result_elements(request, (enum result)result);
        results->array[result] = malloc((size_t)(elements ? elements : 1) * sizeof(uint32_t));
        if (results->array[result] == NULL)
            abort();
        for (int64_t i = 0; i < elements; i++)
            results->array[result][i] = RESULT_UNTOUCHED;
    }
    return results;
}

void results_destroy(struct results *results) {
    for (int result = 0; result < RESULTS; result++)
        free(results->array[result]);
    free(results);
}

static void describe_element(enum result result, uint32_t element, char *text, size_t text_bytes) {
    float x;
    memcpy(&x, &element, sizeof x);
    if (element == RESULT_UNTOUCHED)
        snprintf(text, text_bytes, "nothing");
    else if (described[result].is_float)
        snprintf(text, text_bytes, "%.9g (0x%08" PRIx32 ")", (double)x, element);
    else
        snprintf(text, text_bytes, "%" PRId32, (int32_t)element);
}

bool results_equal(const struct request *request, const struct results *a, const char *name_a,
                   const struct results *b, const char *name_b, char *text, size_t text_bytes) {
    for (int i = 0; i < RESULTS; i++) {
        enum result result = (enum result)i;
        int64_t elements = result_elements(request, result), width = result_row_elements(request, result),
                at = 0;
        if (memcmp(a->array[i], b->array[i], (size_t)elements * sizeof(uint32_t)) == 0)
            continue;
        while (a->array[i][at] == b->array[i][at])
            at++;
        char element_a[64], element_b[64];
        describe_element(result, a->array[i][at], element_a, sizeof element_a);
        describe_element(result, b->array[i][at], element_b, sizeof element_b);
        int64_t row = at / width, source = row;
        if (result_is_of_sample(result))
            source = request_source(request, row);
        if (result_is_of_verify(result))
            source = request_target(request, row * (request->draft_count + 1));
        struct row_controls controls = request_controls(request, row);
        snprintf(text, text_bytes,
                 "%s[%" PRId64 "] of row %" PRId64 ": %s says %s, %s says %s; request 0x%" PRIx64
                 ", %s, vocab %" PRId64
                 ", %s row, T %a%s, k %d, p %a, min_p %a, order %d%s; %d draws, top %d of %d; %d drafts%s",
                 result_name(result), at % width, row, name_a, element_a, name_b, element_b, request->seed,
                 dtype_name(request->logits.dtype), request->logits.vocab,
                 source < 0 ? "no" : row_kind_name(request->kinds[source]), (double)controls.temperature,
                 controls.temperature_last ? " last" : "", controls.top_k, (double)controls.top_p,
                 (double)controls.min_p, (int)controls.order, request->adjusted ? ", adjusted" : "",
                 request->draw_count, request->top_n, (int)request->top_of, request->draft_count,
                 request->draft_probs ? "" : ", certain");
        return false;
    }
    return true;
}
