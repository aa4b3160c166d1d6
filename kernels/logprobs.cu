/*
 * logprobs: how likely given tokens are, one a row.
 *
 * Shapes     logits [rows, vocab], tokens [rows] -> logprobs and, if asked for, ranks, status [rows]
 * Grid       one team a row
 * Cost       one launch, one read of the logits; for ranks in a row with +inf, one more
 * Order      ties by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/logprobs.c
 */
#include "launch.cuh"
#include "prefix.cuh"
#include "summary.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    logprobs_kernel(Shape shape, lotto_logits logits, const int32_t *tokens, float *logprobs, int32_t *ranks,
                    uint32_t *status) {
    Row<Logit> row(logits, shape);
    Summary summary = summarize(row);
    int token = tokens[row.index()];
    bool is_token = token >= 0 && token < row.vocab;
    float logprob = -ARITH_INFINITY;
    int rank = 0;
    if (is_token && !summary.is_empty()) {
        uint64_t mass = measure_prefix(row, whole(), Weight{summary.maximum, arith_scale(1.0f)});
        float x = row.settle(row.logits[token]);
        logprob = arith_logprob(arith_distance(x, summary.maximum), 1.0f, mass);
        if (ranks)
            rank = rank_of(row, token);
    }
    if (row.team.leads() && threadIdx.x == 0) {
        logprobs[row.index()] = logprob;
        if (ranks)
            ranks[row.index()] = rank;
        if (status)
            status[row.index()] = summary.status() | (is_token ? 0u : LOTTO_ROW_BAD_ID);
    }
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_logprobs(const lotto_plan *plan, const lotto_logits *logits, const int32_t *tokens,
                                  float *logprobs, int32_t *ranks, uint32_t *status, lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, logprobs_kernel<decltype(logit)>, *logits, tokens, logprobs, ranks,
                      status);
    });
}
