/*
 * probs: the distribution that sample draws from.
 *
 * Shapes     logits [rows, vocab] -> probs [rows, vocab] f32, kept, status [rows]
 * Grid       one block a row
 * Cost       one launch; reads of the logits: 3, top-k 5 more, top-p 6 more, kept 1 more; one write
 * Order      ties by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/probs.c
 */
#include "launch.cuh"
#include "probs.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads)
    probs_kernel(lotto_logits logits, lotto_controls controls, float *probs, int64_t probs_stride,
                 int32_t *kept_counts, uint32_t *status) {
    int64_t index = blockIdx.x;
    Row<Logit> row(logits, index);
    arith_controls row_controls = arith_row_controls(&controls, index);
    Summary summary = summarize(row, row_controls);
    uint64_t count = 0;
    if (summary.candidates()) {
        Kept kept = keep(row, summary, row_controls, controls.order);
        write_probs(row, kept, probs + index * probs_stride);
        if (kept_counts)
            count = measure_prefix(row, kept.bound, Count());
    } else {
        write_no_probs(row, probs + index * probs_stride);
    }
    if (threadIdx.x != 0)
        return;
    if (kept_counts)
        kept_counts[index] = static_cast<int32_t>(count);
    if (status)
        status[index] = summary.status();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_probs(const lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, float *probs, int64_t probs_stride,
                               int32_t *kept, uint32_t *status, lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, probs_kernel<decltype(logit)>, *logits, *controls, probs, probs_stride,
                      kept, status);
    });
}
