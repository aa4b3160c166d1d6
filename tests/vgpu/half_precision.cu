// The functions of cuda_fp16.h, cuda_bf16.h and cuda_fp8.h: on the device instructions of PTX, on the host NVIDIA's own code in
// terms of float. Those without a host side are compared with double arithmetic rounded once.
#include "both_sides.cuh"

#include <cmath>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

template <class H> struct format;
template <> struct format<__half> {
    using pair = __half2;
    static constexpr unsigned infinity = 0x7c00, nan = 0x7fff;
    static constexpr int digits = 11, least = -24;
    static constexpr double most = 65504;
    __host__ __device__ static __half of(unsigned bits) { return __ushort_as_half((unsigned short)bits); }
    __host__ __device__ static unsigned bits(__half h) { return __half_as_ushort(h); }
    __host__ __device__ static __half2 pair_of(__half a, __half b) { return __halves2half2(a, b); }
};
template <> struct format<__nv_bfloat16> {
    using pair = __nv_bfloat162;
    static constexpr unsigned infinity = 0x7f80, nan = 0x7fff;
    static constexpr int digits = 8, least = -133;
    static constexpr double most = 0x1.fep127;
    __host__ __device__ static __nv_bfloat16 of(unsigned bits) {
        return __ushort_as_bfloat16((unsigned short)bits);
    }
    __host__ __device__ static unsigned bits(__nv_bfloat16 h) { return __bfloat16_as_ushort(h); }
    __host__ __device__ static __nv_bfloat162 pair_of(__nv_bfloat16 a, __nv_bfloat16 b) {
        return __halves2bfloat162(a, b);
    }
};

template <class H> __host__ __device__ H operand(uint64_t item, unsigned k) {
    const unsigned infinity = format<H>::infinity;
    const unsigned edges[] = {0,
                              0x8000,
                              1,
                              0x8001,
                              infinity,
                              infinity | 0x8000,
                              infinity - 1,
                              0x7fff,
                              infinity / 2,
                              0x3c00,
                              0xbc00,
                              0x3f80,
                              0xbf80,
                              infinity / 2 + 1,
                              0x0400,
                              0x0080};
    uint64_t random = scrambled(item * 3 + k);
    unsigned which = k == 0 ? item % 16 : k == 1 ? item / 16 % 16 : random % 16;
    return format<H>::of(item < 256 ? edges[which] : (unsigned)random & 0xffff);
}

template <class H> struct outcome {
    results &out;
    __host__ __device__ static unsigned one(H h) {
        unsigned bits = format<H>::bits(h);
        return (bits & 0x7fff) > format<H>::infinity ? format<H>::nan : bits;
    }
    __host__ __device__ void operator()(H h) { out(one(h)); }
    __host__ __device__ void operator()(typename format<H>::pair h) { out(one(h.x) | one(h.y) << 16); }
    __host__ __device__ void zeros_alike(H h) { out(one(h) == 0x8000 ? 0 : one(h)); }
    __host__ __device__ void operator()(unsigned bits) { out(bits); }
    __host__ __device__ void operator()(bool value) { out((unsigned)value); }
};

// What both formats call by one name and both sides have.
template <class H> struct arithmetic {
    __host__ __device__ static void run(int item, results &results) {
        outcome<H> out{results};
        H a = operand<H>(item, 0), b = operand<H>(item, 1);
        out(__hadd(a, b)), out(__hsub(a, b)), out(__hmul(a, b)), out(__hdiv(a, b));
        out(__hadd_rn(a, b)), out(__hsub_rn(a, b)), out(__hmul_rn(a, b));
        out(__hadd_sat(a, b)), out(__hsub_sat(a, b)), out(__hmul_sat(a, b));
        out(__hneg(a)), out(__habs(a));
        out(__hmax(a, b)), out(__hmin(a, b));
        // The host's code for bfloat16 does not tell zeros apart here.
        out.zeros_alike(__hmax_nan(a, b)), out.zeros_alike(__hmin_nan(a, b));
        out(__heq(a, b)), out(__hne(a, b)), out(__hlt(a, b)), out(__hle(a, b)), out(__hgt(a, b)),
            out(__hge(a, b));
        out(__hequ(a, b)), out(__hneu(a, b)), out(__hltu(a, b)), out(__hleu(a, b)), out(__hgtu(a, b)),
            out(__hgeu(a, b));
        out((unsigned)__hisnan(a)), out((unsigned)__hisinf(a));
        out(a + b), out(a - b), out(a * b), out(a / b), out(-a), out(a == b), out(a < b), out(a >= b);
        H c = a;
        c += b, out(c), ++c, out(c), c--, out(c);

        auto p = format<H>::pair_of(a, b), q = format<H>::pair_of(operand<H>(item, 2), operand<H>(item, 3));
        out(__hadd2(p, q)), out(__hsub2(p, q)), out(__hmul2(p, q)), out(__h2div(p, q));
        out(__hadd2_rn(p, q)), out(__hsub2_rn(p, q)), out(__hmul2_rn(p, q));
        out(__hadd2_sat(p, q)), out(__hsub2_sat(p, q)), out(__hmul2_sat(p, q));
        out(__hneg2(p)), out(__habs2(p));
        out(__hmax2(p, q)), out(__hmin2(p, q));
        out.zeros_alike(__hmax2_nan(p, q).x), out.zeros_alike(__hmin2_nan(p, q).y);
        out(__heq2(p, q)), out(__hne2(p, q)), out(__hlt2(p, q)), out(__hle2(p, q)), out(__hgt2(p, q)),
            out(__hge2(p, q));
        out(__hequ2(p, q)), out(__hneu2(p, q)), out(__hltu2(p, q)), out(__hleu2(p, q)), out(__hgtu2(p, q)),
            out(__hgeu2(p, q));
        out(__heq2_mask(p, q)), out(__hne2_mask(p, q)), out(__hlt2_mask(p, q)), out(__hle2_mask(p, q));
        out(__hgt2_mask(p, q)), out(__hge2_mask(p, q)), out(__hequ2_mask(p, q)), out(__hneu2_mask(p, q));
        out(__hltu2_mask(p, q)), out(__hleu2_mask(p, q)), out(__hgtu2_mask(p, q)), out(__hgeu2_mask(p, q));
        out(__hbeq2(p, q)), out(__hbne2(p, q)), out(__hblt2(p, q)), out(__hble2(p, q)), out(__hbgt2(p, q)),
            out(__hbge2(p, q));
        out(__hbequ2(p, q)), out(__hbneu2(p, q)), out(__hbltu2(p, q)), out(__hbleu2(p, q)),
            out(__hbgtu2(p, q)), out(__hbgeu2(p, q));
        out(__hisnan2(p)), out(__lowhigh2highlow(p));
        results(__low2float(p)), results(__high2float(p));
    }
};

__host__ __device__ float any_float(int item) {
    uint32_t bits = (uint32_t)scrambled(item + 77777);
    if (item % 3 == 0) // near the formats' ranges, with ties
        bits = (bits & 0x8000f000) | ((100 + item % 60) << 23) | (item % 5 << 12);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct fp16_conversions {
    __host__ __device__ static void run(int item, results &results) {
        outcome<__half> out{results};
        __half a = operand<__half>(item, 0), b = operand<__half>(item, 1);
        float f = any_float(item);
        uint64_t i = item < 300 ? (uint64_t)item * 1009 - 65536 : scrambled(item) >> item % 64;
        out(__float2half(f)), out(__float2half_rn(f)), out(__float2half_rz(f)), out(__float2half_rd(f)),
            out(__float2half_ru(f));
        out(__double2half(f * 1.0000001)), out(__float22half2_rn(make_float2(f, -f / 3))),
            out(__float2half2_rn(f));
        out(__floats2half2_rn(f, f * 2));
        results(__half2float(a));
        float2 both = __half22float2(__halves2half2(a, b));
        results(both.x), results(both.y);
        out(__short2half_rn(i)), out(__short2half_rz(i)), out(__short2half_rd(i)), out(__short2half_ru(i));
        out(__ushort2half_rn(i)), out(__ushort2half_rz(i)), out(__ushort2half_rd(i)),
            out(__ushort2half_ru(i));
        out(__int2half_rn(i)), out(__int2half_rz(i)), out(__int2half_rd(i)), out(__int2half_ru(i));
        out(__uint2half_rn(i)), out(__uint2half_rz(i)), out(__uint2half_rd(i)), out(__uint2half_ru(i));
        out(__ll2half_rn(i)), out(__ll2half_rz(i)), out(__ll2half_rd(i)), out(__ll2half_ru(i));
        out(__ull2half_rn(i)), out(__ull2half_rz(i)), out(__ull2half_rd(i)), out(__ull2half_ru(i));
        results((int)__half2char_rz(a)), results((unsigned)__half2uchar_rz(a));
        results(__half2short_rz(a)), results(__half2ushort_rz(a)), results(__half2int_rz(a)),
            results(__half2uint_rz(a));
        results(__half2ll_rz(a)), results(__half2ull_rz(a));
        out(__low2half(__halves2half2(a, b))), out(__high2half(__halves2half2(a, b)));
        out(__lows2half2(__halves2half2(a, b), __halves2half2(b, a))),
            out(__highs2half2(__halves2half2(a, b), __halves2half2(b, a)));
    }
};

struct bf16_conversions {
    __host__ __device__ static void run(int item, results &results) {
        outcome<__nv_bfloat16> out{results};
        __nv_bfloat16 a = operand<__nv_bfloat16>(item, 0), b = operand<__nv_bfloat16>(item, 1);
        float f = any_float(item);
        uint64_t i = item < 300 ? (uint64_t)item * 1009 - 65536 : scrambled(item) >> item % 64;
        out(__float2bfloat16(f)), out(__float2bfloat16_rn(f)), out(__float2bfloat16_rz(f)),
            out(__float2bfloat16_rd(f));
        out(__float2bfloat16_ru(f)), out(__double2bfloat16(f * 1.0000001)),
            out(__float22bfloat162_rn(make_float2(f, -f / 3)));
        out(__float2bfloat162_rn(f)), out(__floats2bfloat162_rn(f, f * 2));
        results(__bfloat162float(a));
        float2 both = __bfloat1622float2(__halves2bfloat162(a, b));
        results(both.x), results(both.y);
        out(__short2bfloat16_rn(i)), out(__ushort2bfloat16_rn(i)), out(__int2bfloat16_rn(i)),
            out(__uint2bfloat16_rn(i));
        out(__ll2bfloat16_rn(i)), out(__ull2bfloat16_rn(i));
        results((int)__bfloat162char_rz(a)), results((unsigned)__bfloat162uchar_rz(a));
        results(__bfloat162short_rz(a)), results(__bfloat162ushort_rz(a)), results(__bfloat162int_rz(a)),
            results(__bfloat162uint_rz(a));
        results(__bfloat162ll_rz(a)), results(__bfloat162ull_rz(a));
        out(__low2bfloat16(__halves2bfloat162(a, b))), out(__high2bfloat16(__halves2bfloat162(a, b)));
    }
};

// Eight-bit floats: instructions from architecture 89 on.
template <__nv_fp8_interpretation_t KIND> struct fp8_conversions {
    __host__ __device__ static void run(int item, results &results) {
        float f = any_float(item);
        __half h = operand<__half>(item, 0), g = operand<__half>(item, 1);
        __nv_bfloat16 b = operand<__nv_bfloat16>(item, 0);
        for (__nv_saturation_t saturation : {__NV_SATFINITE, __NV_NOSAT}) {
            results(__nv_cvt_float_to_fp8(f, saturation, KIND));
            results(__nv_cvt_float2_to_fp8x2(make_float2(f, -f * 0.4f), saturation, KIND));
            results(__nv_cvt_double_to_fp8(f * 1.0000001, saturation, KIND));
            results(__nv_cvt_halfraw_to_fp8(h, saturation, KIND));
            results(__nv_cvt_halfraw2_to_fp8x2(__halves2half2(h, g), saturation, KIND));
            results(__nv_cvt_bfloat16raw_to_fp8(b, saturation, KIND));
        }
        outcome<__half> out{results};
        out(__half(__nv_cvt_fp8_to_halfraw(item & 0xff, KIND)));
        out(__half2(__nv_cvt_fp8x2_to_halfraw2(scrambled(item) & 0xffff, KIND)));
    }
};

// The device alone has these; the host's double is rounded once to the format.
template <class H> double rounded(double x) {
    if (x == 0 || std::isnan(x) || std::isinf(x))
        return x;
    int exponent = std::max(std::ilogb(x) - format<H>::digits + 1, format<H>::least);
    double y = std::ldexp(std::rint(std::ldexp(x, -exponent)), exponent);
    return std::fabs(y) > format<H>::most ? std::copysign(INFINITY, x) : y;
}

template <class H> __global__ void fused(int items, float *out) {
    int item = blockIdx.x * blockDim.x + threadIdx.x;
    if (item >= items)
        return;
    H a = operand<H>(item, 0), b = operand<H>(item, 1), c = operand<H>(item, 2);
    float *to = out + item * 8;
    to[0] = (float)__hfma(a, b, c);
    to[1] = (float)__hfma_sat(a, b, c);
    to[2] = (float)__hfma_relu(a, b, c);
    auto pair = __hfma2(format<H>::pair_of(a, b), format<H>::pair_of(b, a), format<H>::pair_of(c, c));
    to[3] = (float)pair.x, to[4] = (float)pair.y;
    pair = __hfma2_relu(format<H>::pair_of(a, c), format<H>::pair_of(b, b), format<H>::pair_of(c, a));
    to[5] = (float)pair.x, to[6] = (float)pair.y;
    to[7] =
        (float)__hfma2_sat(format<H>::pair_of(a, c), format<H>::pair_of(b, b), format<H>::pair_of(c, a)).x;
}

static bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }
static double clamped(double x) { return std::isnan(x) || x < 0 ? 0 : x > 1 ? 1 : x; }
static double positive(double x) { return x < 0 ? 0 : x; }

template <class H> static size_t check_fused(int items) {
    device_vector<float> device(items * 8);
    fused<H><<<(items + 127) / 128, 128>>>(items, device.items);
    must(cudaDeviceSynchronize());
    auto got = device.host();
    for (int item = 0; item < items; item++) {
        double a = (float)operand<H>(item, 0), b = (float)operand<H>(item, 1), c = (float)operand<H>(item, 2);
        // The product is exact; the sum is made odd when it is not, so that rounding it again to the format is right.
        auto once = [](double product, double c) {
            double sum = product + c, kept = sum - product, lost = (product - (sum - kept)) + (c - kept);
            if (lost != 0 && std::isfinite(sum)) {
                if ((lost < 0) != (sum < 0))
                    sum = std::nextafter(sum, 0.0);
                uint64_t bits;
                memcpy(&bits, &sum, 8);
                bits |= 1;
                memcpy(&sum, &bits, 8);
            }
            return rounded<H>(sum);
        };
        double ab = once(a * b, c), cb = once(c * b, a);
        const float *to = &got[item * 8];
        expect(same(to[0], ab) && same(to[3], ab) && same(to[4], ab), "fma of 16-bit floats");
        expect(to[1] == (float)rounded<H>(clamped(ab)) && to[7] == (float)rounded<H>(clamped(ab)),
               "saturated fma of 16-bit floats");
        expect(same(to[2], positive(ab)) && same(to[5], positive(ab)) && same(to[6], positive(cb)),
               "rectified fma of 16-bit floats");
    }
    return items * 8;
}

// The device's functions, in the order of `functions` below.
template <class H> __global__ void functions_of(int first, float *out) {
    H x = format<H>::of(first + blockIdx.x * blockDim.x + threadIdx.x);
    float *to = out + (blockIdx.x * blockDim.x + threadIdx.x) * 32;
    auto two = format<H>::pair_of(x, x);
    const float all[] = {
        (float)hsqrt(x),       (float)hrsqrt(x),      (float)hrcp(x),        (float)hexp(x),
        (float)hexp2(x),       (float)hexp10(x),      (float)hlog(x),        (float)hlog2(x),
        (float)hlog10(x),      (float)hsin(x),        (float)hcos(x),        (float)htanh(x),
        (float)hfloor(x),      (float)hceil(x),       (float)htrunc(x),      (float)hrint(x),
        (float)h2sqrt(two).y,  (float)h2rsqrt(two).y, (float)h2rcp(two).y,   (float)h2exp(two).y,
        (float)h2exp2(two).y,  (float)h2exp10(two).y, (float)h2log(two).y,   (float)h2log2(two).y,
        (float)h2log10(two).y, (float)h2sin(two).y,   (float)h2cos(two).y,   (float)h2tanh(two).y,
        (float)h2floor(two).y, (float)h2ceil(two).y,  (float)h2trunc(two).y, (float)h2rint(two).y};
    for (int k = 0; k < 32; k++)
        to[k] = all[k];
}

// The documentation gives 2 ulp for all but rounding, which is exact.
template <class H> static size_t check_functions() {
    static const struct {
        const char *name;
        double (*function)(double);
        double ulps;
    } functions[] = {{"sqrt", std::sqrt, 1},
                     {"rsqrt", [](double x) { return 1 / std::sqrt(x); }, 1},
                     {"rcp", [](double x) { return 1 / x; }, 1},
                     {"exp", std::exp, 2},
                     {"exp2", std::exp2, 2},
                     {"exp10", [](double x) { return std::pow(10, x); }, 2},
                     {"log", std::log, 1},
                     {"log2", std::log2, 1},
                     {"log10", std::log10, 1},
                     {"sin", std::sin, 2},
                     {"cos", std::cos, 2},
                     {"tanh", std::tanh, 2},
                     {"floor", std::floor, 0},
                     {"ceil", std::ceil, 0},
                     {"trunc", std::trunc, 0},
                     {"rint", std::rint, 0}};
    device_vector<float> device(65536 * 32);
    functions_of<H><<<512, 128>>>(0, device.items);
    must(cudaDeviceSynchronize());
    auto got = device.host();
    for (int bits = 0; bits < 65536; bits++) {
        double x = (float)format<H>::of(bits);
        for (int k = 0; k < 32; k++) {
            double wanted = rounded<H>(functions[k % 16].function(x)), is = got[bits * 32 + k];
            double ulp =
                wanted == 0 || !std::isfinite(wanted)
                    ? std::ldexp(1.0, format<H>::least)
                    : std::ldexp(1.0, std::max(std::ilogb(wanted) - format<H>::digits + 1, format<H>::least));
            bool overflows =
                std::isinf(wanted) && std::fabs(is) >= format<H>::most && functions[k % 16].ulps > 0;
            if (same(is, wanted) || std::fabs(is - wanted) <= functions[k % 16].ulps * ulp || overflows)
                continue;
            printf("failed: %s(%a) is %a on the device, %a on the host\n", functions[k % 16].name, x, is,
                   wanted);
            exit(1);
        }
    }
    return 65536 * 32;
}

int main() {
    const int items = 4096;
    size_t compared = compare_sides<arithmetic<__half>>("half arithmetic", items) +
                      compare_sides<arithmetic<__nv_bfloat16>>("bfloat16 arithmetic", items) +
                      compare_sides<fp16_conversions>("half conversions", items) +
                      compare_sides<bf16_conversions>("bfloat16 conversions", items) +
                      compare_sides<fp8_conversions<__NV_E4M3>>("e4m3 conversions", items) +
                      compare_sides<fp8_conversions<__NV_E5M2>>("e5m2 conversions", items) +
                      check_fused<__half>(items) + check_fused<__nv_bfloat16>(items) +
                      check_functions<__half>() + check_functions<__nv_bfloat16>();
    printf("compared %zu results\n", compared);
}
