/*
 * top_p: the nucleus of each row, sorted by rank.
 *
 * Shapes     logits [rows, vocab] -> ids [rows, capacity], kept, mass, status [rows]
 * Grid       one team a row
 * Cost       one launch, one read of the logits; 7 passes over the list in the workspace
 * Order      ties by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/top_p.c
 */
#include "launch.cuh"
#include "ranking.cuh"

namespace lotto {
namespace {

/* Where the nucleus's first tokens end, if not all are asked for. A call, so that it takes no registers of what comes before. */
template <typename Logit>
__device__ __noinline__ uint64_t cut_short(Row<Logit> row, Summary summary, int listed, uint64_t bound) {
    return top_k_cut(row, summary, listed, bound).bound;
}

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    top_p_kernel(Shape shape, lotto_logits logits, lotto_controls controls, int64_t capacity, int32_t *ids,
                 int32_t *kept_counts, float *mass, uint32_t *status, char *workspace,
                 size_t workspace_row_bytes, typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments);
    arith_controls row_controls = arith_row_controls(&controls, row.index());
    prepare_guesses(row.team);
    Summary summary = summarize(row, adjustments, row_controls);
    int kept_count = 0, listed = 0;
    uint64_t bound = 0;
    float share_of_mass = 0.0f;
    if (!summary.is_empty()) {
        Kept kept = keep(row, summary, row_controls, controls.order);
        kept_count = static_cast<int>(measure_prefix(row, kept.bound, Count()));
        listed = static_cast<int>(min(static_cast<int64_t>(kept_count), capacity));
        if (mass)
            share_of_mass = mass_share(row, kept, kept_mass(row, kept));
        bound = listed < kept_count ? cut_short(row, summary, listed, kept.bound) : kept.bound;
    }

    const uint64_t *keys = rank(row, bound, listed, workspace + row.index() * workspace_row_bytes);
    if (row.team.leads()) {
        for (int64_t i = threadIdx.x; i < capacity; i += kBlockThreads)
            ids[row.index() * capacity + i] = i < listed ? static_cast<int32_t>(arith_key_id(keys[i])) : -1;
        if (kept_counts && threadIdx.x == 0)
            kept_counts[row.index()] = kept_count;
        if (mass && threadIdx.x == 0)
            mass[row.index()] = share_of_mass;
        if (status && threadIdx.x == 0)
            status[row.index()] = summary.status() | (kept_count > listed ? LOTTO_ROW_TRUNCATED : 0u);
    }
    row.team.leave();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_top_p(const lotto_plan *plan, const lotto_logits *logits,
                               const lotto_controls *controls, int64_t capacity, int32_t *ids, int32_t *kept,
                               float *mass, uint32_t *status, void *workspace, lotto_stream stream) {
    using namespace lotto;
    return with_adjustments(plan, logits->dtype, controls, workspace, [&](auto logit, auto adjustments) {
        return launch(plan, stream, top_p_kernel<decltype(logit)>, *logits, *controls, capacity, ids, kept,
                      mass, status, static_cast<char *>(workspace) + plan->held_row_bytes,
                      plan->workspace_row_bytes, adjustments);
    });
}
