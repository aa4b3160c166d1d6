/* Binary32 and binary64 arithmetic of the virtual GPU: rounding, .ftz, .sat, NaN and zero rules, approximations. */
#include "instruction/machine.h"

#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>

TestSuite(vgpu_float, .init = machine_open, .fini = machine_close);

#define A32 f32_of(a)
#define B32 f32_of(b)
#define C32 f32_of(c)
#define A64 f64_of(a)
#define B64 f64_of(b)
#define C64 f64_of(c)

static float flush(float x) { return fpclassify(x) == FP_SUBNORMAL ? copysignf(0, x) : x; }
static float clamp(float x) { return isnan(x) ? 0 : x < 0 ? 0 : x > 1 ? 1 : x == 0 ? 0 : x; }
#define FLUSHED_A flush(A32)
#define FLUSHED_B flush(B32)
#define FLUSHED_C flush(C32)

/* A NaN of binary64 keeps no particular payload: any is as good as another. */
static uint64_t number_f64(double x) { return isnan(x) ? UNSPECIFIED : bits_f64(x); }

Test(vgpu_float, nearest) {
    INSTRUCTION("f32 f32 f32", "add.f32 d, a, b;", bits_f32(A32 + B32));
    INSTRUCTION("f32 f32 f32", "add.rn.f32 d, a, b;", bits_f32(A32 + B32));
    INSTRUCTION("f32 f32 f32", "sub.f32 d, a, b;", bits_f32(A32 - B32));
    INSTRUCTION("f32 f32 f32", "mul.f32 d, a, b;", bits_f32(A32 * B32));
    INSTRUCTION("f32 f32 f32 f32", "fma.rn.f32 d, a, b, c;", bits_f32(fmaf(A32, B32, C32)));
    INSTRUCTION("f32 f32 f32 f32", "mad.rn.f32 d, a, b, c;", bits_f32(fmaf(A32, B32, C32)));
    INSTRUCTION("f32 f32 f32", "div.rn.f32 d, a, b;", bits_f32(A32 / B32));
    INSTRUCTION("f32 f32", "rcp.rn.f32 d, a;", bits_f32(1 / A32));
    INSTRUCTION("f32 f32", "sqrt.rn.f32 d, a;", bits_f32(sqrtf(A32)));
    INSTRUCTION("f32 f32", "add.f32 d, a, 0f3F800000;", bits_f32(A32 + 1));
    INSTRUCTION("f32 f32", "mul.f32 d, a, 1.5;", bits_f32(A32 * 1.5f));
    INSTRUCTION("f64 f64 f64", "add.f64 d, a, b;", number_f64(A64 + B64));
    INSTRUCTION("f64 f64 f64", "sub.rn.f64 d, a, b;", number_f64(A64 - B64));
    INSTRUCTION("f64 f64 f64", "mul.f64 d, a, b;", number_f64(A64 * B64));
    INSTRUCTION("f64 f64 f64 f64", "fma.rn.f64 d, a, b, c;", number_f64(fma(A64, B64, C64)));
    INSTRUCTION("f64 f64 f64", "div.rn.f64 d, a, b;", number_f64(A64 / B64));
    INSTRUCTION("f64 f64", "rcp.rn.f64 d, a;", number_f64(1 / A64));
    INSTRUCTION("f64 f64", "sqrt.rn.f64 d, a;", number_f64(sqrt(A64)));
    INSTRUCTION("f64 f64", "mul.f64 d, a, 0d3FE0000000000000;", number_f64(A64 * 0.5));
}

Test(vgpu_float, flushed_and_saturated) {
    INSTRUCTION("f32 f32 f32", "add.ftz.f32 d, a, b;", bits_f32(flush(FLUSHED_A + FLUSHED_B)));
    INSTRUCTION("f32 f32 f32", "sub.ftz.f32 d, a, b;", bits_f32(flush(FLUSHED_A - FLUSHED_B)));
    INSTRUCTION("f32 f32 f32", "mul.ftz.f32 d, a, b;", bits_f32(flush(FLUSHED_A * FLUSHED_B)));
    INSTRUCTION("f32 f32 f32 f32", "fma.rn.ftz.f32 d, a, b, c;",
                bits_f32(flush(fmaf(FLUSHED_A, FLUSHED_B, FLUSHED_C))));
    INSTRUCTION("f32 f32 f32", "div.rn.ftz.f32 d, a, b;", bits_f32(flush(FLUSHED_A / FLUSHED_B)));
    INSTRUCTION("f32 f32", "sqrt.rn.ftz.f32 d, a;", bits_f32(flush(sqrtf(FLUSHED_A))));
    INSTRUCTION("f32 f32", "rcp.rn.ftz.f32 d, a;", bits_f32(flush(1 / FLUSHED_A)));
    INSTRUCTION("f32 f32 f32", "add.sat.f32 d, a, b;", bits_f32(clamp(A32 + B32)));
    INSTRUCTION("f32 f32 f32", "mul.ftz.sat.f32 d, a, b;", bits_f32(clamp(flush(FLUSHED_A * FLUSHED_B))));
    INSTRUCTION("f32 f32 f32 f32", "fma.rn.sat.f32 d, a, b, c;", bits_f32(clamp(fmaf(A32, B32, C32))));
    INSTRUCTION("f32 f32", "abs.ftz.f32 d, a;", isnan(A32) ? UNSPECIFIED : bits_f32(fabsf(FLUSHED_A)));
    INSTRUCTION("f32 f32", "neg.ftz.f32 d, a;", isnan(A32) ? UNSPECIFIED : bits_f32(-FLUSHED_A));
}

/* volatile: the operation must happen in the mode set around it. */
#define IN_MODE(mode, type, expression)                                                                      \
    ({                                                                                                       \
        fesetround(mode);                                                                                    \
        volatile type in_mode = (expression);                                                                \
        fesetround(FE_TONEAREST);                                                                            \
        in_mode;                                                                                             \
    })
static volatile float va, vb, vc;
static volatile double wa, wb, wc;
#define LOAD32 (va = A32, vb = B32, vc = C32)
#define LOAD64 (wa = A64, wb = B64, wc = C64)

static float fma_in_mode(int mode) { return IN_MODE(mode, float, fmaf(va, vb, vc)); }

Test(vgpu_float, directed) {
    INSTRUCTION("f32 f32 f32", "add.rz.f32 d, a, b;",
                (LOAD32, bits_f32(IN_MODE(FE_TOWARDZERO, float, va + vb))));
    INSTRUCTION("f32 f32 f32", "add.rm.f32 d, a, b;",
                (LOAD32, bits_f32(IN_MODE(FE_DOWNWARD, float, va + vb))));
    INSTRUCTION("f32 f32 f32", "add.rp.f32 d, a, b;", (LOAD32, bits_f32(IN_MODE(FE_UPWARD, float, va + vb))));
    INSTRUCTION("f32 f32 f32", "sub.rm.f32 d, a, b;",
                (LOAD32, bits_f32(IN_MODE(FE_DOWNWARD, float, va - vb))));
    INSTRUCTION("f32 f32 f32", "mul.rz.f32 d, a, b;",
                (LOAD32, bits_f32(IN_MODE(FE_TOWARDZERO, float, va *vb))));
    INSTRUCTION("f32 f32 f32", "mul.rp.f32 d, a, b;", (LOAD32, bits_f32(IN_MODE(FE_UPWARD, float, va *vb))));
    INSTRUCTION("f32 f32 f32", "mul.rp.ftz.f32 d, a, b;",
                (va = FLUSHED_A, vb = FLUSHED_B, bits_f32(flush(IN_MODE(FE_UPWARD, float, va *vb)))));
    INSTRUCTION("f32 f32 f32 f32", "fma.rm.f32 d, a, b, c;", (LOAD32, bits_f32(fma_in_mode(FE_DOWNWARD))));
    INSTRUCTION("f32 f32 f32 f32", "fma.rz.f32 d, a, b, c;", (LOAD32, bits_f32(fma_in_mode(FE_TOWARDZERO))));
    INSTRUCTION("f32 f32 f32 f32", "fma.rp.f32 d, a, b, c;", (LOAD32, bits_f32(fma_in_mode(FE_UPWARD))));
    INSTRUCTION("f32 f32 f32", "div.rz.f32 d, a, b;",
                (LOAD32, bits_f32(IN_MODE(FE_TOWARDZERO, float, va / vb))));
    INSTRUCTION("f32 f32 f32", "div.rp.f32 d, a, b;", (LOAD32, bits_f32(IN_MODE(FE_UPWARD, float, va / vb))));
    INSTRUCTION("f32 f32", "sqrt.rm.f32 d, a;", (LOAD32, bits_f32(IN_MODE(FE_DOWNWARD, float, sqrtf(va)))));
    INSTRUCTION("f32 f32", "rcp.rp.f32 d, a;", (LOAD32, bits_f32(IN_MODE(FE_UPWARD, float, 1 / va))));
    INSTRUCTION("f64 f64 f64", "add.rz.f64 d, a, b;",
                (LOAD64, number_f64(IN_MODE(FE_TOWARDZERO, double, wa + wb))));
    INSTRUCTION("f64 f64 f64", "add.rm.f64 d, a, b;",
                (LOAD64, number_f64(IN_MODE(FE_DOWNWARD, double, wa + wb))));
    INSTRUCTION("f64 f64 f64", "mul.rp.f64 d, a, b;",
                (LOAD64, number_f64(IN_MODE(FE_UPWARD, double, wa *wb))));
    INSTRUCTION("f64 f64 f64", "div.rm.f64 d, a, b;",
                (LOAD64, number_f64(IN_MODE(FE_DOWNWARD, double, wa / wb))));
    INSTRUCTION("f64 f64", "sqrt.rp.f64 d, a;", (LOAD64, number_f64(IN_MODE(FE_UPWARD, double, sqrt(wa)))));
    /* The mode is back to nearest afterwards. */
    INSTRUCTION("f32 f32 f32", "add.rp.f32 d, a, b; add.f32 d, a, b;", bits_f32(A32 + B32));
}

/* A NaN loses against a number, -0 is below +0. */
static float lesser(float a, float b) {
    if (isnan(a) || isnan(b))
        return isnan(a) ? b : a;
    return a < b || (a == b && signbit(a)) ? a : b;
}
static float greater(float a, float b) {
    if (isnan(a) || isnan(b))
        return isnan(a) ? b : a;
    return a > b || (a == b && signbit(b)) ? a : b;
}

Test(vgpu_float, extrema_and_signs) {
    INSTRUCTION("f32 f32 f32", "min.f32 d, a, b;", bits_f32(lesser(A32, B32)));
    INSTRUCTION("f32 f32 f32", "max.f32 d, a, b;", bits_f32(greater(A32, B32)));
    INSTRUCTION("f32 f32 f32", "min.ftz.f32 d, a, b;", bits_f32(lesser(FLUSHED_A, FLUSHED_B)));
    INSTRUCTION("f32 f32 f32", "min.NaN.f32 d, a, b;",
                isnan(A32) || isnan(B32) ? 0x7fffffff : bits_f32(lesser(A32, B32)));
    INSTRUCTION("f32 f32 f32", "max.NaN.f32 d, a, b;",
                isnan(A32) || isnan(B32) ? 0x7fffffff : bits_f32(greater(A32, B32)));
    INSTRUCTION("f64 f64 f64", "min.f64 d, a, b;", ({
                    double x = A64, y = B64;
                    isnan(x) || isnan(y) ? number_f64(isnan(x) ? y : x)
                                         : bits_f64(x < y || (x == y && signbit(x)) ? x : y);
                }));
    INSTRUCTION("f64 f64 f64", "max.f64 d, a, b;", ({
                    double x = A64, y = B64;
                    isnan(x) || isnan(y) ? number_f64(isnan(x) ? y : x)
                                         : bits_f64(x > y || (x == y && signbit(y)) ? x : y);
                }));
    INSTRUCTION("f32 f32", "abs.f32 d, a;", isnan(A32) ? UNSPECIFIED : a & 0x7fffffff);
    INSTRUCTION("f32 f32", "neg.f32 d, a;", isnan(A32) ? UNSPECIFIED : a ^ 0x80000000);
    INSTRUCTION("f64 f64", "abs.f64 d, a;", a & ~(1ull << 63));
    INSTRUCTION("f64 f64", "neg.f64 d, a;", a ^ 1ull << 63);
    INSTRUCTION("f32 f32 f32", "copysign.f32 d, a, b;", (b & 0x7fffffff) | (a & 0x80000000));
    INSTRUCTION("f64 f64 f64", "copysign.f64 d, a, b;", (b & ~(1ull << 63)) | (a & 1ull << 63));
}

Test(vgpu_float, comparisons) {
    INSTRUCTION("pred f32 f32", "setp.eq.f32 d, a, b;", A32 == B32);
    INSTRUCTION("pred f32 f32", "setp.ne.f32 d, a, b;", !isunordered(A32, B32) && A32 != B32);
    INSTRUCTION("pred f32 f32", "setp.lt.f32 d, a, b;", A32 < B32);
    INSTRUCTION("pred f32 f32", "setp.le.f32 d, a, b;", A32 <= B32);
    INSTRUCTION("pred f32 f32", "setp.gt.f32 d, a, b;", A32 > B32);
    INSTRUCTION("pred f32 f32", "setp.ge.f32 d, a, b;", A32 >= B32);
    INSTRUCTION("pred f32 f32", "setp.equ.f32 d, a, b;", isunordered(A32, B32) || A32 == B32);
    INSTRUCTION("pred f32 f32", "setp.neu.f32 d, a, b;", isunordered(A32, B32) || A32 != B32);
    INSTRUCTION("pred f32 f32", "setp.ltu.f32 d, a, b;", isunordered(A32, B32) || A32 < B32);
    INSTRUCTION("pred f32 f32", "setp.leu.f32 d, a, b;", isunordered(A32, B32) || A32 <= B32);
    INSTRUCTION("pred f32 f32", "setp.gtu.f32 d, a, b;", isunordered(A32, B32) || A32 > B32);
    INSTRUCTION("pred f32 f32", "setp.geu.f32 d, a, b;", isunordered(A32, B32) || A32 >= B32);
    INSTRUCTION("pred f32 f32", "setp.num.f32 d, a, b;", !isunordered(A32, B32));
    INSTRUCTION("pred f32 f32", "setp.nan.f32 d, a, b;", isunordered(A32, B32));
    INSTRUCTION("pred f32 f32", "setp.lt.ftz.f32 d, a, b;", FLUSHED_A < FLUSHED_B);
    INSTRUCTION("pred f32 f32", "setp.lt.f32 p|d, a, b;", !(A32 < B32));
    INSTRUCTION("pred f64 f64", "setp.neu.f64 d, a, b;", isunordered(A64, B64) || A64 != B64);
    INSTRUCTION("pred f64 f64", "setp.ge.f64 d, a, b;", A64 >= B64);
    INSTRUCTION("u32 f32 f32", "set.gt.u32.f32 d, a, b;", A32 > B32 ? ~0u : 0);
    INSTRUCTION("u32 f32 f32", "set.gt.ftz.u32.f32 d, a, b;", FLUSHED_A > FLUSHED_B ? ~0u : 0);
    INSTRUCTION("f32 f32 f32", "set.eq.ftz.f32.f32 d, a, b;", FLUSHED_A == FLUSHED_B ? 0x3f800000 : 0);
    INSTRUCTION("pred f32", "testp.finite.f32 d, a;", isfinite(A32));
    INSTRUCTION("pred f32", "testp.infinite.f32 d, a;", isinf(A32));
    INSTRUCTION("pred f32", "testp.number.f32 d, a;", !isnan(A32));
    INSTRUCTION("pred f32", "testp.notanumber.f32 d, a;", isnan(A32));
    INSTRUCTION("pred f32", "testp.normal.f32 d, a;", isnormal(A32) || A32 == 0);
    INSTRUCTION("pred f64", "testp.normal.f64 d, a;", isnormal(A64) || A64 == 0);
    INSTRUCTION("pred f32", "testp.subnormal.f32 d, a;", fpclassify(A32) == FP_SUBNORMAL);
    INSTRUCTION("pred f64", "testp.subnormal.f64 d, a;", fpclassify(A64) == FP_SUBNORMAL);
}

/* This executor computes the approximations as well as it can: the nearest to the long double function. */
static uint64_t nearest(long double x) { return bits_f32((float)x); }

Test(vgpu_float, approximations) {
    INSTRUCTION("f32 f32", "ex2.approx.f32 d, a;", nearest(exp2l(A32)));
    INSTRUCTION("f32 f32", "lg2.approx.f32 d, a;", nearest(log2l(A32)));
    INSTRUCTION("f32 f32", "rcp.approx.f32 d, a;", nearest(1 / (long double)A32));
    INSTRUCTION("f32 f32", "sqrt.approx.f32 d, a;", nearest(sqrtl(A32)));
    INSTRUCTION("f32 f32", "rsqrt.approx.f32 d, a;", nearest(1 / sqrtl(A32)));
    INSTRUCTION("f32 f32", "sin.approx.f32 d, a;", nearest(sinl(A32)));
    INSTRUCTION("f32 f32", "cos.approx.f32 d, a;", nearest(cosl(A32)));
    INSTRUCTION("f32 f32", "tanh.approx.f32 d, a;", nearest(tanhl(A32)));
    INSTRUCTION("f32 f32", "ex2.approx.ftz.f32 d, a;", bits_f32(flush((float)exp2l(FLUSHED_A))));
    INSTRUCTION("f32 f32", "lg2.approx.ftz.f32 d, a;", bits_f32(flush((float)log2l(FLUSHED_A))));
    INSTRUCTION("f32 f32", "rcp.approx.ftz.f32 d, a;", bits_f32(flush((float)(1 / (long double)FLUSHED_A))));
    INSTRUCTION("f32 f32 f32", "div.full.f32 d, a, b;", bits_f32(A32 / B32));
    INSTRUCTION("f32 f32 f32", "div.approx.f32 d, a, b;", ({
                    bool large = fabsf(B32) >= 0x1p126f && fabsf(B32) < INFINITY;
                    bits_f32(!large ? A32 / B32 : isinf(A32) ? NAN : A32 * copysignf(0, B32));
                }));
    INSTRUCTION("f64 f64", "rcp.approx.ftz.f64 d, a;", ({
                    double upper = f64_of(a & ~0xffffffffull);
                    double x = fpclassify(upper) == FP_SUBNORMAL ? copysign(0, upper) : upper, r = 1 / x;
                    r = fpclassify(r) == FP_SUBNORMAL ? copysign(0, r) : r;
                    isnan(r) ? UNSPECIFIED : bits_f64(r) & ~0xffffffffull;
                }));
}
