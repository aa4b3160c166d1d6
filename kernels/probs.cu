/*
 * probs: the distribution that sample draws from.
 *
 * Shapes     logits [rows, vocab] -> probs [rows, vocab] f32, kept, status [rows]
 * Grid       one team a row
 * Cost       one launch, one read of the logits, one write
 * Order      ties by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/probs.c
 */
#include "launch.cuh"
#include "probs.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    probs_kernel(Shape shape, lotto_logits logits, lotto_controls controls, float *probs,
                 int64_t probs_stride, int32_t *kept_counts, uint32_t *status,
                 typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments);
    arith_controls row_controls = arith_row_controls(&controls, row.index());
    prepare_guesses(row.team);
    Summary summary = summarize(row, adjustments, row_controls);
    float *row_probs = probs + row.index() * probs_stride;
    uint64_t count = 0;
    if (summary.is_empty()) {
        write_no_probs(row, row_probs);
    } else {
        Kept kept = keep(row, summary, row_controls, controls.order);
        write_probs(row, kept, row_probs);
        if (kept_counts)
            count = measure_prefix(row, kept.bound, Count());
    }
    if (row.team.leads() && threadIdx.x == 0) {
        if (kept_counts)
            kept_counts[row.index()] = static_cast<int32_t>(count);
        if (status)
            status[row.index()] = summary.status();
    }
    row.team.leave();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_probs(const lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, float *probs, int64_t probs_stride,
                               int32_t *kept, uint32_t *status, void *workspace, lotto_stream stream) {
    using namespace lotto;
    return with_adjustments(plan, logits->dtype, controls, workspace, [&](auto logit, auto adjustments) {
        return launch(plan, stream, probs_kernel<decltype(logit)>, *logits, *controls, probs, probs_stride,
                      kept, status, adjustments);
    });
}
