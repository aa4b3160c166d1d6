/*
 * The 16-bit formats.
 *
 * Each result is rounded once: it is made in binary64, exactly or rounded to odd (the last bit set when anything was lost), and
 * narrowed to 16 bits from there. binary64 has more than twice the digits plus two that this needs.
 */
#ifndef LOTTO_VGPU_HALF_FORMAT_H
#define LOTTO_VGPU_HALF_FORMAT_H

#include "float_lanes.h"
#include "rounding.h"

static inline u64 bits_of(f64 x) {
    u64 bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline f64 value_of(u64 bits) {
    f64 x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}
static inline f32 f32_of(u32 bits) {
    f32 x;
    __builtin_memcpy(&x, &bits, sizeof x);
    return x;
}

/* From 16 bits: exact. The multiplication gives subnormals their exponent. */
static inline f32 wide_f16(u16 h) {
    u32 magnitude = h & 0x7fffu, sign = (h & 0x8000u) << 16;
    f32 scaled = f32_of(magnitude << 13) * 0x1p112f;
    u32 bits;
    __builtin_memcpy(&bits, &scaled, sizeof bits);
    bits = magnitude >= 0x7c00 ? bits | 0x7f800000 : bits;
    return magnitude > 0x7c00 ? f32_of(0x7fffffff) : f32_of(bits | sign);
}
static inline f32 wide_bf16(u16 h) { return canonical(f32_of((u32)h << 16)); }

/*
 * To 16 bits, from a binary64 value that is exact or rounded to odd. fraction: bits behind the point; least: exponent of the
 * smallest normal number; top: the bits of infinity.
 */
static inline u16 narrowed(f64 x, unsigned fraction, int least, u16 top, enum rounding mode) {
    if (x != x)
        return 0x7fff;
    u64 bits = bits_of(x);
    u16 sign = (u16)(bits >> 63 << 15);
    int exponent = (int)(bits >> 52 & 2047) - 1023;
    if (exponent == 1024)
        return sign | top;
    if ((bits << 1) == 0)
        return sign;
    u64 mantissa = (bits & 0xfffffffffffffull) | 1ull << 52;
    /* Digits to drop: those beyond the fraction, more for a subnormal result. */
    int drop = 52 - (int)fraction + (exponent < least ? least - exponent : 0);
    if (drop > 54)
        drop = 54;
    u64 kept = mantissa >> drop, rest = mantissa & ((1ull << drop) - 1), half = 1ull << (drop - 1);
    bool up = mode == ROUND_NEAREST ? rest > half || (rest == half && (kept & 1))
              : mode == ROUND_UP    ? rest && !sign
              : mode == ROUND_DOWN  ? rest && sign
                                    : false;
    kept += up;
    u64 result = exponent < least ? kept : kept + ((u64)(exponent - least) << fraction);
    if (result >= top) {
        bool to_largest = mode == ROUND_ZERO || (mode == ROUND_UP && sign) || (mode == ROUND_DOWN && !sign);
        result = to_largest ? (u64)top - 1 : top;
    }
    return sign | (u16)result;
}
static inline u16 narrow_f16(f64 x) { return narrowed(x, 10, -14, 0x7c00, ROUND_NEAREST); }
static inline u16 narrow_bf16(f64 x) { return narrowed(x, 7, -126, 0x7f80, ROUND_NEAREST); }

/* The sum rounded to odd: TwoSum finds what the nearest sum lost. */
static inline f64 odd_sum(f64 a, f64 b) {
    f64 sum = a + b, kept = sum - a, lost = (a - (sum - kept)) + (b - kept);
    if (lost != 0 && fabs(sum) < INFINITY) {
        u64 bits = bits_of(sum);
        if (!(bits & 1)) {
            /* Towards zero by one if the sum was rounded away from it; then the odd neighbour has been found. */
            bool away = (lost < 0) == (sum > 0);
            bits = away ? bits - 1 : bits + 1;
        }
        sum = value_of(bits);
    }
    return sum;
}
static inline u16 flushed_f16(u16 h) { return (h & 0x7c00) == 0 ? h & 0x8000 : h; }
static inline u16 flushed_bf16(u16 h) { return (h & 0x7f80) == 0 ? h & 0x8000 : h; }
static inline u16 plain_h(u16 h) { return h; }
static inline u16 relu_h(u16 h, u16 top) { return (h & 0x7fff) > top ? 0x7fff : h & 0x8000 ? 0 : h; }

static inline u16 saturated_f16(u16 h) {
    return (h & 0x7fff) > 0x7c00 || h & 0x8000 ? 0 : h > 0x3c00 ? 0x3c00 : h;
}
static inline u16 saturated_bf16(u16 h) {
    return (h & 0x7fff) > 0x7f80 || h & 0x8000 ? 0 : h > 0x3f80 ? 0x3f80 : h;
}

#endif
