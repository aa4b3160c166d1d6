/*
 * top_p: the nucleus of each row, sorted by rank.
 *
 * Shapes     logits [rows, vocab] -> ids [rows, capacity], kept, mass, status [rows]
 * Grid       one block a row
 * Cost       one launch; reads of the logits: 3, the nucleus 6 more, one above capacity 5 more, mass 2 more; 7 passes
 *            over the list in the workspace
 * Order      ties by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/top_p.c
 */
#include "launch.cuh"
#include "list.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads)
    top_p_kernel(lotto_logits logits, lotto_controls controls, int64_t capacity, int32_t *ids,
                 int32_t *kept_counts, float *mass, uint32_t *status, char *workspace,
                 size_t workspace_row_bytes) {
    int64_t index = blockIdx.x;
    Row<Logit> row(logits, index);
    arith_controls row_controls = arith_row_controls(&controls, index);
    Summary summary = summarize(row, row_controls);
    int kept_count = 0, listed = 0;
    uint64_t bound = 0;
    float share = 0.0f;
    if (summary.candidates()) {
        Kept kept = keep(row, summary, row_controls, controls.order);
        kept_count = static_cast<int>(measure_prefix(row, kept.bound, Count()));
        listed = static_cast<int>(min(static_cast<int64_t>(kept_count), capacity));
        bound = cut_prefix(row, kept.bound, kept_count, listed);
        if (mass)
            share = mass_share(row, kept, measure_prefix(row, kept.bound, kept.weight));
    }

    const uint64_t *keys = list(row, bound, listed, workspace + index * workspace_row_bytes);
    for (int64_t i = threadIdx.x; i < capacity; i += kBlockThreads)
        ids[index * capacity + i] = i < listed ? static_cast<int32_t>(arith_key_id(keys[i])) : -1;
    if (threadIdx.x != 0)
        return;
    if (kept_counts)
        kept_counts[index] = kept_count;
    if (mass)
        mass[index] = share;
    if (status)
        status[index] = summary.status() | (kept_count > listed ? LOTTO_ROW_TRUNCATED : 0u);
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_top_p(const lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, int64_t capacity, int32_t *ids, int32_t *kept,
                               float *mass, uint32_t *status, void *workspace, lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, top_p_kernel<decltype(logit)>, *logits, *controls, capacity, ids, kept,
                      mass, status, static_cast<char *>(workspace), plan->workspace_row_bytes);
    });
}
