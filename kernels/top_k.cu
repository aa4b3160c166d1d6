/*
 * top_k: the k largest of each row, sorted by rank.
 *
 * Shapes     logits [rows, vocab] -> ids, values [rows, k_max], kept, status [rows]
 * Grid       one team a row
 * Cost       one launch, one read of the logits; 7 passes over the list in the workspace
 * Order      ties by token id; exact, whatever the launch
 * Reference  host/reference/top_k.c
 */
#include "launch.cuh"
#include "ranking.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    top_k_kernel(Shape shape, lotto_logits logits, lotto_controls controls, int64_t k_max, int32_t *ids,
                 float *values, int32_t *kept_counts, uint32_t *status, char *workspace,
                 size_t workspace_row_bytes, typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments);
    arith_controls row_controls = arith_row_controls(&controls, row.index());
    prepare_guesses(row.team);
    Summary summary = summarize(row, adjustments, arith_place_of(row.index()));
    uint64_t all = whole();
    int candidates = summary.is_empty() ? 0 : static_cast<int>(measure_prefix(row, all, Count()));
    int kept = arith_has_top_k(row_controls, row.vocab) ? min(row_controls.top_k, candidates) : candidates;
    int listed = static_cast<int>(min(static_cast<int64_t>(kept), k_max));

    uint64_t bound = listed < candidates ? top_k_cut(row, summary, listed, all).bound : all;
    const uint64_t *keys = rank(row, bound, listed, workspace + row.index() * workspace_row_bytes);
    if (row.team.leads()) {
        for (int64_t i = threadIdx.x; i < k_max; i += kBlockThreads) {
            ids[row.index() * k_max + i] = i < listed ? static_cast<int32_t>(arith_key_id(keys[i])) : -1;
            if (values)
                values[row.index() * k_max + i] =
                    i < listed ? row.logit_of(arith_key_value(keys[i])) : -ARITH_INFINITY;
        }
        if (kept_counts && threadIdx.x == 0)
            kept_counts[row.index()] = kept;
        if (status && threadIdx.x == 0)
            status[row.index()] = summary.status() | (kept > listed ? LOTTO_ROW_TRUNCATED : 0u);
    }
    row.team.leave();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_top_k(const lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, int64_t k_max, int32_t *ids, float *values,
                               int32_t *kept, uint32_t *status, void *workspace, lotto_stream stream) {
    using namespace lotto;
    return with_adjustments(plan, logits->dtype, controls, workspace, [&](auto logit, auto adjustments) {
        return launch(plan, stream, top_k_kernel<decltype(logit)>, *logits, *controls, k_max, ids, values,
                      kept, status, static_cast<char *>(workspace) + plan->held_row_bytes,
                      plan->workspace_row_bytes, adjustments);
    });
}
