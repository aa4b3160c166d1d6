/*
 * Sums of weights, estimated: by the GPU's own powers of two, a few at a time in binary32, the rest in integers. How far such a sum can be from the exact one
 * is known (ARITHMETIC.md, section 8), so an estimate decides where it is certain, and exact sums where it is not.
 */
#ifndef LOTTO_ESTIMATE_CUH
#define LOTTO_ESTIMATE_CUH

#include "prefix.cuh"

namespace lotto {

/* A weight whose sums may be estimated first. */
struct EstimatedWeight : Weight {
    static constexpr bool kEstimated = true;
    bool by_estimates; /* those run by run, too, which draws go by */
};

/* The weight of x times 2^-41. */
__device__ inline float estimate(const Weight &weight, float x) {
    float power, minus_s = fmaf(weight.maximum - x, -weight.scale, -1.0f);
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(minus_s));
    return power;
}

/* The estimates of at most 16 tokens, added by four and then those in pairs: each goes through five additions at most. */
struct Group {
    static constexpr int kSums = 4;
    float sums[kSums];

    /* The i-th of a vector, of the group's first or another. */
    __device__ void add(bool first, int i, float estimate) {
        sums[i % kSums] = first && i < kSums ? estimate : sums[i % kSums] + estimate;
    }

    /* In units of weight, cut to an integer. */
    __device__ uint64_t sum() const {
        return static_cast<uint64_t>(((sums[0] + sums[1]) + (sums[2] + sums[3])) * 0x1p41f);
    }
};

/* Adds the estimate of x to the group of the tokens above a value or to that of the rest: under predicates, where the compiler would choose between sums. */
__device__ inline void add_to_side(Group &beyond, Group &rest, bool first, int i, float estimate, float x,
                                   float value) {
    float &of_beyond = beyond.sums[i % Group::kSums], &of_rest = rest.sums[i % Group::kSums];
    if (first && i < Group::kSums) {
        of_beyond = x > value ? estimate : 0.0f;
        of_rest = x > value ? 0.0f : estimate;
    } else {
        asm("{ .reg .pred is_beyond; setp.gt.f32 is_beyond, %3, %4; @is_beyond add.f32 %0, %0, %2; "
            "@!is_beyond add.f32 %1, %1, %2; }"
            : "+f"(of_beyond), "+f"(of_rest)
            : "f"(estimate), "f"(x), "f"(value));
    }
}

/*
 * How far a difference of estimated sums can be from that of the exact ones, if its terms' factors are such that the sums of their amounts times
 * weights are `weighted`, and at most 1: by the estimates' share, two units a token, and what the law rounds.
 */
__device__ inline uint64_t estimate_error(float weighted, int vocab) {
    constexpr float kShare = 14 * 0x1p-24f;
    return static_cast<uint64_t>(1.01f * kShare * weighted) + 2 * static_cast<uint64_t>(vocab) + 2048;
}

} // namespace lotto

#endif
