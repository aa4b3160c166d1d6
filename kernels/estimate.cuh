/*
 * Weights by the GPU's own powers of two, which take a third of the instructions of exact ones, with a bound on how far off sums of them are.
 *
 * What an estimate decides it decides only where its error leaves one answer; where it leaves others, the sums are taken again, exactly. So a result is
 * that of the exact sums on every GPU, whatever its powers of two are within their documented error (ARITHMETIC.md, section 8).
 * Source of the idea: floating-point filters of exact predicates (Fortune and Van Wyk, "Efficient exact arithmetic for computational geometry", SCG 1993).
 */
#ifndef LOTTO_ESTIMATE_CUH
#define LOTTO_ESTIMATE_CUH

#include "arith.h"

namespace lotto {

/* A measure (prefix.cuh): half a token's weight, in units of the maximum's. Few are added as floats, their sums as integers. */
struct Estimate {
    using Part = float;
    static constexpr bool kCounts = false;
    static constexpr bool kNoneWithoutCandidate = true;
    float maximum, scale;

    __device__ float operator()(float x) const {
        float power, minus_s = fmaf(maximum - x, -scale, -1.0f);
        asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(minus_s));
        return power;
    }
};

/* What a part of a sum is in a weight's units. */
__device__ inline uint64_t units_of(float part) {
    return static_cast<uint64_t>(part * static_cast<float>(uint64_t(1) << (ARITH_WEIGHT_BITS + 1)));
}
__device__ inline uint64_t units_of(uint64_t part) { return part; }

/*
 * How far off weight * second - (1 - weight) * first may be, each a sum of estimates over some of a row's tokens. By a share of the sums: a weight is within
 * 2^-22 of the power of two that it stands for, the GPU's is within 2.5 places of 2^-23, and each of the additions that follow one another to a part within 2^-24;
 * and by a unit for each weight's last place and each part's. Some more, for what is rounded here.
 */
__device__ inline uint64_t estimate_error(int vocab, float weight, uint64_t first, uint64_t second) {
    constexpr float kShare = 0x1p-22f + 2.5f * 0x1p-23f + 5 * 0x1p-24f;
    float sum = (1.0f - weight) * static_cast<float>(first) + weight * static_cast<float>(second);
    return static_cast<uint64_t>(1.01f * (kShare * sum + 2.0f * static_cast<float>(vocab))) + 2048;
}

} // namespace lotto

#endif
