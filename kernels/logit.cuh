/*
 * The logit types: how 16 bytes of them become binary32, and their maximum, which is NaN once it has met one. The maximum of 16-bit
 * logits is taken two at a time where the GPU can. Each has a Source, the type that the batch holds: itself, or where logits are adjusted
 * any of the three.
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
    static constexpr int kBitsRounded = 0; /* of a binary32's fraction, in its logits */
    static constexpr uint32_t kMinusInfinity = 0xff800000u;
    uint32_t bits;

    using Source = F32;
    using Packed = uint4; /* as many of the batch's as are a vector here */
    __device__ static uint4 vector_of(Packed packed) { return packed; }
    __device__ static uint32_t bits_of(Source logit) { return logit.bits; }

    __device__ operator float() const { return arith_of_bits(bits); }
    __device__ static void unpack(uint4 vector, float (&x)[kPerVector]) {
        x[0] = arith_of_bits(vector.x);
        x[1] = arith_of_bits(vector.y);
        x[2] = arith_of_bits(vector.z);
        x[3] = arith_of_bits(vector.w);
    }
};

/* What the 16-bit types share; Logit: one of them. */
template <typename Logit> struct Half {
    static constexpr int kPerVector = 8;
    uint16_t bits;

    using Source = Logit;
    using Packed = uint4;
    __device__ static uint4 vector_of(Packed packed) { return packed; }
    __device__ static uint16_t bits_of(Source logit) { return logit.bits; }

    __device__ operator float() const { return Logit::to_float(bits); }
    __device__ static void unpack(uint4 vector, float (&x)[kPerVector]) {
        uint32_t pairs[] = {vector.x, vector.y, vector.z, vector.w};
        for (int i = 0; i < kPerVector / 2; i++)
            Logit::unpack_pair(pairs[i], x[2 * i], x[2 * i + 1]);
    }
};

struct F16 : Half<F16> {
    static constexpr int kBitsRounded = 13;
    static constexpr uint16_t kMinusInfinity = 0xfc00;

    __device__ static float to_float(uint16_t half) { return __half2float(__ushort_as_half(half)); }
    /* The nearest value in the range of finite logits; a binary32 is in BF16's. */
    __device__ static float within(float x) { return fminf(fmaxf(x, -65504.0f), 65504.0f); }
    __device__ static uint32_t rounded(float x) { return __half_as_ushort(__float2half_rn(x)); }
    /* x >= 0 */
    __device__ static uint32_t rounded_up(float x) { return __half_as_ushort(__float2half_ru(x)); }
    __device__ static void unpack_pair(uint32_t pair, float &low, float &high) {
        low = to_float(static_cast<uint16_t>(pair));
        high = to_float(static_cast<uint16_t>(pair >> 16));
    }
    __device__ static uint32_t max_or_nan_of_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("max.NaN.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
    __device__ static uint32_t minus_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("sub.rn.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
    /* But for its sign. */
    __device__ static uint32_t nearer_of_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("min.xorsign.abs.f16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
};

struct BF16 : Half<BF16> {
    static constexpr int kBitsRounded = 16;
    static constexpr uint16_t kMinusInfinity = 0xff80;

    __device__ static float to_float(uint16_t bfloat) { return arith_of_bf16(bfloat); }
    __device__ static float within(float x) { return x; }
    __device__ static uint32_t rounded(float x) { return arith_bits_of(x) >> 16; } /* toward 0 */
    /* x >= 0 */
    __device__ static uint32_t rounded_up(float x) { return (arith_bits_of(x) + 0xffffu) >> 16; }
    __device__ static void unpack_pair(uint32_t pair, float &low, float &high) {
        low = arith_of_bits(pair << 16);
        high = arith_of_bits(pair & 0xffff0000u);
    }
    __device__ static uint32_t max_or_nan_of_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("max.NaN.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
    __device__ static uint32_t minus_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("sub.rn.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
    __device__ static uint32_t nearer_of_pairs(uint32_t a, uint32_t b) {
        uint32_t result = 0;
        asm("min.xorsign.abs.bf16x2 %0, %1, %2;" : "=r"(result) : "r"(a), "r"(b));
        return result;
    }
};

/* Logits that are adjusted where the row is held: binary32, whatever the batch has. */
template <typename Stored> struct Adjusted : F32 {
    using Source = Stored;
    using Packed = std::conditional_t<sizeof(Source) == sizeof(F32), uint4, uint2>;

    __device__ static uint4 vector_of(uint4 packed) { return packed; }
    __device__ static uint4 vector_of(uint2 packed) {
        float x[kPerVector];
        Source::unpack_pair(packed.x, x[0], x[1]);
        Source::unpack_pair(packed.y, x[2], x[3]);
        return make_uint4(arith_bits_of(x[0]), arith_bits_of(x[1]), arith_bits_of(x[2]), arith_bits_of(x[3]));
    }
    __device__ static uint32_t bits_of(Source logit) { return arith_bits_of(logit); }
};

/* The maximum of one vector, and of many. */
template <typename Logit> struct Maximum {
    float top = -ARITH_INFINITY;
    __device__ static float of(uint4 vector) {
        float x[Logit::kPerVector];
        Logit::unpack(vector, x);
        for (int distance = Logit::kPerVector / 2; distance > 0; distance /= 2)
            for (int i = 0; i < distance; i++)
                x[i] = max_or_nan(x[i], x[i + distance]);
        return x[0];
    }
    __device__ void add(uint4 vector) { top = max_or_nan(top, of(vector)); }
    __device__ float value() const { return top; }
};

#if __CUDA_ARCH__ >= 800
template <typename Logit> struct MaximumOfPairs {
    uint32_t top = Logit::kMinusInfinity * 0x10001u;
    __device__ static uint32_t pair_of(uint4 vector) {
        return Logit::max_or_nan_of_pairs(Logit::max_or_nan_of_pairs(vector.x, vector.y),
                                          Logit::max_or_nan_of_pairs(vector.z, vector.w));
    }
    __device__ static float of_pair(uint32_t pair) {
        float low, high;
        Logit::unpack_pair(pair, low, high);
        return max_or_nan(low, high);
    }
    __device__ static float of(uint4 vector) { return of_pair(pair_of(vector)); }
    __device__ void add(uint4 vector) { top = Logit::max_or_nan_of_pairs(top, pair_of(vector)); }
    __device__ float value() const { return of_pair(top); }
};
template <> struct Maximum<F16> : MaximumOfPairs<F16> {};
template <> struct Maximum<BF16> : MaximumOfPairs<BF16> {};
#endif

/* bits |= 1 << i if value <= most; i, up to kMost, is known when this is compiled. */
template <int kMost = 3>
__device__ void set_if_at_most(uint32_t &bits, int i, uint32_t value, uint32_t most) {
    if constexpr (kMost > 0)
        if (i < kMost)
            return set_if_at_most<kMost - 1>(bits, i, value, most);
    asm("{ .reg .pred is_at_most; setp.le.u32 is_at_most, %1, %2; @is_at_most or.b32 %0, %0, %3; }"
        : "+r"(bits)
        : "r"(value), "r"(most), "n"(1 << kMost));
}

/*
 * Sets a bit if any of a vector's working values lies from low to top, both finite. By its distance above low: what lies from low to top is no further above
 * low than top, as rounded; what lies below low is so by a negative distance, whose bits are a larger integer than those of any other.
 */
template <typename Logit> struct Between {
    float below;
    uint32_t furthest;

    __device__ Between(float low, float top)
        : below(0.0f - low), /* -0 + below is +0 */ furthest(arith_bits_of(top + below)) {}

    __device__ void set_if_any(uint32_t &bits, int i, const float (&x)[Logit::kPerVector]) const {
        uint32_t nearest = arith_bits_of(x[0] + below);
        for (float value : x)
            nearest = min(nearest, arith_bits_of(value + below));
        set_if_at_most(bits, i, nearest, furthest);
    }
    __device__ void set_if_any(uint32_t &bits, int i, uint4 vector) const {
        float x[Logit::kPerVector];
        Logit::unpack(vector, x);
        set_if_any(bits, i, x);
    }
};

#if __CUDA_ARCH__ >= 900
/* Two at a time, by their distances from about the middle, which rounding keeps in order: perhaps also others than lie there. */
template <typename Logit> struct BetweenPairs : Between<Logit> {
    uint32_t middles, room; /* what, added to a distance, sets its top bit if it is too far */

    __device__ BetweenPairs(float low, float top) : Between<Logit>(low, top) {
        low = Logit::within(low);
        top = Logit::within(top);
        uint32_t middle = Logit::rounded(fmaf(0.5f, top, 0.5f * low));
        float center = Logit::to_float(static_cast<uint16_t>(middle));
        uint32_t aside = Logit::rounded_up(fmaxf(__fsub_ru(top, center), __fsub_ru(center, low)));
        middles = middle * 0x10001u;
        room = (0x7fffu - aside) * 0x10001u;
    }

    using Between<Logit>::set_if_any;
    __device__ void set_if_any(uint32_t &bits, int i, uint4 vector) const {
        uint32_t nearest =
            Logit::nearer_of_pairs(Logit::nearer_of_pairs(Logit::minus_pairs(vector.x, middles),
                                                          Logit::minus_pairs(vector.y, middles)),
                                   Logit::nearer_of_pairs(Logit::minus_pairs(vector.z, middles),
                                                          Logit::minus_pairs(vector.w, middles)));
        constexpr uint32_t kTopBits = 0x80008000u; /* of halves, neither of which carries into the other */
        set_if_at_most(bits, i, ((nearest & ~kTopBits) + room) & kTopBits, kTopBits - 1);
    }
};
#endif

} // namespace lotto

#endif
