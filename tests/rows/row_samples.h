/* All results of sampling one row, for tests by hand. */
#ifndef TESTS_ROW_SAMPLES_H
#define TESTS_ROW_SAMPLES_H

#include <lotto/lotto.h>

struct answer {
    int32_t token, kept, rank;
    uint32_t status;
    float prob, logprob, model_logprob, kept_mass;
};

static inline lotto_samples samples_into(struct answer *answer) {
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.tokens = &answer->token;
    samples.status = &answer->status;
    samples.kept = &answer->kept;
    samples.prob = &answer->prob;
    samples.logprob = &answer->logprob;
    samples.model_logprob = &answer->model_logprob;
    samples.kept_mass = &answer->kept_mass;
    samples.rank = &answer->rank;
    return samples;
}

#endif
