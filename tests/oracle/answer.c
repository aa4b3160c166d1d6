#include "tests/oracle/answer.h"

#include "tests/oracle/adjust.h"
#include "tests/oracle/verify.h"
#include "tests/rows/adjustments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void put(const struct request *request, struct results *results, enum result result, int64_t index,
                uint32_t element) {
    if (request->wanted[result])
        results->array[result][index] = element;
}

static void put_float(const struct request *request, struct results *results, enum result result,
                      int64_t index, float x) {
    uint32_t element;
    memcpy(&element, &x, sizeof element);
    put(request, results, result, index, element);
}

/* Each token's probability in a set, 0 beyond it. */
static void put_probs(const struct request *request, struct results *results, enum result result,
                      int64_t row_index, const struct oracle_row *row, const struct oracle_set *set) {
    int64_t begin = row_index * request->probs_stride;
    for (int64_t id = 0; id < row->vocab; id++)
        put_float(request, results, result, begin + id, 0);
    for (int64_t place = 0; place < set->kept; place++)
        put_float(request, results, result, begin + row->order[place], oracle_prob(row, set, place));
}

/* The first ids of the order, -1 for the rest of the list; what does not fit is said in the status. */
static uint32_t put_list(const struct request *request, struct results *results, enum result result,
                         int64_t row_index, const struct oracle_row *row, int64_t kept) {
    int64_t places = result_row_elements(request, result);
    for (int64_t place = 0; place < places; place++)
        put(request, results, result, row_index * places + place,
            place < kept ? (uint32_t)row->order[place] : (uint32_t)-1);
    return kept > places ? LOTTO_ROW_TRUNCATED : 0;
}

static void answer_softmax(const struct request *request, struct results *results, int64_t index,
                           const struct oracle_row *row, struct oracle_controls controls) {
    struct oracle_set set =
        oracle_keep(row, (struct oracle_controls){controls.temperature, 0, 1, 0, controls.order, false});
    put_probs(request, results, SOFTMAX_PROBS, index, row, &set);
    put(request, results, SOFTMAX_STATUS, index, set.status);
    oracle_set_destroy(&set);
}

static void answer_argmax(const struct request *request, struct results *results, int64_t index,
                          const struct oracle_row *row) {
    put(request, results, ARGMAX_TOKENS, index, row->candidates ? (uint32_t)row->order[0] : (uint32_t)-1);
    put(request, results, ARGMAX_STATUS, index, row->status);
}

static void answer_top_k(const struct request *request, struct results *results, int64_t index,
                         const struct oracle_row *row, struct oracle_controls controls) {
    int64_t kept = row->candidates;
    if (controls.top_k > 0 && controls.top_k < row->vocab && controls.top_k < kept)
        kept = controls.top_k;
    uint32_t truncated = put_list(request, results, TOP_K_IDS, index, row, kept);
    for (int64_t place = 0; place < request->k_max; place++)
        put_float(request, results, TOP_K_VALUES, index * request->k_max + place,
                  place < kept ? row->x[row->order[place]] : -INFINITY);
    put(request, results, TOP_K_KEPT, index, (uint32_t)kept);
    put(request, results, TOP_K_STATUS, index, row->status | truncated);
}

static void answer_top_p(const struct request *request, struct results *results, int64_t index,
                         const struct oracle_row *row, struct oracle_controls controls) {
    struct oracle_set set = oracle_keep(row, (struct oracle_controls){controls.temperature, 0, controls.top_p,
                                                                      0, LOTTO_ORDER_SEQUENTIAL, false});
    uint32_t truncated = put_list(request, results, TOP_P_IDS, index, row, set.kept);
    put(request, results, TOP_P_KEPT, index, (uint32_t)set.kept);
    put_float(request, results, TOP_P_MASS, index, set.kept ? oracle_kept_mass(&set) : 0);
    put(request, results, TOP_P_STATUS, index, set.status | truncated);
    oracle_set_destroy(&set);
}

/* A row's tokens at temperature 1, without filters. */
static struct oracle_set model_of(const struct oracle_row *row) {
    return oracle_keep(row, (struct oracle_controls){1, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, false});
}

static int64_t place_of(const struct oracle_row *row, int32_t token) {
    int64_t place = 0;
    while (row->order[place] != token)
        place++;
    return place;
}

/* One draw. raw: the row before its adjustments, and model what it says. */
static void answer_draw(const struct request *request, struct results *results, int64_t at,
                        const struct oracle_row *row, const struct oracle_set *set, int64_t place,
                        const struct oracle_row *raw, const struct oracle_set *model) {
    int32_t token = row->order[place];
    put(request, results, SAMPLE_TOKENS, at, (uint32_t)token);
    put(request, results, SAMPLE_TOKENS_ALONE, at, (uint32_t)token);
    put_float(request, results, SAMPLE_PROB, at, oracle_prob(row, set, place));
    put_float(request, results, SAMPLE_LOGPROB, at, oracle_logprob(row, set, place));
    int64_t raw_place = place_of(raw, token);
    put_float(request, results, SAMPLE_MODEL_LOGPROB, at, oracle_logprob(raw, model, raw_place));
    put(request, results, SAMPLE_RANK, at, (uint32_t)raw_place + 1);
}

static void answer_no_draw(const struct request *request, struct results *results, int64_t at) {
    put(request, results, SAMPLE_TOKENS, at, (uint32_t)-1);
    put(request, results, SAMPLE_TOKENS_ALONE, at, (uint32_t)-1);
    put_float(request, results, SAMPLE_PROB, at, 0);
    put_float(request, results, SAMPLE_LOGPROB, at, -INFINITY);
    put_float(request, results, SAMPLE_MODEL_LOGPROB, at, -INFINITY);
    put(request, results, SAMPLE_RANK, at, 0);
}

static void answer_top(const struct request *request, struct results *results, int64_t index,
                       const struct oracle_row *row, const struct oracle_set *set, int64_t count) {
    for (int64_t place = 0; place < request->top_n; place++) {
        int64_t at = index * request->top_n + place;
        put(request, results, SAMPLE_TOP_IDS, at, place < count ? (uint32_t)row->order[place] : (uint32_t)-1);
        put_float(request, results, SAMPLE_TOP_LOGPROBS, at,
                  place < count ? oracle_logprob(row, set, place) : -INFINITY);
    }
}

/* raw: the row before its adjustments. */
static void answer_sample(const struct request *request, struct results *results, int64_t index,
                          const struct oracle_row *raw, const struct oracle_row *row,
                          const struct oracle_set *set) {
    bool drawn = set->kept > 0, of_kept = request->top_of == LOTTO_LOGPROBS_KEPT;
    put(request, results, SAMPLE_STATUS, index, set->status);
    put(request, results, SAMPLE_KEPT, index, (uint32_t)set->kept);
    put_float(request, results, SAMPLE_KEPT_MASS, index, drawn ? oracle_kept_mass(set) : 0);
    put_float(request, results, SAMPLE_ENTROPY, index, drawn ? oracle_entropy(row, set) : 0);
    struct oracle_set model = model_of(raw);
    for (int32_t draw = 0; draw < request->draw_count; draw++) {
        int64_t at = index * request->draw_count + draw;
        if (drawn)
            answer_draw(
                request, results, at, row, set,
                oracle_draw(row, set, request->seeds[index], request->positions[index], (uint32_t)draw), raw,
                &model);
        else
            answer_no_draw(request, results, at);
    }
    answer_top(request, results, index, of_kept ? row : raw, of_kept ? set : &model,
               !drawn    ? 0
               : of_kept ? set->kept
                         : model.kept);
    oracle_set_destroy(&model);
}

static void answer_logprobs(const struct request *request, struct results *results, int64_t index,
                            const struct oracle_row *row) {
    struct oracle_set model = model_of(row);
    int32_t token = request->tokens[index];
    bool is_token = token >= 0 && token < row->vocab;
    float logprob = -INFINITY;
    int64_t place = -1;
    if (is_token && row->candidates > 0) {
        place = place_of(row, token);
        logprob = oracle_logprob(row, &model, place);
    }
    put_float(request, results, LOGPROBS_LOGPROBS, index, logprob);
    put(request, results, LOGPROBS_RANKS, index, (uint32_t)place + 1);
    put(request, results, LOGPROBS_STATUS, index, row->status | (is_token ? 0 : LOTTO_ROW_BAD_ID));
    oracle_set_destroy(&model);
}

static float *values(const struct request *request, int64_t source, const lotto_adjustments *of_row,
                     uint32_t *status) {
    int64_t vocab = request->logits.vocab;
    float *x = malloc((size_t)vocab * sizeof *x);
    if (x == NULL)
        abort();
    for (int64_t id = 0; id < vocab; id++)
        x[id] = oracle_float(request_row(request, source), request->logits.dtype, id);
    *status = of_row ? oracle_adjust(of_row, x, vocab) : 0;
    return x;
}

float *oracle_values(const struct request *request, int64_t index, int64_t source, uint32_t *status) {
    if (!request->adjusted)
        return values(request, source, NULL, status);
    lotto_adjustments of_row = adjustments_of_row(&request->adjustments, index);
    return values(request, source, &of_row, status);
}

struct oracle_row oracle_adjusted_row(const struct request *request, int64_t source,
                                      const lotto_adjustments *of_row) {
    uint32_t status;
    float *x = values(request, source, of_row, &status);
    struct oracle_row row = oracle_sort(x, LOTTO_F32, request->logits.vocab);
    free(x);
    row.status |= status;
    if (status & LOTTO_ROW_BAD_CONTROL) {
        row.status = LOTTO_ROW_BAD_CONTROL;
        row.candidates = 0;
    }
    return row;
}

static struct oracle_row adjusted_row(const struct request *request, int64_t index, int64_t source) {
    if (!request->adjusted)
        return oracle_adjusted_row(request, source, NULL);
    lotto_adjustments of_row = adjustments_of_row(&request->adjustments, index);
    return oracle_adjusted_row(request, source, &of_row);
}

struct oracle_controls oracle_controls_of(const struct request *request, int64_t index) {
    struct row_controls given = request_controls(request, index);
    return (struct oracle_controls){given.temperature, given.top_k, given.top_p,
                                    given.min_p,       given.order, given.temperature_last};
}

static struct oracle_row raw_row(const struct request *request, int64_t row) {
    return oracle_sort(request_row(request, row), request->logits.dtype, request->logits.vocab);
}

static void answer_request(const struct request *request, struct results *results, int64_t index) {
    int64_t source = request_source(request, index);
    struct oracle_row raw = raw_row(request, source < 0 ? 0 : source),
                      row = adjusted_row(request, index, source < 0 ? 0 : source);
    struct oracle_set set = {.status = (uint32_t)-source};
    if (source >= 0)
        set = oracle_keep(&row, oracle_controls_of(request, index));
    answer_sample(request, results, index, &raw, &row, &set);
    oracle_set_destroy(&set);
    oracle_row_destroy(&row);
    oracle_row_destroy(&raw);
}

static void answer_row(const struct request *request, struct results *results, int64_t index) {
    struct oracle_controls controls = oracle_controls_of(request, index);
    struct oracle_row raw = raw_row(request, index), row = adjusted_row(request, index, index);
    if (request->wanted[SOFTMAX_PROBS])
        answer_softmax(request, results, index, &row, controls);
    if (request->wanted[ARGMAX_TOKENS])
        answer_argmax(request, results, index, &raw);
    if (request->wanted[TOP_K_IDS])
        answer_top_k(request, results, index, &row, controls);
    if (request->wanted[TOP_P_IDS])
        answer_top_p(request, results, index, &row, controls);
    struct oracle_set set = oracle_keep(&row, controls);
    if (request->wanted[PROBS_PROBS]) {
        put_probs(request, results, PROBS_PROBS, index, &row, &set);
        put(request, results, PROBS_KEPT, index, (uint32_t)set.kept);
        put(request, results, PROBS_STATUS, index, set.status);
    }
    if (request->wanted[LOGPROBS_LOGPROBS])
        answer_logprobs(request, results, index, &raw);
    oracle_set_destroy(&set);
    oracle_row_destroy(&row);
    oracle_row_destroy(&raw);
}

void oracle_answer(const struct request *request, struct results *results) {
    for (int64_t index = 0; index < request->logits.rows; index++)
        answer_row(request, results, index);
    for (int64_t index = 0; index < request->requests && request->wanted[SAMPLE_TOKENS]; index++)
        answer_request(request, results, index);
    oracle_verify(request, results);
}
