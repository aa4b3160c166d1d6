#include "launchers.h"

#include <flashinfer/sampling.cuh>

namespace flashinfer_launch {

using namespace flashinfer::sampling;

cudaError_t sample_from_logits(rows logits, draws to) {
    return SamplingFromLogits<float, int>(logits.items, to.ids, to.row_of, to.count, logits.vocab,
                                          to.deterministic, nullptr, to.seed, nullptr, to.offset, to.stream);
}

cudaError_t sample(rows probs, draws to) {
    return SamplingFromProb<float, int>(probs.items, to.ids, to.valid, to.row_of, to.count, probs.vocab,
                                        to.deterministic, nullptr, to.seed, nullptr, to.offset, to.stream);
}

cudaError_t sample_min_p(rows probs, float min_p, draws to) {
    return MinPSamplingFromProb<float, int>(probs.items, nullptr, to.ids, to.valid, to.row_of, to.count,
                                            min_p, probs.vocab, to.deterministic, nullptr, to.seed, nullptr,
                                            to.offset, to.stream);
}

} // namespace flashinfer_launch
