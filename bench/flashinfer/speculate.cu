#include "launchers.h"

#include <flashinfer/sampling.cuh>

cudaError_t flashinfer_launch::speculate(chain of, uint64_t seed, uint64_t offset, bool deterministic) {
    return flashinfer::sampling::ChainSpeculativeSampling<float, int>(
        of.draft_probs, of.draft_ids, of.target_probs, of.ids, of.accepted, of.emitted, of.rows, of.drafted,
        of.vocab, deterministic, nullptr, seed, nullptr, offset);
}
