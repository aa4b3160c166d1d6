#include "reference.h"
#include "row.h"

/* One request. */
struct sampled {
    const lotto_samples *samples; /* what is written, */
    int64_t index;                /* where */
    int32_t draws;
};

static void store_int(int32_t *results, int64_t index, int32_t value) {
    if (results)
        results[index] = value;
}

static void store_float(float *results, int64_t index, float value) {
    if (results)
        results[index] = value;
}

static void tell_draws(struct sampled sampled, const struct lotto_reference_row *row,
                       const struct lotto_reference_kept *kept, uint64_t seed, uint64_t position) {
    const lotto_samples *samples = sampled.samples;
    for (int32_t i = 0; i < sampled.draws; i++) {
        int64_t at = sampled.index * sampled.draws + i;
        uint64_t random = lotto_reference_random(seed, position, ARITH_DRAW_TOKEN, (uint32_t)i);
        int32_t token = lotto_reference_draw(row, kept, arith_target(random, kept->mass));
        float distance = arith_distance(row->x[token], row->maximum);
        samples->tokens[at] = token;
        store_float(samples->prob, at, arith_prob(distance, kept->scale, kept->mass));
        store_float(samples->logprob, at, arith_logprob(distance, kept->temperature, kept->mass));
    }
}

static float entropy(const struct lotto_reference_row *row, const struct lotto_reference_kept *kept) {
    uint64_t surprise = 0;
    for (int64_t rank = 0; rank < kept->count; rank++)
        surprise +=
            arith_surprise(arith_distance(arith_key_value(row->keys[rank]), row->maximum), kept->scale);
    return arith_entropy(surprise, kept->mass);
}

static void tell_kept(struct sampled sampled, const struct lotto_reference_row *row,
                      const struct lotto_reference_kept *kept) {
    const lotto_samples *samples = sampled.samples;
    uint64_t all = lotto_reference_mass(row, row->candidates, kept->scale);
    store_int(samples->kept, sampled.index, (int32_t)kept->count);
    store_float(samples->kept_mass, sampled.index, arith_mass_share(kept->mass, all));
    store_float(samples->entropy, sampled.index, entropy(row, kept));
}

/* The first tokens of what is kept of a row. */
static void tell_top(struct sampled sampled, const struct lotto_reference_row *row,
                     const struct lotto_reference_kept *kept) {
    for (int64_t rank = 0; rank < sampled.samples->top_n; rank++) {
        int64_t at = sampled.index * sampled.samples->top_n + rank;
        bool is_one = rank < kept->count;
        float logprob = -ARITH_INFINITY;
        if (is_one)
            logprob = arith_logprob(arith_distance(arith_key_value(row->keys[rank]), row->maximum),
                                    kept->temperature, kept->mass);
        store_int(sampled.samples->top_ids, at, is_one ? (int32_t)arith_key_id(row->keys[rank]) : -1);
        store_float(sampled.samples->top_logprobs, at, logprob);
    }
}

/* What the logits alone say, as they are and at temperature 1; the tokens have been drawn. */
static void tell_of_model(struct sampled sampled, const struct lotto_reference_row *row) {
    const lotto_samples *samples = sampled.samples;
    struct lotto_reference_kept all = {row->candidates, 0, 1.0f, arith_scale(1.0f)};
    all.mass = lotto_reference_mass(row, all.count, all.scale);
    for (int64_t at = sampled.index * sampled.draws; at < (sampled.index + 1) * sampled.draws; at++) {
        int32_t token = samples->tokens[at];
        float distance = arith_distance(row->x[token], row->maximum);
        store_float(samples->model_logprob, at, arith_logprob(distance, 1.0f, all.mass));
        store_int(samples->rank, at, lotto_reference_rank(row, token));
    }
    if (samples->top_of == LOTTO_LOGPROBS_MODEL)
        tell_top(sampled, row, &all);
}

static void tell_nothing(struct sampled sampled, const struct lotto_reference_row *row) {
    const lotto_samples *samples = sampled.samples;
    for (int64_t at = sampled.index * sampled.draws; at < (sampled.index + 1) * sampled.draws; at++) {
        samples->tokens[at] = -1;
        store_float(samples->prob, at, 0.0f);
        store_float(samples->logprob, at, -ARITH_INFINITY);
        store_float(samples->model_logprob, at, -ARITH_INFINITY);
        store_int(samples->rank, at, 0);
    }
    store_int(samples->kept, sampled.index, 0);
    store_float(samples->kept_mass, sampled.index, 0.0f);
    store_float(samples->entropy, sampled.index, 0.0f);
    tell_top(sampled, row, &(struct lotto_reference_kept){0});
}

void lotto_reference_sample(const lotto_logits *logits, const lotto_draws *draws,
                            const lotto_controls *controls, const lotto_samples *samples, void *workspace) {
    for (int64_t index = 0; index < arith_requests(logits, draws); index++) {
        struct sampled sampled = {samples, index, draws->count};
        struct arith_source source = arith_source_of(logits, draws, index);
        struct lotto_reference_row row = lotto_reference_unread(logits, source.status);
        if (!source.status)
            row = lotto_reference_read_for(logits, source.row, controls, arith_place_of(index), workspace);
        if (samples->status)
            samples->status[index] = row.status;
        if (row.candidates == 0) {
            tell_nothing(sampled, &row);
            continue;
        }
        struct lotto_reference_kept kept =
            lotto_reference_keep(&row, arith_row_controls(controls, index), controls->order);
        tell_draws(sampled, &row, &kept, draws->seeds[index], draws->positions[index]);
        tell_kept(sampled, &row, &kept);
        if (samples->top_of == LOTTO_LOGPROBS_KEPT)
            tell_top(sampled, &row, &kept);
        if (samples->model_logprob || samples->rank || samples->top_of == LOTTO_LOGPROBS_MODEL) {
            row = lotto_reference_read(logits, source.row, workspace); /* in place of the adjusted one */
            tell_of_model(sampled, &row);
        }
    }
}
