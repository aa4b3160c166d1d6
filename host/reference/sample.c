#include "reference.h"
#include "row.h"

/* What one row's draw tells. */
struct sampled {
    int32_t token, kept, rank;
    float prob, logprob, model_logprob, kept_mass;
};

/* The first kept token, in id order, whose inclusive sum of weights exceeds target. */
static int32_t draw(const struct lotto_reference_row *row, const struct lotto_reference_kept *kept,
                    uint64_t target) {
    uint64_t last_kept = row->keys[kept->count - 1], sum = 0;
    for (int64_t id = 0;; id++) {
        if (arith_key(row->x[id], (uint32_t)id) < last_kept)
            continue;
        sum += lotto_reference_weight(row, row->x[id], kept->scale);
        if (sum > target)
            return (int32_t)id;
    }
}

/* What the logits alone say of the token: no control has a part in it. */
static void tell_of_model(struct sampled *sampled, const lotto_logits *logits, int64_t index) {
    float maximum = -ARITH_INFINITY, x = lotto_reference_logit(logits, index, sampled->token);
    for (int64_t id = 0; id < logits->vocab; id++)
        maximum = fmaxf(maximum, lotto_reference_logit(logits, index, id));
    uint64_t mass = 0, token_key = arith_key(x, (uint32_t)sampled->token);
    for (int64_t id = 0; id < logits->vocab; id++) {
        float other = lotto_reference_logit(logits, index, id);
        mass += arith_weight(arith_distance(other, maximum), arith_scale(1.0f));
        sampled->rank += arith_key(other, (uint32_t)id) >= token_key;
    }
    sampled->model_logprob = arith_logprob(arith_distance(x, maximum), 1.0f, mass);
}

static struct sampled sample_row(const struct lotto_reference_row *row, struct arith_controls controls,
                                 lotto_order order, uint64_t random) {
    struct lotto_reference_kept kept = lotto_reference_keep(row, controls, order);
    struct sampled sampled = {.token = draw(row, &kept, arith_target(random, kept.mass)),
                              .kept = (int32_t)kept.count};
    float x = row->x[sampled.token];
    float distance = arith_distance(x, row->maximum);
    sampled.prob = arith_prob(distance, kept.scale, kept.mass);
    sampled.logprob = arith_logprob(distance, kept.temperature, kept.mass);
    sampled.kept_mass = arith_mass_share(kept.mass, lotto_reference_mass(row, row->candidates, kept.scale));
    return sampled;
}

void lotto_reference_sample(const lotto_logits *logits, const lotto_draws *draws,
                            const lotto_controls *controls, const lotto_samples *samples, void *workspace) {
    for (int64_t index = 0; index < logits->rows; index++) {
        struct arith_controls row_controls = arith_row_controls(controls, index);
        struct lotto_reference_row row = lotto_reference_read_for(logits, index, controls, workspace);
        struct sampled sampled = {.token = -1, .logprob = -ARITH_INFINITY, .model_logprob = -ARITH_INFINITY};
        if (row.candidates > 0) {
            struct arith_philox counter = arith_counter(draws->positions[index], ARITH_DRAW_TOKEN, 0);
            uint64_t seed = draws->seeds[index];
            uint64_t random =
                arith_random(arith_philox4x32_10(counter, (uint32_t)seed, (uint32_t)(seed >> 32)));
            sampled = sample_row(&row, row_controls, controls->order, random);
            if (samples->model_logprob || samples->rank)
                tell_of_model(&sampled, logits, index);
        }
        samples->tokens[index] = sampled.token;
        if (samples->status)
            samples->status[index] = row.status;
        if (samples->kept)
            samples->kept[index] = sampled.kept;
        if (samples->prob)
            samples->prob[index] = sampled.prob;
        if (samples->logprob)
            samples->logprob[index] = sampled.logprob;
        if (samples->model_logprob)
            samples->model_logprob[index] = sampled.model_logprob;
        if (samples->kept_mass)
            samples->kept_mass[index] = sampled.kept_mass;
        if (samples->rank)
            samples->rank[index] = sampled.rank;
    }
}
