/*
 * top_k: the k largest of each row, sorted by rank.
 *
 * Shapes     logits [rows, vocab] -> ids, values [rows, k_max], kept, status [rows]
 * Grid       one block a row
 * Cost       one launch; reads of the logits: 2, radix select 5 more; 7 passes over the list in the workspace
 * Order      ties by token id; exact, whatever the launch
 * Reference  host/reference/top_k.c
 */
#include "launch.cuh"
#include "list.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads)
    top_k_kernel(lotto_logits logits, lotto_controls controls, int64_t k_max, int32_t *ids, float *values,
                 int32_t *kept_counts, uint32_t *status, char *workspace, size_t workspace_row_bytes) {
    int64_t index = blockIdx.x;
    Row<Logit> row(logits, index);
    arith_controls row_controls = arith_row_controls(&controls, index);
    Summary summary = summarize(row);
    int candidates = static_cast<int>(summary.candidates());
    int kept = arith_has_top_k(row_controls, row.vocab) ? min(row_controls.top_k, candidates) : candidates;
    int listed = static_cast<int>(min(static_cast<int64_t>(kept), k_max));

    uint64_t bound = cut_prefix(row, arith_candidate_bound(summary.maximum()), candidates, listed);
    const uint64_t *keys = list(row, bound, listed, workspace + index * workspace_row_bytes);
    for (int64_t i = threadIdx.x; i < k_max; i += kBlockThreads) {
        ids[index * k_max + i] = i < listed ? static_cast<int32_t>(arith_key_id(keys[i])) : -1;
        if (values)
            values[index * k_max + i] = i < listed ? arith_key_value(keys[i]) : -ARITH_INFINITY;
    }
    if (threadIdx.x != 0)
        return;
    if (kept_counts)
        kept_counts[index] = kept;
    if (status)
        status[index] = summary.status() | (kept > listed ? LOTTO_ROW_TRUNCATED : 0u);
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_top_k(const lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, int64_t k_max, int32_t *ids, float *values,
                               int32_t *kept, uint32_t *status, void *workspace, lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, top_k_kernel<decltype(logit)>, *logits, *controls, k_max, ids, values,
                      kept, status, static_cast<char *>(workspace), plan->workspace_row_bytes);
    });
}
