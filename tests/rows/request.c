#include "tests/rows/request.h"

#include "tests/oracle/oracle.h"
#include "tests/rows/adjustments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(int64_t count, size_t bytes_each) {
    void *memory = calloc((size_t)(count ? count : 1), bytes_each);
    if (memory == NULL)
        abort();
    return memory;
}

static double logit_at(const struct request *request, int64_t row, int64_t id) {
    double x = (double)oracle_float(request_row(request, row), request->logits.dtype, id);
    return isnan(x) ? -INFINITY : x;
}

/* ---- controls: usual values, the edges, and what only an array may hold -------------------------------------------- */

static float random_temperature(struct random *random, bool in_array) {
    if (in_array && random_one_in(random, 30)) {
        const float bad[] = {-1.0f, -1e-45f, NAN, -NAN, INFINITY, -INFINITY};
        return bad[random_below(random, 6)];
    }
    const float edges[] = {1e-6f, nextafterf(1e-6f, 0), 0, -0.0f, 1e-45f, 1e-3f, 1e30f, 1.0f};
    return random_one_in(random, 4) ? edges[random_below(random, 8)] : 0.3f + 1.7f * random_unit(random);
}

static int32_t random_top_k(struct random *random, bool in_array, int64_t vocab) {
    if (in_array && random_one_in(random, 10))
        return random_one_in(random, 2) ? INT32_MIN : -1;
    const int64_t edges[] = {0, 1, 50, vocab - 1, vocab, vocab + 1, INT32_MAX};
    switch (random_below(random, 5)) {
    case 0:
        return (int32_t)edges[random_below(random, 7)];
    case 1:
        return 50;
    case 2:
        return (int32_t)random_log_uniform(random, vocab);
    default:
        return 0;
    }
}

static float random_top_p(struct random *random, bool in_array) {
    if (in_array && random_one_in(random, 20)) {
        const float beyond[] = {1.5f, INFINITY, -0.5f, -INFINITY, NAN};
        return beyond[random_below(random, 5)];
    }
    const float edges[] = {0, 1e-9f, 0x1p-33f, 1 - 0x1p-24f, 0.9999f, 1};
    switch (random_below(random, 5)) {
    case 0:
        return edges[random_below(random, 6)];
    case 1:
        return 0.9f + 0.09f * random_unit(random);
    case 2:
        return 0.1f + 0.8999f * random_unit(random);
    default:
        return 1;
    }
}

static float random_min_p(struct random *random, bool in_array) {
    if (in_array && random_one_in(random, 20)) {
        const float beyond[] = {1.5f, INFINITY, -0.5f, -INFINITY, NAN};
        return beyond[random_below(random, 5)];
    }
    const float edges[] = {1, 0x1p-40f, 0x1p-41f, 1e-9f, 1e-45f, 1 - 0x1p-24f};
    switch (random_below(random, 6)) {
    case 0:
        return edges[random_below(random, 6)];
    case 1:
        return 0.02f + 0.2f * random_unit(random);
    case 2:
        return random_unit(random);
    default:
        return 0;
    }
}

static uint64_t random_position(struct random *random) {
    switch (random_below(random, 4)) {
    case 0:
        return random_below(random, 4096);
    case 1:
        return ((uint64_t)1 << 32) + random_below(random, 1000) - 500;
    case 2:
        return ((uint64_t)(1 + random_below(random, 3)) << 62) + random_below(random, 1000) - 500;
    default:
        return random_bits(random);
    }
}

/* Which controls are arrays; the others are the defaults. */
static void create_control_arrays(struct request *request, bool temperature, bool top_k, bool top_p,
                                  bool min_p) {
    int64_t rows = request->logits.rows;
    free(request->temperature);
    free(request->top_k);
    free(request->top_p);
    free(request->min_p);
    request->temperature = temperature ? allocate(rows, sizeof(float)) : NULL;
    request->top_k = top_k ? allocate(rows, sizeof(int32_t)) : NULL;
    request->top_p = top_p ? allocate(rows, sizeof(float)) : NULL;
    request->min_p = min_p ? allocate(rows, sizeof(float)) : NULL;
    request->controls.temperature = request->temperature;
    request->controls.top_k = request->top_k;
    request->controls.top_p = request->top_p;
    request->controls.min_p = request->min_p;
}

static void set_temperature_last(struct request *request, bool array) {
    free(request->temperature_last);
    request->temperature_last = array ? allocate(request->logits.rows, sizeof(int32_t)) : NULL;
    request->controls.temperature_last = request->temperature_last;
}

void request_set_controls(struct request *request, const struct row_controls *controls) {
    create_control_arrays(request, true, true, true, true);
    request->controls.order = controls->order;
    set_temperature_last(request, false);
    request->controls.default_temperature_last = controls->temperature_last;
    for (int64_t row = 0; row < request->logits.rows; row++) {
        request->temperature[row] = controls->temperature;
        request->top_k[row] = controls->top_k;
        request->top_p[row] = controls->top_p;
        request->min_p[row] = controls->min_p;
    }
}

void request_set_random_controls(struct request *request, struct random *random) {
    int64_t rows = request->logits.rows, vocab = request->logits.vocab;
    uint64_t arrays = random_bits(random);
    create_control_arrays(request, arrays & 1, arrays & 2, arrays & 4, arrays & 8);
    request->controls.default_temperature = random_temperature(random, false);
    request->controls.default_top_k = random_top_k(random, false, vocab);
    request->controls.default_top_p = random_top_p(random, false);
    request->controls.default_min_p = random_min_p(random, false);
    request->controls.order = (lotto_order)random_below(random, 3);
    for (int64_t row = 0; row < rows; row++) {
        if (request->temperature)
            request->temperature[row] = random_temperature(random, true);
        if (request->top_k)
            request->top_k[row] = random_top_k(random, true, vocab);
        if (request->top_p)
            request->top_p[row] = random_top_p(random, true);
        if (request->min_p)
            request->min_p[row] = random_min_p(random, true);
        request->seeds[row] = random_one_in(random, 2) ? random_below(random, 100) : random_bits(random);
        request->positions[row] = random_position(random);
    }
}

void request_set_random_adjustments(struct request *request, struct random *random) {
    if (request->adjusted)
        adjustments_destroy(&request->adjustments);
    request->adjusted = true;
    request->adjustments = adjustments_random(random, &request->logits, &request->mask_rows);
    request->controls.adjustments = &request->adjustments;
    set_temperature_last(request, random_one_in(random, 2));
    request->controls.default_temperature_last = random_one_in(random, 2) ? 0 : 1;
    for (int64_t row = 0; row < request->logits.rows && request->temperature_last; row++)
        request->temperature_last[row] = (int32_t[]){0, 1, -1, INT32_MIN}[random_below(random, 4)];
}

void request_set_random_reports(struct request *request, struct random *random) {
    int64_t rows = request->logits.rows;
    request->draw_count = random_one_in(random, 3) ? 1 : (int32_t)random_log_uniform(random, 40);
    request->top_n = random_one_in(random, 4) ? 0 : (int32_t)random_log_uniform(random, 64);
    request->top_of = random_one_in(random, 2) ? LOTTO_LOGPROBS_KEPT : LOTTO_LOGPROBS_MODEL;
    free(request->logits_rows);
    request->logits_rows = NULL;
    request->requests = request->sample_rows = rows;
    if (random_one_in(random, 3))
        return;
    request->requests = 1 + (int64_t)random_below(random, (uint64_t)rows);
    request->sample_rows = 1 + (int64_t)random_below(random, (uint64_t)rows);
    request->logits_rows = allocate(request->requests, sizeof *request->logits_rows);
    for (int64_t i = 0; i < request->requests; i++) {
        const int64_t none[] = {-1, INT32_MIN, request->sample_rows, INT32_MAX};
        request->logits_rows[i] =
            (int32_t)(random_one_in(random, 6)
                          ? none[random_below(random, 4)]
                          : (int64_t)random_below(random, (uint64_t)request->sample_rows));
    }
}

/* ---- drafts ------------------------------------------------------------------------------------------------------- */

/* Probabilities near those of a row at temperature 1, or some others; now and then what is none. */
static void fill_probs(struct random *random, const struct request *request, int64_t row, float *probs) {
    int64_t vocab = request->logits.vocab;
    double maximum = -INFINITY, mass = 0,
           sharpness = random_one_in(random, 2) ? 1 : 2.0 * (double)random_unit(random);
    for (int64_t id = 0; id < vocab; id++)
        maximum = fmax(maximum, logit_at(request, row, id));
    for (int64_t id = 0; id < vocab; id++) {
        double x = logit_at(request, row, id);
        double weight = x > -INFINITY && maximum < INFINITY ? exp((x - maximum) * sharpness) : 0.25;
        probs[id] = (float)(random_one_in(random, 3) ? weight : weight * 2 * (double)random_unit(random));
        mass += (double)probs[id];
    }
    for (int64_t id = 0; id < vocab; id++)
        probs[id] = (float)((double)probs[id] / mass);
    if (random_one_in(random, 4)) {
        const float others[] = {0, 1, NAN, -1, INFINITY, -INFINITY, 1e-45f, 0x1p-41f, 1 - 0x1p-24f, 2};
        for (int64_t some = 1 + vocab / 8; some > 0; some--)
            probs[random_below(random, (uint64_t)vocab)] = others[random_below(random, 10)];
    }
}

static int32_t random_draft(struct random *random, const struct request *request, int64_t row,
                            const float *probs) {
    int64_t vocab = request->logits.vocab, best = (int64_t)random_below(random, (uint64_t)vocab);
    const int64_t none[] = {-1, vocab, INT32_MIN, INT32_MAX};
    if (random_one_in(random, 25))
        return (int32_t)none[random_below(random, 4)];
    if (random_one_in(random, 3))
        return (int32_t)best;
    for (int64_t id = 0; id < vocab; id++)
        if (probs ? probs[id] > probs[best] : logit_at(request, row, id) > logit_at(request, row, best))
            best = id;
    return (int32_t)best;
}

static void release_drafts(struct request *request) {
    free(request->drafts);
    free(request->draft_lengths);
    free(request->target_rows);
    free(request->draft_probs);
    request->drafts = request->draft_lengths = request->target_rows = NULL;
    request->draft_probs = NULL;
}

static void name_targets(struct random *random, struct request *request) {
    int64_t places = request->sequences * (request->draft_count + 1);
    request->target_rows = allocate(places, sizeof *request->target_rows);
    for (int64_t place = 0; place < places; place++) {
        const int64_t none[] = {-1, INT32_MIN, request->logits.rows, INT32_MAX};
        request->target_rows[place] =
            (int32_t)(random_one_in(random, 20)
                          ? none[random_below(random, 4)]
                          : (int64_t)random_below(random, (uint64_t)request->logits.rows));
    }
}

static void shorten(struct random *random, struct request *request) {
    int32_t count = request->draft_count;
    request->draft_lengths = allocate(request->sequences, sizeof *request->draft_lengths);
    for (int64_t sequence = 0; sequence < request->sequences; sequence++) {
        const int32_t bad[] = {-1, count + 1, INT32_MIN, INT32_MAX};
        request->draft_lengths[sequence] = random_one_in(random, 15)
                                               ? bad[random_below(random, 4)]
                                               : (int32_t)random_below(random, (uint64_t)count + 1);
    }
}

void request_set_random_drafts(struct request *request, struct random *random) {
    int64_t rows = request->logits.rows, vocab = request->logits.vocab;
    release_drafts(request);
    request->draft_count = (int32_t)random_log_uniform(random, rows < 6 ? rows : 6) - 1;
    request->sequences = rows / (request->draft_count + 1);
    if (random_one_in(random, 2))
        name_targets(random, request);
    if (random_one_in(random, 2))
        shorten(random, request);
    int64_t drafts = request->sequences * request->draft_count;
    request->drafts = allocate(drafts, sizeof *request->drafts);
    request->draft_stride = vocab + (random_one_in(random, 2) ? 0 : (int64_t)random_below(random, 40));
    if (!random_one_in(random, 3))
        request->draft_probs = allocate(drafts * request->draft_stride, sizeof *request->draft_probs);
    for (int64_t draft = 0; draft < drafts; draft++) {
        float *probs = request->draft_probs ? request->draft_probs + draft * request->draft_stride : NULL;
        int64_t row = request_target(request, draft + draft / request->draft_count);
        row = row < 0 ? 0 : row;
        if (probs)
            fill_probs(random, request, row, probs);
        request->drafts[draft] = random_draft(random, request, row, probs);
    }
}

int64_t request_target(const struct request *request, int64_t place) {
    if (!request->target_rows)
        return place;
    int64_t row = request->target_rows[place];
    return row < 0 ? -LOTTO_ROW_SKIPPED : row >= request->logits.rows ? -LOTTO_ROW_BAD_CONTROL : row;
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

int64_t request_source(const struct request *request, int64_t index) {
    if (!request->logits_rows)
        return index;
    int64_t row = request->logits_rows[index];
    return row < 0 ? -LOTTO_ROW_SKIPPED : row >= request->sample_rows ? -LOTTO_ROW_BAD_CONTROL : row;
}

void request_set_adjustments(struct request *request, const lotto_adjustments *adjustments,
                             int64_t mask_rows) {
    if (request->adjusted)
        adjustments_destroy(&request->adjustments);
    request->adjusted = true;
    request->adjustments = adjustments_copy(adjustments, request->logits.rows, mask_rows);
    request->mask_rows = mask_rows;
    request->controls.adjustments = &request->adjustments;
}

struct row_controls request_controls(const struct request *request, int64_t row) {
    const lotto_controls *controls = &request->controls;
    struct row_controls of_row = {
        request->temperature ? request->temperature[row] : controls->default_temperature,
        request->top_k ? request->top_k[row] : controls->default_top_k,
        request->top_p ? request->top_p[row] : controls->default_top_p,
        request->min_p ? request->min_p[row] : controls->default_min_p,
        controls->order,
        (request->temperature_last ? request->temperature_last[row] : controls->default_temperature_last) !=
            0,
    };
    return of_row;
}

/* ---- logits ------------------------------------------------------------------------------------------------------- */

static struct request *create(lotto_dtype dtype, int64_t rows, int64_t vocab, int64_t row_stride,
                              int64_t before) {
    struct request *request = allocate(1, sizeof *request);
    *request = (struct request){
        .controls = LOTTO_CONTROLS_INIT, .k_max = vocab, .capacity = vocab, .probs_stride = vocab};
    request->memory_bytes = (size_t)(before + rows * row_stride + 8) * dtype_bytes(dtype);
    request->memory = allocate((int64_t)request->memory_bytes, 1);
    request->logits =
        (lotto_logits){request->memory + (size_t)before * dtype_bytes(dtype), row_stride, rows, vocab, dtype};
    request->kinds = allocate(rows, sizeof *request->kinds);
    request->seeds = allocate(rows, sizeof *request->seeds);
    request->positions = allocate(rows, sizeof *request->positions);
    request->tokens = allocate(rows, sizeof *request->tokens);
    request->draw_count = 1;
    request->requests = request->sample_rows = rows;
    request->top_n = 5;
    for (int result = 0; result < RESULTS; result++)
        request->wanted[result] = true;
    return request;
}

static void *row_of(struct request *request, int64_t row) {
    size_t offset = (size_t)((const unsigned char *)request_row(request, row) - request->memory);
    return request->memory + offset;
}

const void *request_row(const struct request *request, int64_t row) {
    return (const unsigned char *)request->logits.data +
           (size_t)(row * request->logits.row_stride) * dtype_bytes(request->logits.dtype);
}

struct request *request_of(const void *rows, lotto_dtype dtype, int64_t row_count, int64_t vocab) {
    struct request *request = create(dtype, row_count, vocab, vocab, 0);
    memcpy(request->memory, rows, (size_t)(row_count * vocab) * dtype_bytes(dtype));
    return request;
}

static bool is_first_of_operation(int result) {
    return result == SOFTMAX_PROBS || result == ARGMAX_TOKENS || result == TOP_K_IDS || result == TOP_P_IDS ||
           result == PROBS_PROBS || result == SAMPLE_TOKENS || result == SAMPLE_TOKENS_ALONE ||
           result == LOGPROBS_LOGPROBS || result == VERIFY_TOKENS;
}

struct request *request_random(uint64_t seed, const struct request_limits *limits) {
    struct random random = random_of_seed(seed);
    int64_t vocab = random_log_uniform(&random, limits->vocab);
    int64_t most_rows = limits->logits / vocab;
    if (most_rows > limits->rows)
        most_rows = limits->rows;
    int64_t rows = most_rows < 1 ? 1 : 1 + (int64_t)random_below(&random, (uint64_t)most_rows);
    int64_t gap = random_one_in(&random, 2) ? 0 : (int64_t)random_below(&random, 40);
    lotto_dtype dtype = (lotto_dtype)random_below(&random, 3);

    struct request *request = create(dtype, rows, vocab, vocab + gap, (int64_t)random_below(&random, 8));
    request->seed = seed;
    /* NaN in every type, or a logit (in f32 and bf16) that would be the maximum if it were read */
    memset(request->memory, random_one_in(&random, 2) ? 0xff : 0x7f, request->memory_bytes);
    for (int64_t row = 0; row < rows; row++) {
        request->kinds[row] = random_one_in(&random, 2) ? (enum row_kind)random_below(&random, ROW_MASKED + 1)
                                                        : (enum row_kind)random_below(&random, ROW_REAL);
        row_fill(&random, request->kinds[row], dtype, vocab, row_of(request, row));
    }
    request_set_random_controls(request, &random);
    if (limits->adjusted)
        request_set_random_adjustments(request, &random);

    int64_t list = vocab < 3000 ? vocab : random_one_in(&random, 8) ? vocab : 3000;
    request->k_max = random_one_in(&random, 4) ? list : random_log_uniform(&random, list);
    request->capacity = random_one_in(&random, 4) ? list : random_log_uniform(&random, list);
    request->probs_stride = vocab + (random_one_in(&random, 2) ? 0 : (int64_t)random_below(&random, 40));
    bool everything = !random_one_in(&random, 4);
    for (int result = 0; result < RESULTS; result++)
        request->wanted[result] = everything || is_first_of_operation(result) || random_one_in(&random, 2);
    for (int64_t row = 0; row < rows; row++) {
        const int64_t none[] = {-1, vocab, INT32_MIN, INT32_MAX};
        request->tokens[row] =
            (int32_t)(random_one_in(&random, 8) ? none[random_below(&random, 4)]
                                                : (int64_t)random_below(&random, (uint64_t)vocab));
    }
    if (limits->reported) {
        request_set_random_reports(request, &random);
        request_set_random_drafts(request, &random);
    }
    return request;
}

void request_destroy(struct request *request) {
    free(request->memory);
    free(request->kinds);
    free(request->temperature);
    free(request->top_k);
    free(request->top_p);
    free(request->min_p);
    free(request->temperature_last);
    if (request->adjusted)
        adjustments_destroy(&request->adjustments);
    free(request->seeds);
    free(request->positions);
    free(request->tokens);
    free(request->logits_rows);
    release_drafts(request);
    free(request);
}
