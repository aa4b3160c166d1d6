/*
 * softmax: every token's probability at its row's temperature.
 *
 * Shapes     logits [rows, vocab] -> probs [rows, vocab] f32, status [rows]
 * Grid       one team a row
 * Cost       one launch, one read of the logits, one write
 * Order      integer sums: exact, whatever the launch
 * Reference  host/reference/softmax.c
 */
#include "launch.cuh"
#include "probs.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    softmax_kernel(Shape shape, lotto_logits logits, lotto_controls controls, float *probs,
                   int64_t probs_stride, uint32_t *status, typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments);
    arith_controls row_controls = arith_row_controls(&controls, row.index());
    Summary summary = summarize(row, adjustments, row_controls);
    float *row_probs = probs + row.index() * probs_stride;
    if (summary.is_empty()) {
        write_no_probs(row, row_probs);
    } else {
        Kept kept = arith_is_greedy(row_controls) ? keep_first(row, summary)
                                                  : keep_all(summary, row_controls.temperature);
        write_probs(row, kept, row_probs);
    }
    if (status && row.team.leads() && threadIdx.x == 0)
        status[row.index()] = summary.status();
    row.team.leave();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_softmax(const lotto_plan *plan, const lotto_logits *logits,
                                 const lotto_controls *controls, float *probs, int64_t probs_stride,
                                 uint32_t *status, void *workspace, lotto_stream stream) {
    using namespace lotto;
    return with_adjustments(plan, logits->dtype, controls, workspace, [&](auto logit, auto adjustments) {
        return launch(plan, stream, softmax_kernel<decltype(logit)>, *logits, *controls, probs, probs_stride,
                      status, adjustments);
    });
}
