/*
 * The logit types: how 16 bytes of them become binary32, and their maximum, which is NaN once it has met one. The maximum of 16-bit
 * logits is taken two at a time where the GPU can.
 */
#ifndef LOTTO_LOGIT_CUH
#define LOTTO_LOGIT_CUH

#include "arith.h"

#include <cuda_fp16.h>

namespace lotto {

__device__ inline float max_or_nan(float a, float b) {
#if __CUDA_ARCH__ >= 800
    float result;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(result) : "f"(a), "f"(b));
    return result;
#else
    return a != a || b <= a ? a : b;
#endif
}

struct F32 {
    static constexpr int kPerVector = 4;
    static constexpr uint32_t kMinusInfinity = 0xff800000u;
    uint32_t bits;

    __device__ operator float() const { return arith_of_bits(bits); }
    __device__ static void unpack(uint4 vector, float (&x)[kPerVector]) {
        x[0] = arith_of_bits(vector.x);
        x[1] = arith_of_bits(vector.y);
        x[2] = arith_of_bits(vector.z);
        x[3] = arith_of_bits(vector.w);
    }
};

struct F16 {
    static constexpr int kPerVector = 8;
    static constexpr uint16_t kMinusInfinity = 0xfc00;
    uint16_t bits;

    __device__ operator float() const { return __half2float(__ushort_as_half(bits)); }
    __device__ static void unpack_pair(uint32_t pair, float &low, float &high) {
        low = F16{static_cast<uint16_t>(pair)};
        high = F16{static_cast<uint16_t>(pair >> 16)};
    }
    __device__ static uint32_t max_or_nan_of_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
    __device__ static void unpack(uint4 vector, float (&x)[kPerVector]) {
        unpack_pair(vector.x, x[0], x[1]);
        unpack_pair(vector.y, x[2], x[3]);
        unpack_pair(vector.z, x[4], x[5]);
        unpack_pair(vector.w, x[6], x[7]);
    }
};

struct BF16 {
    static constexpr int kPerVector = 8;
    static constexpr uint16_t kMinusInfinity = 0xff80;
    uint16_t bits;

    __device__ operator float() const { return arith_of_bf16(bits); }
    __device__ static void unpack_pair(uint32_t pair, float &low, float &high) {
        low = arith_of_bits(pair << 16);
        high = arith_of_bits(pair & 0xffff0000u);
    }
    __device__ static uint32_t max_or_nan_of_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
    __device__ static void unpack(uint4 vector, float (&x)[kPerVector]) {
        unpack_pair(vector.x, x[0], x[1]);
        unpack_pair(vector.y, x[2], x[3]);
        unpack_pair(vector.z, x[4], x[5]);
        unpack_pair(vector.w, x[6], x[7]);
    }
};

/* The maximum of many vectors. */
template <typename Logit> struct Maximum {
    float top = -ARITH_INFINITY;
    __device__ void add(uint4 vector) {
        float x[Logit::kPerVector];
        Logit::unpack(vector, x);
        for (float value : x)
            top = max_or_nan(top, value);
    }
    __device__ float value() const { return top; }
};

#if __CUDA_ARCH__ >= 800
template <typename Logit> struct MaximumOfPairs {
    uint32_t top = Logit::kMinusInfinity * 0x10001u;
    __device__ void add(uint4 vector) {
        uint32_t left = Logit::max_or_nan_of_pairs(vector.x, vector.y);
        uint32_t right = Logit::max_or_nan_of_pairs(vector.z, vector.w);
        top = Logit::max_or_nan_of_pairs(top, Logit::max_or_nan_of_pairs(left, right));
    }
    __device__ float value() const {
        float low, high;
        Logit::unpack_pair(top, low, high);
        return max_or_nan(low, high);
    }
};
template <> struct Maximum<F16> : MaximumOfPairs<F16> {};
template <> struct Maximum<BF16> : MaximumOfPairs<BF16> {};
#endif

} // namespace lotto

#endif
