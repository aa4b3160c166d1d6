/* Writing a row's distribution: what softmax and probs share. */
#ifndef LOTTO_PROBS_CUH
#define LOTTO_PROBS_CUH

#include "keep.cuh"

namespace lotto {

/* Each kept token's probability, 0 for the rest. */
template <typename Logit> __device__ void write_probs(Row<Logit> &row, Kept &kept, float *probs) {
    uint64_t mass = kept_mass(row, kept);
    Prefix prefix(kept.bound);
    row.for_each([&](int id, float x) {
        probs[id] = prefix.holds(x, id) ? arith_prob(kept.weight.maximum - x, kept.weight.scale, mass) : 0.0f;
    });
}

/* A row without candidates has no distribution. */
template <typename Logit> __device__ void write_no_probs(const Row<Logit> &row, float *probs) {
    row.for_each_id([&](int id) { probs[id] = 0.0f; });
}

} // namespace lotto

#endif
