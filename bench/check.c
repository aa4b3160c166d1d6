#include "check.h"

#include "host/cli/dtype.h"
#include "host/cli/verify.h"

int64_t check_row_count(int64_t rows, int64_t vocab, int64_t asked) {
    int64_t standard = rows * vocab <= MOST_LOGITS_CHECKED_WHOLE ? rows : ROWS_CHECKED;
    int64_t count = asked > 0 ? asked : standard;
    return count < rows ? count : rows;
}

int64_t check_row(int64_t rows, int64_t checked, int64_t i) {
    return checked > 1 ? i * (rows - 1) / (checked - 1) : 0;
}

bool check_equal(struct run *reference, const struct request *request, const struct results *got, int64_t row,
                 const char *device, struct error *error) {
    struct results expected;
    struct verify_place place = {device, row};
    if (!results_allocate(&expected, request, reference->logits.vocab, 1, error))
        return false;
    bool good = run_request(reference, request, &expected, error) &&
                verify_results(got, row, &expected, 1, place, error);
    results_free(&expected);
    return good;
}

static float lesser(float a, float b) { return a < b ? a : b; }

/* The smallest logit of a token with a probability. */
static float least_kept(const lotto_logits *logits, const float *probs) {
    float least = __builtin_inff();
    for (int64_t id = 0; id < logits->vocab; id++)
        if (probs[id] > 0)
            least = lesser(least, dtype_value(logits->data, logits->dtype, id));
    return least;
}

bool check_kept(struct run *reference, const struct peer *peer, const struct request *request, int32_t token,
                int64_t row, struct error *error) {
    const lotto_logits *logits = &reference->logits;
    struct request probs = {.operation = OPERATION_PROBS, .controls = request->controls};
    struct results kept;
    if (token < 0 || token >= logits->vocab)
        return failure(error, "check failed: row %lld: %s gave token %d; the vocabulary has %lld",
                       (long long)row, peer->name, (int)token, (long long)logits->vocab);
    probs.controls.default_top_p = lesser(1, probs.controls.default_top_p + TOP_P_SLACK);
    if (peer->is_joint)
        probs.controls.order = LOTTO_ORDER_JOINT;
    if (!results_allocate(&kept, &probs, logits->vocab, 1, error))
        return false;
    bool good = run_request(reference, &probs, &kept, error);
    if (good) {
        float least = least_kept(logits, results_reals(&kept, DISTRIBUTION_PROBS, 0));
        float got = dtype_value(logits->data, logits->dtype, token);
        good =
            got >= least - LOGIT_SLACK * request->controls.default_temperature ||
            failure(error, "check failed: row %lld: %s gave token %d with logit %g; the least one kept is %g",
                    (long long)row, peer->name, (int)token, (double)got, (double)least);
    }
    results_free(&kept);
    return good;
}
