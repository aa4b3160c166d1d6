/*
 * The .approx functions, as near to correctly rounded as double precision makes them: hardware differs in the last bits, so
 * no program may depend on them (ulp.h shows whether one does).
 */
#include "float_lanes.h"

static inline f32 near_f32(f64 x) { return canonical((f32)x); }
static inline f32 near_ftz_f32(f64 x) { return flushed_result((f32)x); }

/* A divisor beyond 2^126 makes a quotient of 0, or NaN for an infinite dividend. */
static inline f32 approximate_quotient(f32 a, f32 b) {
    f32 size = fabsf(b);
    return size > 0x1p126f && size < INFINITY ? canonical(a * copysignf(0, b)) : canonical(a / b);
}
/* Of operand and result only the upper half is significant. */
static inline f64 upper_half(f64 x) {
    uint64_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    bits &= ~0xffffffffull;
    __builtin_memcpy(&x, &bits, sizeof bits);
    return x;
}
static inline f64 flushed_f64(f64 x) { return fabs(x) < 0x1p-1022 ? copysign(0, x) : x; }

#define FUNCTIONS(ONE, F, in, out)                                                                           \
    ONE(ex2_approx##F##_f32, f32, f32, out(exp2((f64)in(a))))                                                \
    ONE(lg2_approx##F##_f32, f32, f32, out(log2((f64)in(a))))                                                \
    ONE(sin_approx##F##_f32, f32, f32, out(sin((f64)in(a))))                                                 \
    ONE(cos_approx##F##_f32, f32, f32, out(cos((f64)in(a))))                                                 \
    ONE(rcp_approx##F##_f32, f32, f32, out(1 / (f64)in(a)))                                                  \
    ONE(sqrt_approx##F##_f32, f32, f32, out(sqrt((f64)in(a))))                                               \
    ONE(rsqrt_approx##F##_f32, f32, f32, out(1 / sqrt((f64)in(a))))
#define APPROXIMATE(ONE, TWO)                                                                                \
    FUNCTIONS(ONE, , plain, near_f32)                                                                        \
    FUNCTIONS(ONE, _ftz, flushed, near_ftz_f32)                                                              \
    ONE(tanh_approx_f32, f32, f32, near_f32(tanh((f64)a)))                                                   \
    TWO(div_approx_f32, f32, f32, f32, approximate_quotient(a, b))                                           \
    TWO(div_approx_ftz_f32, f32, f32, f32, flushed(approximate_quotient(flushed(a), flushed(b))))            \
    TWO(div_full_f32, f32, f32, f32, canonical(a / b))                                                       \
    TWO(div_full_ftz_f32, f32, f32, f32, flushed_result(flushed(a) / flushed(b)))                            \
    ONE(rcp_approx_ftz_f64, f64, f64, upper_half(flushed_f64(1 / flushed_f64(upper_half(a)))))               \
    ONE(rsqrt_approx_f64, f64, f64, 1 / sqrt(a))                                                             \
    ONE(rsqrt_approx_ftz_f64, f64, f64, upper_half(1 / sqrt(flushed_f64(upper_half(a)))))

APPROXIMATE(DEFINE_ONE, DEFINE_TWO)

const struct instruction AT_LEVEL(approximate_instructions)[] = {
    APPROXIMATE(ROW_ONE, ROW_TWO){NULL, NULL, NULL},
};
