/* Writing a row's distribution: what softmax and probs share. */
#ifndef LOTTO_PROBS_CUH
#define LOTTO_PROBS_CUH

#include "prefix.cuh"

namespace lotto {

/* Each kept token's probability, 0 for the rest. */
template <typename Logit> __device__ void write_probs(const Row<Logit> &row, const Kept &kept, float *probs) {
    uint64_t mass = measure_prefix(row, kept.bound, kept.weight);
    row.for_each([&](int id, float x, uint64_t key) {
        float distance = arith_distance(x, kept.weight.maximum);
        probs[id] = key >= kept.bound ? arith_prob(distance, kept.weight.scale, mass) : 0.0f;
    });
}

/* A row without candidates has no distribution. */
template <typename Logit> __device__ void write_no_probs(const Row<Logit> &row, float *probs) {
    Row<Logit>::for_each(0, row.vocab, [&](int id) { probs[id] = 0.0f; });
}

} // namespace lotto

#endif
