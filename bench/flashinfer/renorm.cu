#include "launchers.h"

#include <flashinfer/air_top_p.cuh>
#include <flashinfer/sampling.cuh>

namespace flashinfer_launch {

using namespace flashinfer::sampling;

cudaError_t renorm_top_k(rows probs, float *renormed, unsigned k, void *workspace) {
    return RadixTopKRenormProbMultiCTA<float, int>(probs.items, renormed, nullptr, probs.count, k,
                                                   probs.vocab, (RadixRowState *)workspace);
}

cudaError_t renorm_top_p(rows probs, float *renormed, float p) {
    return TopPRenormProb<float>(probs.items, renormed, nullptr, probs.count, p, probs.vocab);
}

cudaError_t renorm_top_p_air(rows probs, float *renormed, float p, bool deterministic, void *workspace) {
    auto launch = deterministic ? air_top_p::AirTopPRenormProb<true, float>
                                : air_top_p::AirTopPRenormProb<false, float>;
    return launch(probs.items, renormed, nullptr, probs.count, p, probs.vocab, workspace, nullptr);
}

// As the launcher lays it out: counters, two histograms and two buffers of candidates, each padded to 256 bytes.
size_t air_workspace_bytes(rows probs) {
    using namespace air_top_p;
    size_t a_row = sizeof(Counter<float>) + NUM_BUCKETS * (sizeof(HisT<true, float>) + sizeof(IdxT)) +
                   2 * sizeof(float) * calcBufLen<float>(probs.vocab);
    return a_row * probs.count + 5 * 256;
}

cudaError_t mask_top_k(rows logits, float *masked, unsigned k, void *workspace) {
    return RadixTopKMaskLogitsMultiCTA<float, int>(logits.items, masked, nullptr, logits.count, k,
                                                   logits.vocab, (RadixRowState *)workspace);
}

} // namespace flashinfer_launch
