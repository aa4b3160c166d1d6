/*
 * softmax: every token's probability at its row's temperature.
 *
 * Shapes     logits [rows, vocab] -> probs [rows, vocab] f32, status [rows]
 * Grid       one block a row
 * Cost       three reads of the logits (maximum, integer sum, write), one write, one launch
 * Order      integer sums: exact, whatever the launch
 * Reference  host/reference/softmax.c
 */
#include "launch.cuh"
#include "probs.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads)
    softmax_kernel(lotto_logits logits, lotto_controls controls, float *probs, int64_t probs_stride,
                   uint32_t *status) {
    int64_t index = blockIdx.x;
    Row<Logit> row(logits, index);
    arith_controls row_controls = arith_row_controls(&controls, index);
    Summary summary = summarize(row, row_controls);
    if (summary.candidates())
        write_probs(row, keep_unfiltered(summary, row_controls), probs + index * probs_stride);
    else
        write_no_probs(row, probs + index * probs_stride);
    if (status && threadIdx.x == 0)
        status[index] = summary.status();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_softmax(const lotto_plan *plan, const lotto_logits *logits,
                                 const lotto_controls *controls, float *probs, int64_t probs_stride,
                                 uint32_t *status, lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, softmax_kernel<decltype(logit)>, *logits, *controls, probs, probs_stride,
                      status);
    });
}
