// The CUDA math library against the host's, computed with more digits: each result within the error that the CUDA Programming
// Guide (appendix on mathematical functions) states, in units of the last place.
#include "expect.cuh"

#include <cfloat>
#include <cmath>
#include <cstring>

__host__ __device__ inline uint64_t scrambled(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// Operands over a function's interesting range: exponents from least to most, both signs unless positive.
struct range {
    int least, most;
    bool positive;
};
template <class T> __host__ __device__ T operand(range range, int item, int k) {
    uint64_t random = scrambled(item * 3 + k + 1);
    const double ends[] = {0, 1, 0.5, 2, 3, 10, INFINITY, NAN, 0.75, 100};
    if (item < 100) {
        T end = (T)ends[k ? item / 10 : item % 10];
        return item % 3 || range.positive ? end : -end;
    }
    int exponent = range.least + (int)(random >> 32) % (range.most - range.least + 1);
    double mantissa = 1 + (double)(scrambled(random) >> 12) * 0x1p-52;
    T value = (T)ldexp(mantissa, exponent);
    return random & 1 || range.positive ? value : -value;
}

static long double normal_cdf(long double x) { return erfcl(-x / sqrtl(2)) / 2; }
// The inverse of a falling or rising function, from an estimate: Newton's steps with the error function's slope.
static long double erf_inverse(long double y) {
    if (!(y > -1 && y < 1))
        return y == 1 ? INFINITY : y == -1 ? -INFINITY : NAN;
    long double w = -logl((1 - y) * (1 + y)), x = w < 5 ? y : copysignl(sqrtl(w), y);
    for (int k = 0; k < 60; k++)
        x -= (erfl(x) - y) / (2 / sqrtl(acosl(-1.0L)) * expl(-x * x));
    return x;
}
static long double sin_of_pi(long double x) {
    long double r = remainderl(x, 2);
    return r == 0 || r == 1 || r == -1 ? copysignl(0, x) : sinl(acosl(-1.0L) * r);
}
static long double cos_of_pi(long double x) {
    long double r = fabsl(remainderl(x, 2));
    return r == 0.5L ? 0 : cosl(acosl(-1.0L) * r);
}

static long double scaled_erfc(long double x) {
    return x > 100 ? 1 / (x * sqrtl(acosl(-1.0L))) : expl(x * x) * erfcl(x);
}

// name, device expression for float and for double, the host's, ulps of float and of double, operand's range
#define ONE_OPERAND(ROW)                                                                                     \
    ROW(sin, sinf(x), sin(x), sinl(x), 2, 2, -30, 60, false)                                                 \
    ROW(cos, cosf(x), cos(x), cosl(x), 2, 2, -30, 60, false)                                                 \
    ROW(tan, tanf(x), tan(x), tanl(x), 4, 2, -30, 60, false)                                                 \
    ROW(sinpi, sinpif(x), sinpi(x), sin_of_pi(x), 1, 2, -10, 20, false)                                      \
    ROW(cospi, cospif(x), cospi(x), cos_of_pi(x), 1, 2, -10, 20, false)                                      \
    ROW(asin, asinf(x), asin(x), asinl(x), 2, 2, -30, -1, false)                                             \
    ROW(acos, acosf(x), acos(x), acosl(x), 2, 2, -30, -1, false)                                             \
    ROW(atan, atanf(x), atan(x), atanl(x), 2, 2, -30, 30, false)                                             \
    ROW(sinh, sinhf(x), sinh(x), sinhl(x), 3, 2, -30, 7, false)                                              \
    ROW(cosh, coshf(x), cosh(x), coshl(x), 2, 1, -30, 7, false)                                              \
    ROW(tanh, tanhf(x), tanh(x), tanhl(x), 2, 2, -30, 5, false)                                              \
    ROW(asinh, asinhf(x), asinh(x), asinhl(x), 3, 3, -30, 60, false)                                         \
    ROW(acosh, acoshf(x), acosh(x), acoshl(x), 4, 3, 0, 60, true)                                            \
    ROW(atanh, atanhf(x), atanh(x), atanhl(x), 3, 2, -30, -1, false)                                         \
    ROW(exp, expf(x), exp(x), expl(x), 2, 1, -30, 7, false)                                                  \
    ROW(exp2, exp2f(x), exp2(x), exp2l(x), 2, 1, -30, 7, false)                                              \
    ROW(exp10, exp10f(x), exp10(x), powl(10, x), 2, 1, -30, 5, false)                                        \
    ROW(expm1, expm1f(x), expm1(x), expm1l(x), 1, 1, -30, 7, false)                                          \
    ROW(log, logf(x), log(x), logl(x), 1, 1, -100, 100, true)                                                \
    ROW(log2, log2f(x), log2(x), log2l(x), 1, 1, -100, 100, true)                                            \
    ROW(log10, log10f(x), log10(x), log10l(x), 2, 1, -100, 100, true)                                        \
    ROW(log1p, log1pf(x), log1p(x), log1pl(x), 1, 1, -30, 60, true)                                          \
    ROW(sqrt, sqrtf(x), sqrt(x), std::sqrt(x), 0, 0, -100, 100, true)                                        \
    ROW(rsqrt, rsqrtf(x), rsqrt(x), 1 / sqrtl(x), 2, 1, -100, 100, true)                                     \
    ROW(cbrt, cbrtf(x), cbrt(x), cbrtl(x), 1, 1, -100, 100, false)                                           \
    ROW(rcbrt, rcbrtf(x), rcbrt(x), 1 / cbrtl(x), 1, 1, -100, 100, false)                                    \
    ROW(erf, erff(x), erf(x), erfl(x), 2, 2, -30, 3, false)                                                  \
    ROW(erfc, erfcf(x), erfc(x), erfcl(x), 4, 5, -30, 3, false)                                              \
    ROW(erfcx, erfcxf(x), erfcx(x), scaled_erfc(x), 4, 4, -20, 2, true)                                      \
    ROW(erfinv, erfinvf(x), erfinv(x), erf_inverse(x), 2, 5, -20, -1, false)                                 \
    ROW(normcdf, normcdff(x), normcdf(x), normal_cdf(x), 5, 5, -20, 2, false)                                \
    ROW(lgamma, lgammaf(x), lgamma(x), lgammal(x), 6, 4, 2, 60, true)                                        \
    ROW(tgamma, tgammaf(x), tgamma(x), tgammal(x), 5, 10, -5, 4, true)                                       \
    ROW(logb, logbf(x), logb(x), logbl(x), 0, 0, -100, 100, false)                                           \
    ROW(j0, j0f(fmodf(x, 8)), j0(fmod(x, 8.0)), j0l(fmodl(x, 8)), 9, 7, -5, 2, false)                        \
    ROW(j1, j1f(fmodf(x, 8)), j1(fmod(x, 8.0)), j1l(fmodl(x, 8)), 9, 7, -5, 2, false)
#define TWO_OPERANDS(ROW)                                                                                    \
    ROW(pow, powf(x, y), pow(x, y), powl(x, y), 4, 2, -3, 4, true)                                           \
    ROW(atan2, atan2f(x, y), atan2(x, y), atan2l(x, y), 3, 2, -20, 20, false)                                \
    ROW(hypot, hypotf(x, y), hypot(x, y), hypotl(x, y), 3, 2, -60, 60, false)                                \
    ROW(rhypot, rhypotf(x, y), rhypot(x, y), 1 / hypotl(x, y), 2, 1, -50, 50, false)                         \
    ROW(norm3, norm3df(x, y, 1), norm3d(x, y, 1), hypotl(hypotl(x, y), 1), 3, 2, -20, 20, false)             \
    ROW(fmod, fmodf(x, y), fmod(x, y), std::fmod(x, y), 0, 0, -20, 20, false)                                \
    ROW(remainder, remainderf(x, y), remainder(x, y), std::remainder(x, y), 0, 0, -20, 20, false)            \
    ROW(fdim, fdimf(x, y), fdim(x, y), std::fdim(x, y), 0, 0, -10, 10, false)                                \
    ROW(fma, fmaf(x, y, x), fma(x, y, x), std::fma(x, y, x), 0, 0, -40, 40, false)                           \
    ROW(divide, x / y, x / y, x / y, 0, 0, -40, 40, false)                                                   \
    ROW(scalbn, scalbnf(x, 13), scalbn(x, 13), std::scalbn(x, 13), 0, 0, -100, 100, false)                   \
    ROW(ldexp, ldexpf(x, -30), ldexp(x, -30), std::ldexp(x, -30), 0, 0, -90, 100, false)

#define KERNELS(name, of_float, of_double, host, float_ulps, double_ulps, least, most, positive)             \
    struct name##_function {                                                                                 \
        __device__ static float at(float x, float y) { return of_float; }                                    \
        __device__ static double at(double x, double y) { return of_double; }                                \
    };
namespace functions {
ONE_OPERAND(KERNELS)
TWO_OPERANDS(KERNELS)
} // namespace functions

template <class F, class T> __global__ void apply(range range, int items, T *out) {
    int item = blockIdx.x * blockDim.x + threadIdx.x;
    if (item < items)
        out[item] = F::at(operand<T>(range, item, 0), operand<T>(range, item, 1));
}

static int ulp_exponent(float, long double x) { return x == 0 ? -149 : std::max(ilogbl(x) - 23, -149); }
static int ulp_exponent(double, long double x) { return x == 0 ? -1074 : std::max(ilogbl(x) - 52, -1074); }

// The bound holds for the difference from the correctly rounded result; half a unit more lies between that and the exact one.
template <class F, class T>
static size_t check(const char *name, long double (*host)(T, T), int ulps, range range) {
    const int items = 2048;
    device_vector<T> device(items);
    apply<F, T><<<items / 128, 128>>>(range, items, device.items);
    must(cudaDeviceSynchronize());
    auto got = device.host();
    for (int item = 0; item < items; item++) {
        T x = operand<T>(range, item, 0), y = operand<T>(range, item, 1);
        long double exact = host(x, y);
        T nearest = (T)exact, is = got[item];
        if (is == nearest || (std::isnan(is) && std::isnan(nearest)))
            continue;
        if (std::isfinite(is) && std::isfinite(exact) && ulps > 0 &&
            fabsl(is - exact) <= ldexpl(ulps + 0.5L, ulp_exponent(T(), exact)))
            continue;
        printf("failed: %s of %d bits at %a, %a is %a on the device, %La on the host\n", name,
               (int)(8 * sizeof(T)), x, y, is, exact);
        exit(1);
    }
    return items;
}

#define CHECK(name, of_float, of_double, host, float_ulps, double_ulps, least, most, positive)               \
    compared += check<functions::name##_function, float>(                                                    \
        #name, [](float x, float y) -> long double { return (void)y, (host); }, float_ulps,                  \
        {least, most, positive});                                                                            \
    compared += check<functions::name##_function, double>(                                                   \
        #name, [](double x, double y) -> long double { return (void)y, (host); }, double_ulps,               \
        {least, most, positive});

// Functions with several results, and those that give integers.
__global__ void several(int items, double *out) {
    int item = blockIdx.x * blockDim.x + threadIdx.x;
    if (item >= items)
        return;
    float x = operand<float>({-10, 20, false}, item + 100, 0), whole, s, c;
    double a = operand<double>({-10, 20, false}, item + 100, 0), whole_a, sa, ca;
    int exponent, quotient;
    double *to = out + item * 16;
    to[0] = frexpf(x, &exponent), to[1] = exponent;
    to[2] = modf(a, &whole_a), to[3] = whole_a;
    to[4] = modff(x, &whole), to[5] = whole;
    to[6] = ilogb(a), to[7] = ilogbf(x);
    to[8] = (double)llrint(a), to[9] = (double)lroundf(x);
    to[10] = nextafter(a, 5.0), to[11] = nextafterf(x, -5.0f);
    to[12] = remquo(a, 0.75, &quotient), to[13] = quotient & 7;
    sincosf(x, &s, &c), sincos(a, &sa, &ca);
    to[14] = s == sinf(x) && c == cosf(x);
    to[15] = sa == sin(a) && ca == cos(a);
}

static size_t check_several() {
    const int items = 1024;
    device_vector<double> device(items * 16);
    several<<<items / 128, 128>>>(items, device.items);
    must(cudaDeviceSynchronize());
    auto got = device.host();
    for (int item = 0; item < items; item++) {
        float x = operand<float>({-10, 20, false}, item + 100, 0), whole;
        double a = operand<double>({-10, 20, false}, item + 100, 0), whole_a;
        int exponent, quotient;
        double fraction = frexpf(x, &exponent), part_a = modf(a, &whole_a), part = modff(x, &whole);
        double rest = remquo(a, 0.75, &quotient);
        const double wanted[16] = {fraction,
                                   (double)exponent,
                                   part_a,
                                   whole_a,
                                   part,
                                   whole,
                                   (double)ilogb(a),
                                   (double)ilogbf(x),
                                   (double)llrint(a),
                                   (double)lroundf(x),
                                   nextafter(a, 5.0),
                                   nextafterf(x, -5.0f),
                                   rest,
                                   (double)(quotient & 7),
                                   1,
                                   1};
        for (int k = 0; k < 16; k++) {
            if (got[item * 16 + k] != wanted[k])
                printf("result %d of %a\n", k, a);
            expect(got[item * 16 + k] == wanted[k], "a function with several results");
        }
    }
    return items * 16;
}

int main() {
    size_t compared = check_several();
    ONE_OPERAND(CHECK)
    TWO_OPERANDS(CHECK)
    printf("compared %zu results\n", compared);
}
