// The integer, floating-point and SIMD-in-a-word intrinsics of the CUDA Math API against what its documentation says of each,
// written here for the host.
#include "both_sides.cuh"

#include <algorithm>
#include <cfenv>
#include <cmath>

// Operands whose ends and small values come often.
__host__ __device__ inline uint64_t word(int item, int k) {
    uint64_t random = scrambled((uint64_t)item * 5 + k + 1);
    switch (item / (k + 1) % 6) {
    case 0:
        return random & 0x80ff7f01807f00ffu;
    case 1:
        return random % 70;
    case 2:
        return 0 - random % 5;
    case 3:
        return random >> random % 64;
    default:
        return random;
    }
}

#ifdef __CUDA_ARCH__
#define SIDES(device, host) (device)
#else
#define SIDES(device, host) (host)
#endif

// SIMD in a word: each lane by itself. F takes and gives 64-bit integers.
template <int LANES, bool SIGNED, class F> __host__ __device__ uint32_t by_lane(uint32_t a, uint32_t b, F f) {
    constexpr int bits = 32 / LANES;
    constexpr uint32_t mask = (uint32_t)((1ull << bits) - 1);
    uint32_t result = 0;
    for (int lane = 0; lane < LANES; lane++) {
        int64_t x = a >> lane * bits & mask, y = b >> lane * bits & mask;
        if (SIGNED) {
            x = (int64_t)((uint64_t)x << (64 - bits)) >> (64 - bits);
            y = (int64_t)((uint64_t)y << (64 - bits)) >> (64 - bits);
        }
        result |= ((uint32_t)f(x, y) & mask) << lane * bits;
    }
    return result;
}
template <int LANES, bool SIGNED> __host__ __device__ uint32_t sum_of_distances(uint32_t a, uint32_t b) {
    uint32_t sum = 0;
    by_lane<LANES, SIGNED>(a, b,
                           [&](int64_t x, int64_t y) { return sum += (uint32_t)(x > y ? x - y : y - x), 0; });
    return sum;
}
__host__ __device__ inline int64_t limited(int64_t x, int64_t least, int64_t most) {
    return x < least ? least : x > most ? most : x;
}
__host__ __device__ inline int64_t distance(int64_t x, int64_t y) { return x > y ? x - y : y - x; }

#define EACH(LANES, SIGNED, result)                                                                          \
    by_lane<LANES, SIGNED>(a, b, [](int64_t x, int64_t y) -> int64_t { return (void)x, (void)y, (result); })
#define COMPARISON(N, name, SIGNED, condition)                                                               \
    out(SIDES(__vcmp##name##N(a, b), EACH(N, SIGNED, (condition) ? -1 : 0)));                                \
    out(SIDES(__vset##name##N(a, b), EACH(N, SIGNED, (condition) ? 1 : 0)));
#define SIMD(N, most_signed, most_unsigned)                                                                  \
    out(SIDES(__vadd##N(a, b), EACH(N, true, x + y)));                                                       \
    out(SIDES(__vsub##N(a, b), EACH(N, true, x - y)));                                                       \
    out(SIDES(__vneg##N(a), EACH(N, true, -x)));                                                             \
    out(SIDES(__vabs##N(a), EACH(N, true, distance(x, 0))));                                                 \
    out(SIDES(__vaddss##N(a, b), EACH(N, true, limited(x + y, -most_signed - 1, most_signed))));             \
    out(SIDES(__vsubss##N(a, b), EACH(N, true, limited(x - y, -most_signed - 1, most_signed))));             \
    out(SIDES(__vnegss##N(a), EACH(N, true, limited(-x, -most_signed - 1, most_signed))));                   \
    out(SIDES(__vabsss##N(a), EACH(N, true, limited(distance(x, 0), 0, most_signed))));                      \
    out(SIDES(__vaddus##N(a, b), EACH(N, false, limited(x + y, 0, most_unsigned))));                         \
    out(SIDES(__vsubus##N(a, b), EACH(N, false, limited(x - y, 0, most_unsigned))));                         \
    out(SIDES(__vabsdiffs##N(a, b), EACH(N, true, distance(x, y))));                                         \
    out(SIDES(__vabsdiffu##N(a, b), EACH(N, false, distance(x, y))));                                        \
    out(SIDES(__vavgs##N(a, b), EACH(N, true, (x + y + (x + y >= 0)) >> 1)));                                \
    out(SIDES(__vavgu##N(a, b), EACH(N, false, (x + y + 1) / 2)));                                           \
    out(SIDES(__vhaddu##N(a, b), EACH(N, false, (x + y) / 2)));                                              \
    out(SIDES(__vmaxs##N(a, b), EACH(N, true, x > y ? x : y)));                                              \
    out(SIDES(__vmins##N(a, b), EACH(N, true, x < y ? x : y)));                                              \
    out(SIDES(__vmaxu##N(a, b), EACH(N, false, x > y ? x : y)));                                             \
    out(SIDES(__vminu##N(a, b), EACH(N, false, x < y ? x : y)));                                             \
    COMPARISON(N, eq, true, x == y)                                                                          \
    COMPARISON(N, ne, true, x != y)                                                                          \
    COMPARISON(N, lts, true, x < y)                                                                          \
    COMPARISON(N, les, true, x <= y)                                                                         \
    COMPARISON(N, gts, true, x > y)                                                                          \
    COMPARISON(N, ges, true, x >= y)                                                                         \
    COMPARISON(N, ltu, false, x < y)                                                                         \
    COMPARISON(N, leu, false, x <= y)                                                                        \
    COMPARISON(N, gtu, false, x > y)                                                                         \
    COMPARISON(N, geu, false, x >= y)                                                                        \
    out(SIDES(__vsads##N(a, b), (sum_of_distances<N, true>(a, b))));                                         \
    out(SIDES(__vsadu##N(a, b), (sum_of_distances<N, false>(a, b))));

struct simd {
    __host__ __device__ static void run(int item, results &out) {
        uint32_t a = (uint32_t)word(item, 0), b = item % 7 ? (uint32_t)word(item, 1) : a ^ (a & 0x01000100);
        SIMD(2, 32767, 65535)
        SIMD(4, 127, 255)
        out(SIDES(__viaddmax_s32(a, b, 5), std::max((int)(a + b), 5)));
        out(SIDES(__vimax3_u32(a, b, 100), std::max({a, b, 100u})));
        out(SIDES(__vimin_s32_relu(a, b), std::max(std::min((int)a, (int)b), 0)));
        out(SIDES(__vimax_s16x2_relu(a, b), EACH(2, true, x > y ? (x < 0 ? 0 : x) : (y < 0 ? 0 : y))));
        out(SIDES(__viaddmin_u16x2(a, b, 0x00400040), EACH(2, false, limited((x + y) & 0xffff, 0, 0x40))));
    }
};

inline uint32_t bytes_picked(uint32_t a, uint32_t b, uint32_t s) {
    uint64_t both = (uint64_t)b << 32 | a;
    uint32_t result = 0;
    for (int k = 0; k < 4; k++)
        result |= (uint32_t)(both >> 8 * (s >> 4 * k & 7) & 0xff) << 8 * k;
    return result;
}
template <class A, class B> __host__ __device__ int64_t dot4(uint32_t a, uint32_t b) {
    int64_t sum = 0;
    for (int k = 0; k < 4; k++)
        sum += (int64_t)(A)(a >> 8 * k) * (B)(b >> 8 * k);
    return sum;
}
template <class A, class B> __host__ __device__ int64_t dot2(uint32_t a, uint32_t b, int half) {
    return (int64_t)(A)a * (B)(b >> 16 * half) + (int64_t)(A)(a >> 16) * (B)(b >> (16 * half + 8));
}
template <class T> int leading_zeros(T x) {
    int count = 0;
    for (int bit = 8 * sizeof(T) - 1; bit >= 0 && !(x >> bit & 1); bit--)
        count++;
    return count;
}
template <class T> T reversed(T x) {
    T result = 0;
    for (unsigned bit = 0; bit < 8 * sizeof(T); bit++)
        result |= (x >> bit & 1) << (8 * sizeof(T) - 1 - bit);
    return result;
}
template <class T> int first_one(T x) {
    for (unsigned bit = 0; bit < 8 * sizeof(T); bit++)
        if (x >> bit & 1)
            return bit + 1;
    return 0;
}
// The offset-th set bit at or above base, below it when the offset is negative; all ones when there is none.
inline uint32_t nth_one(uint32_t x, uint32_t base, int offset) {
    int step = offset < 0 ? -1 : 1, left = offset == 0 ? 1 : std::abs(offset);
    for (int bit = (int)base; bit >= 0 && bit < 32; bit += step) {
        if (x >> bit & 1 && --left == 0)
            return bit;
        if (offset == 0)
            break;
    }
    return ~0u;
}

struct integers {
    __host__ __device__ static void run(int item, results &out) {
        uint32_t a = (uint32_t)word(item, 0), b = (uint32_t)word(item, 1), c = (uint32_t)word(item, 2);
        uint64_t l = word(item, 3), m = word(item, 4);
        out(SIDES(__brev(a), reversed(a))), out(SIDES(__brevll(l), reversed(l)));
        out(SIDES(__clz(a), leading_zeros(a))), out(SIDES(__clzll(l), leading_zeros(l)));
        out(SIDES(__ffs(a), first_one(a))), out(SIDES(__ffsll(l), first_one(l)));
        out(SIDES(__popc(a), __builtin_popcount(a))), out(SIDES(__popcll(l), __builtin_popcountll(l)));
        out(SIDES(__fns(a, b & 31, (int)(c % 9) - 4), nth_one(a, b & 31, (int)(c % 9) - 4)));
        out(SIDES(__byte_perm(a, b, c), bytes_picked(a, b, c)));
        out(SIDES(__funnelshift_l(a, b, c), (uint32_t)(((uint64_t)b << 32 | a) << (c & 31) >> 32)));
        out(SIDES(__funnelshift_lc(a, b, c), (uint32_t)(c < 32 ? ((uint64_t)b << 32 | a) << c >> 32 : a)));
        out(SIDES(__funnelshift_r(a, b, c), (uint32_t)(((uint64_t)b << 32 | a) >> (c & 31))));
        out(SIDES(__funnelshift_rc(a, b, c), (uint32_t)(c < 32 ? ((uint64_t)b << 32 | a) >> c : b)));
        out(SIDES(__mulhi(a, b), (int)((int64_t)(int)a * (int)b >> 32)));
        out(SIDES(__umulhi(a, b), (uint32_t)((uint64_t)a * b >> 32)));
        out(SIDES(__mul64hi(l, m), (int64_t)((__int128)(int64_t)l * (int64_t)m >> 64)));
        out(SIDES(__umul64hi(l, m), (uint64_t)((unsigned __int128)l * m >> 64)));
        out(SIDES(__mul24(a, b), (int)((int64_t)((int)(a << 8) >> 8) * ((int)(b << 8) >> 8))));
        out(SIDES(__umul24(a, b), (uint32_t)((uint64_t)(a & 0xffffff) * (b & 0xffffff))));
        out(SIDES(__sad(a, b, c), (uint32_t)std::llabs((int64_t)(int)a - (int)b) + c));
        out(SIDES(__usad(a, b, c), (uint32_t)std::llabs((int64_t)a - b) + c));
        out(SIDES(__hadd((int)a, (int)b), (int)(((int64_t)(int)a + (int)b) >> 1)));
        out(SIDES(__rhadd((int)a, (int)b), (int)(((int64_t)(int)a + (int)b + 1) >> 1)));
        out(SIDES(__uhadd(a, b), (uint32_t)(((uint64_t)a + b) >> 1)));
        out(SIDES(__urhadd(a, b), (uint32_t)(((uint64_t)a + b + 1) >> 1)));
        out(SIDES(__dp4a((int)a, (int)b, (int)c), (int)(dot4<int8_t, int8_t>(a, b) + c)));
        out(SIDES(__dp4a(a, b, c), (uint32_t)(dot4<uint8_t, uint8_t>(a, b) + c)));
        out(SIDES(__dp2a_lo((int)a, (int)b, (int)c), (int)(dot2<int16_t, int8_t>(a, b, 0) + c)));
        out(SIDES(__dp2a_hi((int)a, (int)b, (int)c), (int)(dot2<int16_t, int8_t>(a, b, 1) + c)));
        out(SIDES(__dp2a_lo(a, b, c), (uint32_t)(dot2<uint16_t, uint8_t>(a, b, 0) + c)));
        out(SIDES(__dp2a_hi(a, b, c), (uint32_t)(dot2<uint16_t, uint8_t>(a, b, 1) + c)));
        // What the compiler makes of plain operators.
        out(a / (b | 1)), out((int)(a >> 1) / (int)(c | 1)), out(l / (m | 1)),
            out((int64_t)(l >> 1) / (int64_t)(m | 1));
        out(a % (b | 1)), out((int)(a >> 1) % (int)(c | 1)), out(l % (m | 1)),
            out((int64_t)(l >> 1) % (int64_t)(m | 1));
        out(a << (b & 31)), out((int)a >> (b & 31)), out(l << (m & 63)), out((int64_t)l >> (m & 63));
        unsigned __int128 wide = (unsigned __int128)l * m + a, shifted = wide >> (b & 127);
        out((uint64_t)(wide >> 64)), out((uint64_t)shifted), out((uint64_t)(wide / (c | 1)));
        out((int)(int8_t)a * (int8_t)b), out((int)(int16_t)((int16_t)a / (int16_t)(b | 1))),
            out((unsigned)(uint8_t)(a >> 3));
    }
};

#ifndef __CUDA_ARCH__
// On the host: f under a rounding mode of the processor.
template <class F> auto under(int mode, F f) {
    std::fesetround(mode);
    volatile auto result = f(); // made before the mode changes back
    std::fesetround(FE_TONEAREST);
    return result;
}
#endif

// Rows of the four modes of one operation; x, y, z are volatile on the host so that nothing is folded.
#define MODES(name, operands, T, host)                                                                       \
    out(SIDES(name##_rn operands, (T)under(FE_TONEAREST, [&]() -> T { return host; })));                     \
    out(SIDES(name##_rz operands, (T)under(FE_TOWARDZERO, [&]() -> T { return host; })));                    \
    out(SIDES(name##_rd operands, (T)under(FE_DOWNWARD, [&]() -> T { return host; })));                      \
    out(SIDES(name##_ru operands, (T)under(FE_UPWARD, [&]() -> T { return host; })));

__host__ __device__ inline float float_of(int item, int k) {
    uint32_t bits = (uint32_t)word(item, k);
    if (item % 4 == 1)
        bits = (bits & 0x807fffff) | (112 + scrambled(item) % 32) << 23;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}
__host__ __device__ inline double double_of(int item, int k) {
    uint64_t bits = word(item, k);
    if (item % 4 == 1)
        bits = (bits & 0x800fffffffffffff) | (uint64_t)(1023 - 35 + scrambled(item) % 70) << 52;
    double value;
    memcpy(&value, &bits, 8);
    return value;
}

// A float as an integer: rounded, NaN 0 (or the lowest of 64 bits), the ends beyond the range.
template <class I> I as_integer(double rounded, bool nan_is_lowest) {
    if (rounded != rounded)
        return nan_is_lowest ? (I)1 << (8 * sizeof(I) - 1) : 0;
    double least = std::is_signed_v<I> ? -std::ldexp(1.0, 8 * sizeof(I) - 1) : 0;
    double beyond = std::ldexp(1.0, 8 * sizeof(I) - (std::is_signed_v<I> ? 1 : 0));
    return rounded <= least    ? std::numeric_limits<I>::min()
           : rounded >= beyond ? std::numeric_limits<I>::max()
                               : (I)rounded;
}
#define TO_INTEGER(from, to, I, x, lowest)                                                                   \
    out(SIDES(__##from##2##to##_rn(x), as_integer<I>(std::nearbyint((double)x), lowest)));                   \
    out(SIDES(__##from##2##to##_rz(x), as_integer<I>(std::trunc((double)x), lowest)));                       \
    out(SIDES(__##from##2##to##_rd(x), as_integer<I>(std::floor((double)x), lowest)));                       \
    out(SIDES(__##from##2##to##_ru(x), as_integer<I>(std::ceil((double)x), lowest)));

// The one that `first` prefers; a number rather than a NaN.
template <class T, class F> T number_of(T x, T y, F first) {
    return x != x ? y : y != y || first(x, y) ? x : y;
}

struct floats {
    __host__ __device__ static void run(int item, results &out) {
        volatile float x = float_of(item, 0), y = float_of(item, 1), z = float_of(item, 2);
        volatile double a = double_of(item, 0), b = double_of(item, 1), c = double_of(item, 3);
        volatile int i = (int)word(item, 0);
        volatile unsigned u = (unsigned)word(item, 1);
        volatile long long l = (long long)word(item, 2);
        volatile unsigned long long m = word(item, 3);
        MODES(__fadd, (x, y), float, x + y)
        MODES(__fsub, (x, y), float, x - y)
        MODES(__fmul, (x, y), float, x *y)
        MODES(__fmaf, (x, y, z), float, std::fma(x, y, z))
        MODES(__fdiv, (x, y), float, x / y)
        MODES(__frcp, (x), float, 1 / x)
        MODES(__fsqrt, (x), float, std::sqrt(x))
        MODES(__dadd, (a, b), double, a + b)
        MODES(__dsub, (a, b), double, a - b)
        MODES(__dmul, (a, b), double, a *b)
        MODES(__fma, (a, b, c), double, std::fma(a, b, c))
        MODES(__ddiv, (a, b), double, a / b)
        MODES(__drcp, (a), double, 1 / a)
        MODES(__dsqrt, (a), double, std::sqrt(a))
        MODES(__double2float, (a), float, (float)a)
        MODES(__int2float, (i), float, (float)i)
        MODES(__uint2float, (u), float, (float)u)
        MODES(__ll2float, (l), float, (float)l)
        MODES(__ull2float, (m), float, (float)m)
        MODES(__ll2double, (l), double, (double)l)
        MODES(__ull2double, (m), double, (double)m)
        TO_INTEGER(float, int, int, x, false)
        TO_INTEGER(float, uint, unsigned, x, false)
        TO_INTEGER(float, ll, long long, x, true)
        TO_INTEGER(float, ull, unsigned long long, x, true)
        TO_INTEGER(double, int, int, a, true)
        TO_INTEGER(double, uint, unsigned, a, true)
        TO_INTEGER(double, ll, long long, a, true)
        TO_INTEGER(double, ull, unsigned long long, a, true)
        out(SIDES(__saturatef(x), x > 0 ? (x < 1 ? x : 1.0f) : 0.0f));
        out(SIDES(__hiloint2double(i, (int)u), ({
                      uint64_t bits = (uint64_t)(unsigned)i << 32 | u;
                      double made;
                      memcpy(&made, &bits, 8);
                      made;
                  })));
        out(SIDES(__double2hiint(a), ({
                      double copy = a;
                      uint64_t bits;
                      memcpy(&bits, &copy, 8);
                      (int)(bits >> 32);
                  })));
        out(SIDES(fminf(x, y), number_of<float>(x, y, [](float p, float q) {
                      return p < q || (p == q && std::signbit(p));
                  })));
        out(SIDES(fmaxf(x, y), number_of<float>(x, y, [](float p, float q) {
                      return p > q || (p == q && std::signbit(q));
                  })));
        out(SIDES(fmin(a, b), number_of<double>(a, b, [](double p, double q) {
                      return p < q || (p == q && std::signbit(p));
                  })));
        out(SIDES(fmax(a, b), number_of<double>(a, b, [](double p, double q) {
                      return p > q || (p == q && std::signbit(q));
                  })));
        out(truncf(x)), out(floorf(x)), out(ceilf(x)), out(rintf(x)), out(roundf(x)), out(fabsf(x)),
            out(copysignf(x, y));
        out(trunc(a)), out(floor(a)), out(ceil(a)), out(rint(a)), out(round(a)), out(fabs(a)),
            out(copysign(a, b));
        out((unsigned)(std::isnan((float)x) + 2 * std::isinf((float)x) + 4 * !!std::signbit((float)x)));
        out((unsigned)(std::isnan((double)a) + 2 * std::isinf((double)a) + 4 * !!std::signbit((double)a)));
    }
};

int main() {
    size_t compared = compare_sides<simd>("SIMD in a word", 3000) +
                      compare_sides<integers>("integer intrinsics", 6000) +
                      compare_sides<floats>("rounded arithmetic", 6000);
    printf("compared %zu results\n", compared);
}
