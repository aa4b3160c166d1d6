#include "launchers.h"

#include <flashinfer/math.cuh> // topk.cuh needs it

#include <flashinfer/topk.cuh>

namespace flashinfer_launch {

using namespace flashinfer::sampling;

cudaError_t top_k(rows from, unsigned k, int *ids, float *values, top_k_options options, void *workspace) {
    return TopKDispatch<float, int>(from.items, ids, values, from.count, k, from.vocab,
                                    (RadixRowState *)workspace, options.sorted, options.deterministic,
                                    options.smallest_ids ? flashinfer::sampling::TopKTieBreak::Small
                                                         : flashinfer::sampling::TopKTieBreak::None);
}

cudaError_t top_k_radix(rows from, unsigned k, int *ids, float *values, bool deterministic, void *workspace) {
    return RadixTopKMultiCTA<float, int>(from.items, ids, values, nullptr, from.count, k, from.vocab,
                                         (RadixRowState *)workspace, deterministic);
}

} // namespace flashinfer_launch
