/* Floats rounded to nearest: add, sub, mul, fma, div, sqrt, rcp, min, max, abs, neg, copysign. */
#include "float_lanes.h"

/* F is the .ftz written in the name, in() what operands and out() what results go through. */
#define ARITHMETIC(ONE, TWO, THREE, F, T, in, out)                                                           \
    TWO(add##F##_##T, T, T, T, out(in(a) + in(b)))                                                           \
    TWO(sub##F##_##T, T, T, T, out(in(a)-in(b)))                                                             \
    TWO(mul##F##_##T, T, T, T, out(in(a)*in(b)))                                                             \
    THREE(fma##F##_##T, T, T, T, T, out(__builtin_fma##T(in(a), in(b), in(c))))
#define ROOTS(ONE, TWO, THREE, F, T, in, out)                                                                \
    TWO(div##F##_##T, T, T, T, out(in(a) / in(b)))                                                           \
    ONE(rcp##F##_##T, T, T, out(1 / in(a)))                                                                  \
    ONE(sqrt##F##_##T, T, T, out(__builtin_sqrt##T(in(a))))
#define __builtin_fmaf32(a, b, c) fmaf(a, b, c)
#define __builtin_fmaf64(a, b, c) fma(a, b, c)
#define __builtin_sqrtf32(a) sqrtf(a)
#define __builtin_sqrtf64(a) sqrt(a)

static inline f32 with_sign_of(f32 x, f32 a, f32 b) {
    return x != x ? x : copysignf(x, __builtin_signbit(a) ? -copysignf(1, b) : copysignf(1, b));
}
#define EXTREMA(ONE, TWO, THREE, F, in)                                                                      \
    TWO(min##F##_f32, f32, f32, f32, smaller(in(a), in(b)))                                                  \
    TWO(max##F##_f32, f32, f32, f32, larger(in(a), in(b)))                                                   \
    TWO(min##F##_NaN_f32, f32, f32, f32, smaller_or_nan(in(a), in(b)))                                       \
    TWO(max##F##_NaN_f32, f32, f32, f32, larger_or_nan(in(a), in(b)))                                        \
    TWO(min##F##_xorsign_abs_f32, f32, f32, f32, with_sign_of(smaller(fabsf(in(a)), fabsf(in(b))), a, b))    \
    TWO(max##F##_xorsign_abs_f32, f32, f32, f32, with_sign_of(larger(fabsf(in(a)), fabsf(in(b))), a, b))     \
    TWO(min##F##_NaN_xorsign_abs_f32, f32, f32, f32,                                                         \
        with_sign_of(smaller_or_nan(fabsf(in(a)), fabsf(in(b))), a, b))                                      \
    TWO(max##F##_NaN_xorsign_abs_f32, f32, f32, f32,                                                         \
        with_sign_of(larger_or_nan(fabsf(in(a)), fabsf(in(b))), a, b))                                       \
    ONE(abs##F##_f32, f32, f32, fabsf(in(a)))                                                                \
    ONE(neg##F##_f32, f32, f32, -in(a))

#define FLOATS(ONE, TWO, THREE)                                                                              \
    ARITHMETIC(ONE, TWO, THREE, , f32, plain, canonical)                                                     \
    ARITHMETIC(ONE, TWO, THREE, _ftz, f32, flushed, flushed_result)                                          \
    ARITHMETIC(ONE, TWO, THREE, _sat, f32, plain, saturated_result)                                          \
    ARITHMETIC(ONE, TWO, THREE, _ftz_sat, f32, flushed, flushed_saturated_result)                            \
    ARITHMETIC(ONE, TWO, THREE, , f64, plain_f64, plain_f64)                                                 \
    ROOTS(ONE, TWO, THREE, , f32, plain, canonical)                                                          \
    ROOTS(ONE, TWO, THREE, _ftz, f32, flushed, flushed_result)                                               \
    ROOTS(ONE, TWO, THREE, , f64, plain_f64, plain_f64)                                                      \
    EXTREMA(ONE, TWO, THREE, , plain)                                                                        \
    EXTREMA(ONE, TWO, THREE, _ftz, flushed)                                                                  \
    TWO(min_f64, f64, f64, f64, smaller_f64(a, b))                                                           \
    TWO(max_f64, f64, f64, f64, larger_f64(a, b))                                                            \
    ONE(abs_f64, f64, f64, fabs(a))                                                                          \
    ONE(neg_f64, f64, f64, -a)                                                                               \
    TWO(copysign_f32, f32, f32, f32, copysignf(b, a))                                                        \
    TWO(copysign_f64, f64, f64, f64, copysign(b, a))

FLOATS(DEFINE_ONE, DEFINE_TWO, DEFINE_THREE)

const struct instruction AT_LEVEL(float_instructions)[] = {
    FLOATS(ROW_ONE, ROW_TWO, ROW_THREE){NULL, NULL, NULL},
};
