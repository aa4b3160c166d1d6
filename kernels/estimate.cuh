/*
 * Sums of weights by the GPU's own powers of two, which take a third of the instructions of exact ones, with a bound on how far off they are.
 *
 * What an estimate decides it decides only where its error leaves one answer; where it leaves others, the sums are taken again, exactly. So a result is
 * that of the exact sums on every GPU, whatever its powers of two are within their documented error.
 * Source of the idea: floating-point filters of exact predicates (Fortune and Van Wyk, "Efficient exact arithmetic for computational geometry", SCG 1993).
 */
#ifndef LOTTO_ESTIMATE_CUH
#define LOTTO_ESTIMATE_CUH

#include "row.cuh"

namespace lotto {

/* A measure (prefix.cuh): a token's weight, estimated. Sums of it are floats, a vector's first. */
struct Estimate {
    using Sum = float;
    static constexpr bool kCounts = false;
    static constexpr bool kNoneWithoutCandidate = true;
    float maximum, scale;

    /* 2^-s: half the weight, in units of the maximum's. */
    __device__ float operator()(float x) const {
        float power, minus_s = fmaf(maximum - x, -scale, -1.0f);
        asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(minus_s));
        return power;
    }
    __device__ static uint64_t units(float sum) {
        constexpr float kUnits = static_cast<float>(uint64_t(1) << (ARITH_WEIGHT_BITS + 1));
        return static_cast<uint64_t>(sum * kUnits);
    }
};

/* How far a sum of estimates may be off: by a share of it, and by some units. */
struct Uncertainty {
    float share, units;

    /* Of weight * second - (1 - weight) * first, both of them sums. Some more, for its own roundings. */
    __device__ uint64_t of_difference(float weight, uint64_t first, uint64_t second) const {
        float sum = (1.0f - weight) * static_cast<float>(first) + weight * static_cast<float>(second);
        return static_cast<uint64_t>(1.01f * (share * sum + units));
    }
};

/*
 * A weight is within 2^-22 of the power of two that it stands for (ARITHMETIC.md, section 3), a power of two from the GPU too (PTX ISA, ex2), and each addition
 * within 2^-24, unless it is the first to 0: for a vector's or a visit's of for_each_values() up to so many follow one another, and those of all
 * vectors or visits. A unit for each weight's last place and for that of each lane's sums.
 */
template <typename Logit> __device__ Uncertainty uncertainty_of(const Row<Logit> &row, bool by_vectors) {
    int additions = by_vectors ? row.kPerVector - 1 + row.vectors_of_lane() - 1 : 5 + row.values_visits() - 1;
    return {0x1p-21f + static_cast<float>(additions) * 0x1p-24f,
            static_cast<float>(row.vocab + 2 * kWarpThreads * row.team.warps() + 2)};
}

} // namespace lotto

#endif
