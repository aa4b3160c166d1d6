/*
 * Prefixes of a row's order, and how every filter is one.
 *
 * A prefix is given by a bound: it holds the tokens whose key is at least the bound. The shorter of two prefixes has the larger
 * bound, so filters combine by taking the maximum. Both radix selections, by count (top-k) and by mass (top-p), are one
 * descent over the bits of the key; ids are its last bits, so ties need no rule of their own.
 */
#ifndef LOTTO_PREFIX_CUH
#define LOTTO_PREFIX_CUH

#include "row.cuh"

namespace lotto {

/* Measures: what a token counts for in a prefix. */
struct Count {
    __device__ uint64_t operator()(float) const { return 1; }
};
struct Weight {
    float maximum, scale;
    __device__ uint64_t operator()(float x) const { return arith_weight(arith_distance(x, maximum), scale); }
};

/* The measure of the prefix with this bound. */
template <typename Logit, typename Measure>
__device__ uint64_t measure_prefix(const Row<Logit> &row, uint64_t bound, Measure measure) {
    uint64_t own = 0;
    row.for_each([&](int, float x, uint64_t key) {
        if (key >= bound)
            own += measure(x);
    });
    return block_sum(own);
}

constexpr int kDigitBits = 11;
constexpr int kFirstDigit = (ARITH_KEY_BITS - 1) / kDigitBits * kDigitBits;
constexpr int kBins = 1 << kDigitBits;
constexpr int kBinsPerThread = kBins / kBlockThreads;
static_assert(kBins % kBlockThreads == 0, "every thread looks after the same number of bins");

struct Digit {
    uint32_t value;
    uint64_t measure_above; /* of the larger digits */
};

/* The block's bins, one set whatever is measured. */
__device__ inline unsigned long long *shared_bins() {
    __shared__ unsigned long long bins[kBins];
    return bins;
}

/* Adds every token's measure to the bin of its digit, bits [low, low + kDigitBits) of its key, among keys that begin with known. */
template <typename Logit, typename Measure>
__device__ void fill_bins(const Row<Logit> &row, Measure measure, uint64_t known, int low,
                          unsigned long long *bins) {
    for (int bin = threadIdx.x; bin < kBins; bin += kBlockThreads)
        bins[bin] = 0;
    __syncthreads();
    row.for_each([&](int, float x, uint64_t key) {
        uint64_t relative = (key ^ known) >> low;
        if (relative < kBins)
            atomicAdd(&bins[relative], static_cast<unsigned long long>(measure(x)));
    });
    __syncthreads();
}

/* The digit in whose bin the sum from the largest digit down reaches target. */
__device__ inline Digit find_digit(const unsigned long long *bins, uint64_t target) {
    __shared__ Digit found;
    uint32_t top = kBins - 1 - threadIdx.x * kBinsPerThread;
    uint64_t own = 0;
    for (int i = 0; i < kBinsPerThread; i++)
        own += bins[top - i];
    uint64_t above = block_sum_before(own);
    if (above < target && target <= above + own) {
        uint32_t digit = top;
        while (above + bins[digit] < target)
            above += bins[digit--];
        found = {digit, above};
    }
    __syncthreads();
    Digit result = found;
    __syncthreads();
    return result;
}

/* The bound of the shortest prefix whose measure reaches target; 1 <= target <= the whole row's measure. */
template <typename Logit, typename Measure>
__device__ uint64_t shortest_prefix(const Row<Logit> &row, Measure measure, uint64_t target) {
    unsigned long long *bins = shared_bins();
    uint64_t bound = 0;
    for (int low = kFirstDigit; low >= 0; low -= kDigitBits) {
        fill_bins(row, measure, bound, low, bins);
        Digit digit = find_digit(bins, target);
        bound |= static_cast<uint64_t>(digit.value) << low;
        target -= digit.measure_above;
    }
    return bound;
}

/* What is kept of a row. */
struct Kept {
    uint64_t bound;
    float temperature; /* at which weights are taken; greedy: 1 */
    Weight weight;
};

/* Every candidate; greedy: the first token. */
__device__ inline Kept keep_unfiltered(const Summary &summary, arith_controls controls) {
    float maximum = summary.maximum();
    if (arith_is_greedy(controls))
        return {summary.first_key, 1.0f, {maximum, arith_scale(1.0f)}};
    return {
        arith_candidate_bound(maximum), controls.temperature, {maximum, arith_scale(controls.temperature)}};
}

/* What passes every filter. */
template <typename Logit>
__device__ Kept keep(const Row<Logit> &row, const Summary &summary, arith_controls controls,
                     lotto_order order) {
    Kept kept = keep_unfiltered(summary, controls);
    if (arith_is_greedy(controls))
        return kept;

    uint64_t all = kept.bound, min_p = all, top_k = all, top_p = all;
    if (arith_has_min_p(controls))
        min_p = arith_min_p_bound(summary.maximum(), kept.weight.scale, controls.min_p);
    if (arith_has_top_k(controls, row.vocab) && controls.top_k < summary.candidates())
        top_k = shortest_prefix(row, Count(), controls.top_k);
    if (arith_has_top_p(controls)) {
        uint64_t judged = order == LOTTO_ORDER_JOINT        ? all
                          : order == LOTTO_ORDER_MIN_P_LAST ? top_k
                                                            : max(min_p, top_k);
        uint64_t mass = measure_prefix(row, judged, kept.weight);
        top_p = shortest_prefix(row, kept.weight, arith_top_p_mass(controls.top_p, mass));
    }
    kept.bound = max(max(all, min_p), max(top_k, top_p));
    return kept;
}

/* The kept mass's share of the row's. */
template <typename Logit>
__device__ float mass_share(const Row<Logit> &row, const Kept &kept, uint64_t kept_mass) {
    uint64_t all = arith_candidate_bound(kept.weight.maximum);
    return arith_mass_share(kept_mass, measure_prefix(row, all, kept.weight));
}

/* The bound of the first `count` tokens of a prefix that has prefix_count. */
template <typename Logit>
__device__ uint64_t cut_prefix(const Row<Logit> &row, uint64_t bound, int prefix_count, int count) {
    return count < prefix_count ? shortest_prefix(row, Count(), count) : bound;
}

} // namespace lotto

#endif
