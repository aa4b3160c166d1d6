/* cvt from and to f16 and bf16. */
#include "half_format.h"

#define LETTER_f16 "h"
#define LETTER_bf16 "h"
#define DEST_f16 "H"
#define DEST_bf16 "H"
typedef u16 f16;
typedef u16 bf16;
#define WIDE_f16(a) wide_f16(a)
#define WIDE_bf16(a) wide_bf16(a)
#define WIDE_f32(a) (a)
#define WIDE_f64(a) (a)
#define NARROW_f16(x, mode) narrowed(x, 10, -14, 0x7c00, mode)
#define NARROW_bf16(x, mode) narrowed(x, 7, -126, 0x7f80, mode)
#define TOP_f16 0x7c00
#define TOP_bf16 0x7f80

/* satfinite: infinities and overflow give the largest number. */
static inline u16 finite_h(u16 h, u16 top) { return (h & 0x7fff) == top ? h - 1 : h; }

/* Rows: name, types, the result in terms of a. */
#define DEFINE_CVT(name, D, A, result)                                                                       \
    HANDLER(cvt_##name) {                                                                                    \
        D *d = lanes(w, i->o[0]);                                                                            \
        const A *pa = lanes(w, i->o[1]);                                                                     \
        SET_LANES(D, d, ({                                                                                   \
                      A a = pa[l];                                                                           \
                      result;                                                                                \
                  }))                                                                                        \
        return i + 1;                                                                                        \
    }
#define ROW_CVT(name, D, A, result) {"cvt_" #name, DEST_##D LETTER_##A, cvt_##name},

#define WIDENING(ROW, A)                                                                                     \
    ROW(f32_##A, f32, A, wide_##A(a))                                                                        \
    ROW(ftz_f32_##A, f32, A, flushed(wide_##A(a)))                                                           \
    ROW(sat_f32_##A, f32, A, saturated(wide_##A(a)))                                                         \
    ROW(ftz_sat_f32_##A, f32, A, saturated(flushed(wide_##A(a))))                                            \
    ROW(f64_##A, f64, A, wide_##A(a))                                                                        \
    ROW(sat_f64_##A, f64, A, saturated_f64(wide_##A(a)))
#define NARROWING_IN(ROW, D, A, mode, rounding)                                                              \
    ROW(mode##_##D##_##A, D, A, NARROW_##D(WIDE_##A(a), rounding))                                           \
    ROW(mode##_sat_##D##_##A, D, A, saturated_##D(NARROW_##D(WIDE_##A(a), rounding)))                        \
    ROW(mode##_relu_##D##_##A, D, A, relu_h(NARROW_##D(WIDE_##A(a), rounding), TOP_##D))                     \
    ROW(mode##_satfinite_##D##_##A, D, A, finite_h(NARROW_##D(WIDE_##A(a), rounding), TOP_##D))              \
    ROW(mode##_relu_satfinite_##D##_##A, D, A,                                                               \
        finite_h(relu_h(NARROW_##D(WIDE_##A(a), rounding), TOP_##D), TOP_##D))
#define NARROWING(ROW, D, A)                                                                                 \
    NARROWING_IN(ROW, D, A, rn, ROUND_NEAREST)                                                               \
    NARROWING_IN(ROW, D, A, rz, ROUND_ZERO)                                                                  \
    NARROWING_IN(ROW, D, A, rm, ROUND_DOWN)                                                                  \
    NARROWING_IN(ROW, D, A, rp, ROUND_UP)
/* The float rounded to a whole one, in its own format. */
#define WHOLE(ROW, D)                                                                                        \
    ROW(rni_##D##_##D, D, D, narrow_##D(rintf(wide_##D(a))))                                                 \
    ROW(rzi_##D##_##D, D, D, narrow_##D(truncf(wide_##D(a))))                                                \
    ROW(rmi_##D##_##D, D, D, narrow_##D(floorf(wide_##D(a))))                                                \
    ROW(rpi_##D##_##D, D, D, narrow_##D(ceilf(wide_##D(a))))
#define FLOAT_ROWS(ROW)                                                                                      \
    WIDENING(ROW, f16)                                                                                       \
    WIDENING(ROW, bf16)                                                                                      \
    NARROWING(ROW, f16, f32)                                                                                 \
    NARROWING(ROW, f16, f64)                                                                                 \
    NARROWING(ROW, bf16, f32)                                                                                \
    NARROWING(ROW, bf16, f64)                                                                                \
    NARROWING(ROW, f16, bf16)                                                                                \
    NARROWING(ROW, bf16, f16)                                                                                \
    ROW(rn_ftz_f16_f32, f16, f32, NARROW_f16(flushed(a), ROUND_NEAREST))                                     \
    ROW(rz_ftz_f16_f32, f16, f32, NARROW_f16(flushed(a), ROUND_ZERO))                                        \
    ROW(sat_f16_f16, f16, f16, saturated_f16(a))                                                             \
    ROW(sat_bf16_bf16, bf16, bf16, saturated_bf16(a))                                                        \
    WHOLE(ROW, f16)                                                                                          \
    WHOLE(ROW, bf16)

FLOAT_ROWS(DEFINE_CVT)

/* Two binary32 values into one register, the first into its upper half. */
#define DEFINE_PAIR(name, D, result)                                                                         \
    static inline u16 pair_##name(f32 a) { return (result); }                                                \
    HANDLER(cvt_##name) {                                                                                    \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const f32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                          \
        SET_LANES(u32, d, (u32)pair_##name(pa[l]) << 16 | pair_##name(pb[l]))                                \
        return i + 1;                                                                                        \
    }
#define ROW_PAIR(name, D, result) {"cvt_" #name, "Www", cvt_##name},
#define PAIRS_IN(ROW, D, mode, rounding)                                                                     \
    ROW(mode##_##D##x2_f32, D, NARROW_##D(a, rounding))                                                      \
    ROW(mode##_relu_##D##x2_f32, D, relu_h(NARROW_##D(a, rounding), TOP_##D))                                \
    ROW(mode##_satfinite_##D##x2_f32, D, finite_h(NARROW_##D(a, rounding), TOP_##D))
#define PAIRS(ROW)                                                                                           \
    PAIRS_IN(ROW, f16, rn, ROUND_NEAREST)                                                                    \
    PAIRS_IN(ROW, f16, rz, ROUND_ZERO)                                                                       \
    PAIRS_IN(ROW, bf16, rn, ROUND_NEAREST)                                                                   \
    PAIRS_IN(ROW, bf16, rz, ROUND_ZERO)

PAIRS(DEFINE_PAIR)

/* An integer as binary64, rounded to odd where it has more digits. */
static inline f64 odd_u64(u64 x) {
    if (x >> 53 == 0)
        return (f64)x;
    unsigned drop = 11 - (unsigned)__builtin_clzll(x);
    u64 kept = x >> drop | ((x & ((1ull << drop) - 1)) != 0);
    return (f64)kept * (f64)(1ull << drop);
}
static inline f64 odd_s64(s64 x) { return x < 0 ? -odd_u64(0 - (u64)x) : odd_u64((u64)x); }

/* Rows: the integer type, the type of its lanes, its bounds. */
#define DEFINE_FROM_INTEGER(A, L, H, mode, rounding)                                                         \
    HANDLER(cvt_##mode##_##H##_##A) {                                                                        \
        u16 *d = lanes(w, i->o[0]);                                                                          \
        const L *pa = lanes(w, i->o[1]);                                                                     \
        SET_LANES(u16, d, NARROW_##H(ODD_##A((A)pa[l]), rounding))                                           \
        return i + 1;                                                                                        \
    }
#define ROW_FROM_INTEGER(A, L, H, mode, rounding)                                                            \
    {"cvt_" #mode "_" #H "_" #A, "H" LETTER_##L, cvt_##mode##_##H##_##A},
#define ODD_u8(x) odd_u64(x)
#define ODD_u16(x) odd_u64(x)
#define ODD_u32(x) odd_u64(x)
#define ODD_u64(x) odd_u64(x)
#define ODD_s8(x) odd_s64(x)
#define ODD_s16(x) odd_s64(x)
#define ODD_s32(x) odd_s64(x)
#define ODD_s64(x) odd_s64(x)

/* Rounded, then clamped. A NaN gives 0, or in 64 bits the top bit alone. The largest f16 is 65504, the largest bf16 above 2^127. */
#define DEFINE_TO_INTEGER(D, L, H, mode, round, least, most)                                                 \
    static inline D mode##_##D##_##H##_of(u16 a) {                                                           \
        f64 x = round((f64)wide_##H(a));                                                                     \
        if (x != x)                                                                                          \
            return sizeof(D) == 8 ? (D)(1ull << 63) : 0;                                                     \
        return x <= (f64)(least) ? (least) : x >= (f64)(most) ? (most) : (D)x;                               \
    }                                                                                                        \
    HANDLER(cvt_##mode##_##D##_##H) {                                                                        \
        L *d = lanes(w, i->o[0]);                                                                            \
        const u16 *pa = lanes(w, i->o[1]);                                                                   \
        SET_LANES(L, d, mode##_##D##_##H##_of(pa[l]))                                                        \
        return i + 1;                                                                                        \
    }
#define ROW_TO_INTEGER(D, L, H, mode, round, least, most)                                                    \
    {"cvt_" #mode "_" #D "_" #H, DEST_##L "h", cvt_##mode##_##D##_##H},

#define FROM_INTEGERS_IN(ROW, H, mode, rounding)                                                             \
    ROW(u8, u16, H, mode, rounding)                                                                          \
    ROW(s8, s16, H, mode, rounding)                                                                          \
    ROW(u16, u16, H, mode, rounding)                                                                         \
    ROW(s16, s16, H, mode, rounding)                                                                         \
    ROW(u32, u32, H, mode, rounding)                                                                         \
    ROW(s32, s32, H, mode, rounding)                                                                         \
    ROW(u64, u64, H, mode, rounding)                                                                         \
    ROW(s64, s64, H, mode, rounding)
#define FROM_INTEGERS(ROW, H)                                                                                \
    FROM_INTEGERS_IN(ROW, H, rn, ROUND_NEAREST)                                                              \
    FROM_INTEGERS_IN(ROW, H, rz, ROUND_ZERO)                                                                 \
    FROM_INTEGERS_IN(ROW, H, rm, ROUND_DOWN)                                                                 \
    FROM_INTEGERS_IN(ROW, H, rp, ROUND_UP)
#define TO_INTEGERS_IN(ROW, H, mode, round)                                                                  \
    ROW(u8, u16, H, mode, round, 0, UINT8_MAX)                                                               \
    ROW(s8, s16, H, mode, round, INT8_MIN, INT8_MAX)                                                         \
    ROW(u16, u16, H, mode, round, 0, UINT16_MAX)                                                             \
    ROW(s16, s16, H, mode, round, INT16_MIN, INT16_MAX)                                                      \
    ROW(u32, u32, H, mode, round, 0, UINT32_MAX)                                                             \
    ROW(s32, s32, H, mode, round, INT32_MIN, INT32_MAX)                                                      \
    ROW(u64, u64, H, mode, round, 0, UINT64_MAX)                                                             \
    ROW(s64, s64, H, mode, round, INT64_MIN, INT64_MAX)
#define TO_INTEGERS(ROW, H)                                                                                  \
    TO_INTEGERS_IN(ROW, H, rni, rint)                                                                        \
    TO_INTEGERS_IN(ROW, H, rzi, trunc)                                                                       \
    TO_INTEGERS_IN(ROW, H, rmi, floor)                                                                       \
    TO_INTEGERS_IN(ROW, H, rpi, ceil)

FROM_INTEGERS(DEFINE_FROM_INTEGER, f16)
FROM_INTEGERS(DEFINE_FROM_INTEGER, bf16)
TO_INTEGERS(DEFINE_TO_INTEGER, f16)
TO_INTEGERS(DEFINE_TO_INTEGER, bf16)

const struct instruction AT_LEVEL(half_convert_instructions)[] = {
    FLOAT_ROWS(ROW_CVT) PAIRS(ROW_PAIR) FROM_INTEGERS(ROW_FROM_INTEGER, f16)
        FROM_INTEGERS(ROW_FROM_INTEGER, bf16) TO_INTEGERS(ROW_TO_INTEGER, f16)
            TO_INTEGERS(ROW_TO_INTEGER, bf16){NULL, NULL, NULL},
};
