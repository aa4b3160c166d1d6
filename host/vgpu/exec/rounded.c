/*
 * Floats rounded towards zero, down and up, by the processor's own rounding mode. The lanes are loaded and stored between
 * the two changes of mode: the changes clobber memory, so nothing can be moved over them.
 */
#include "float_lanes.h"
#include "rounding.h"

#define DEFINE_ROUNDED_ONE(name, mode, T, result)                                                            \
    HANDLER(name) {                                                                                          \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *pa = lanes(w, i->o[1]);                                                                     \
        rounding_set(mode);                                                                                  \
        FOR_LANES {                                                                                          \
            T a = pa[l], made = (result);                                                                    \
            d[l] = mask >> l & 1 ? made : d[l];                                                              \
        }                                                                                                    \
        rounding_set(ROUND_NEAREST);                                                                         \
        return i + 1;                                                                                        \
    }
#define DEFINE_ROUNDED_TWO(name, mode, T, result)                                                            \
    HANDLER(name) {                                                                                          \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                            \
        rounding_set(mode);                                                                                  \
        FOR_LANES {                                                                                          \
            T a = pa[l], b = pb[l], made = (result);                                                         \
            d[l] = mask >> l & 1 ? made : d[l];                                                              \
        }                                                                                                    \
        rounding_set(ROUND_NEAREST);                                                                         \
        return i + 1;                                                                                        \
    }
#define DEFINE_ROUNDED_THREE(name, mode, T, result)                                                          \
    HANDLER(name) {                                                                                          \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]), *pc = lanes(w, i->o[3]);                   \
        rounding_set(mode);                                                                                  \
        FOR_LANES {                                                                                          \
            T a = pa[l], b = pb[l], c = pc[l], made = (result);                                              \
            d[l] = mask >> l & 1 ? made : d[l];                                                              \
        }                                                                                                    \
        rounding_set(ROUND_NEAREST);                                                                         \
        return i + 1;                                                                                        \
    }
#define ROW_ROUNDED_ONE(name, mode, T, result) {#name, DEST_##T LETTER_##T, name},
#define ROW_ROUNDED_TWO(name, mode, T, result) {#name, DEST_##T LETTER_##T LETTER_##T, name},
#define ROW_ROUNDED_THREE(name, mode, T, result) {#name, DEST_##T LETTER_##T LETTER_##T LETTER_##T, name},

#define FMA_f32(a, b, c) fmaf(a, b, c)
#define FMA_f64(a, b, c) fma(a, b, c)
#define SQRT_f32(a) sqrtf(a)
#define SQRT_f64(a) sqrt(a)

/* M is the rounding and .ftz as the name has them, in() and out() what operands and results go through. */
#define SUMS(ONE, TWO, THREE, M, mode, T, in, out)                                                           \
    TWO(add##M##_##T, mode, T, out(in(a) + in(b)))                                                           \
    TWO(sub##M##_##T, mode, T, out(in(a)-in(b)))                                                             \
    TWO(mul##M##_##T, mode, T, out(in(a)*in(b)))                                                             \
    THREE(fma##M##_##T, mode, T, out(FMA_##T(in(a), in(b), in(c))))
#define QUOTIENTS(ONE, TWO, THREE, M, mode, T, in, out)                                                      \
    TWO(div##M##_##T, mode, T, out(in(a) / in(b)))                                                           \
    ONE(rcp##M##_##T, mode, T, out(1 / in(a)))                                                               \
    ONE(sqrt##M##_##T, mode, T, out(SQRT_##T(in(a))))
#define IN_MODE(ONE, TWO, THREE, R, mode)                                                                    \
    SUMS(ONE, TWO, THREE, _##R, mode, f32, plain, canonical)                                                 \
    SUMS(ONE, TWO, THREE, _##R##_ftz, mode, f32, flushed, flushed_result)                                    \
    SUMS(ONE, TWO, THREE, _##R##_sat, mode, f32, plain, saturated_result)                                    \
    SUMS(ONE, TWO, THREE, _##R##_ftz_sat, mode, f32, flushed, flushed_saturated_result)                      \
    SUMS(ONE, TWO, THREE, _##R, mode, f64, plain_f64, plain_f64)                                             \
    QUOTIENTS(ONE, TWO, THREE, _##R, mode, f32, plain, canonical)                                            \
    QUOTIENTS(ONE, TWO, THREE, _##R##_ftz, mode, f32, flushed, flushed_result)                               \
    QUOTIENTS(ONE, TWO, THREE, _##R, mode, f64, plain_f64, plain_f64)
#define ROUNDED(ONE, TWO, THREE)                                                                             \
    IN_MODE(ONE, TWO, THREE, rz, ROUND_ZERO)                                                                 \
    IN_MODE(ONE, TWO, THREE, rm, ROUND_DOWN)                                                                 \
    IN_MODE(ONE, TWO, THREE, rp, ROUND_UP)

ROUNDED(DEFINE_ROUNDED_ONE, DEFINE_ROUNDED_TWO, DEFINE_ROUNDED_THREE)

const struct instruction AT_LEVEL(rounded_instructions)[] = {
    ROUNDED(ROW_ROUNDED_ONE, ROW_ROUNDED_TWO, ROW_ROUNDED_THREE){NULL, NULL, NULL},
};
