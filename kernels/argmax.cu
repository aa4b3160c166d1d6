/*
 * argmax: the first token of each row's order.
 *
 * Shapes     logits [rows, vocab] -> tokens, status [rows]
 * Grid       one block a row
 * Cost       one read of the logits, one launch
 * Order      ties by token id; exact, whatever the launch
 * Reference  host/reference/argmax.c
 */
#include "launch.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads)
    argmax_kernel(lotto_logits logits, int32_t *tokens, uint32_t *status) {
    int64_t index = blockIdx.x;
    Row<Logit> row(logits, index);
    Summary summary = summarize(row);
    if (threadIdx.x != 0)
        return;
    tokens[index] = summary.candidates() ? static_cast<int32_t>(arith_key_id(summary.first_key)) : -1;
    if (status)
        status[index] = summary.status();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_argmax(const lotto_plan *plan, const lotto_logits *logits, int32_t *tokens,
                                uint32_t *status, lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, argmax_kernel<decltype(logit)>, *logits, tokens, status);
    });
}
