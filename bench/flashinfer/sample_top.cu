#include "launchers.h"

#include <flashinfer/sampling.cuh>

namespace flashinfer_launch {

using namespace flashinfer::sampling;

cudaError_t sample_top_k(rows probs, unsigned k, draws to) {
    return TopKSamplingFromProb<float, int>(probs.items, to.ids, to.valid, to.row_of, nullptr, to.count, k,
                                            probs.vocab, to.deterministic, nullptr, to.seed, nullptr,
                                            to.offset, to.stream);
}

cudaError_t sample_top_p(rows probs, float p, draws to) {
    return TopPSamplingFromProb<float, int>(probs.items, to.ids, to.valid, to.row_of, nullptr, to.count, p,
                                            probs.vocab, to.deterministic, nullptr, to.seed, nullptr,
                                            to.offset, to.stream);
}

cudaError_t sample_top_k_top_p(rows probs, unsigned k, float p, draws to) {
    return TopKTopPSamplingFromProb<float, int>(probs.items, nullptr, nullptr, to.ids, to.valid, to.row_of,
                                                to.count, (int)k, p, probs.vocab, to.deterministic, nullptr,
                                                to.seed, nullptr, to.offset, to.stream);
}

} // namespace flashinfer_launch
