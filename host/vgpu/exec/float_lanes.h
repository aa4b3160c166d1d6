/* Rules of PTX floats that hold for every instruction: canonical NaN, flushing, saturation, minimum and maximum. */
#ifndef LOTTO_VGPU_FLOAT_LANES_H
#define LOTTO_VGPU_FLOAT_LANES_H

#include "lanes.h"

#include <math.h>

/* A binary32 result that is not a number is 0x7fffffff. */
static inline f32 canonical(f32 x) { return x != x ? __builtin_nanf("0x3fffff") : x; }
/* .ftz: subnormal operands and results are zeros of their sign. */
static inline f32 flushed(f32 x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }
/* .sat: clamped to [0, 1], not a number to 0. */
static inline f32 saturated(f32 x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
static inline f64 saturated_f64(f64 x) { return x > 0 ? (x < 1 ? x : 1) : 0; }

static inline f32 plain(f32 x) { return x; }
static inline f64 plain_f64(f64 x) { return x; }
static inline f32 flushed_result(f32 x) { return flushed(canonical(x)); }
static inline f32 saturated_result(f32 x) { return saturated(x); }
static inline f32 flushed_saturated_result(f32 x) { return saturated(flushed(x)); }

/* A number beats a NaN; -0 is less than +0. */
#define DEFINE_EXTREMA(T, suffix, make_canonical)                                                            \
    static inline T smaller##suffix(T a, T b) {                                                              \
        T r = a < b || (a == b && __builtin_signbit(a)) ? a : b;                                             \
        r = b != b ? a : r;                                                                                  \
        return make_canonical(a != a ? b : r);                                                               \
    }                                                                                                        \
    static inline T larger##suffix(T a, T b) {                                                               \
        T r = a > b || (a == b && !__builtin_signbit(a)) ? a : b;                                            \
        r = b != b ? a : r;                                                                                  \
        return make_canonical(a != a ? b : r);                                                               \
    }                                                                                                        \
    static inline T smaller_or_nan##suffix(T a, T b) {                                                       \
        T r = smaller##suffix(a, b);                                                                         \
        return make_canonical(a != a ? a : b != b ? b : r);                                                  \
    }                                                                                                        \
    static inline T larger_or_nan##suffix(T a, T b) {                                                        \
        T r = larger##suffix(a, b);                                                                          \
        return make_canonical(a != a ? a : b != b ? b : r);                                                  \
    }
DEFINE_EXTREMA(f32, , canonical)
DEFINE_EXTREMA(f64, _f64, plain_f64)

#endif
