/* cvt between integers of all widths, binary32 and binary64; half.c has the 16-bit floats. */
#include "float_lanes.h"
#include "rounding.h"

/* The lanes that hold a type: 8-bit values are kept extended to 16 bits. */
typedef u16 lane_u8;
typedef s16 lane_s8;
typedef u16 lane_u16;
typedef s16 lane_s16;
typedef u32 lane_u32;
typedef s32 lane_s32;
typedef u64 lane_u64;
typedef s64 lane_s64;
#define LETTER_u8 "h"
#define LETTER_s8 "h"
#define DEST_u8 "H"
#define DEST_s8 "H"

#define LEAST_u8 0
#define LEAST_u16 0
#define LEAST_u32 0
#define LEAST_u64 0
#define LEAST_s8 INT8_MIN
#define LEAST_s16 INT16_MIN
#define LEAST_s32 INT32_MIN
#define LEAST_s64 INT64_MIN
#define MOST_u8 UINT8_MAX
#define MOST_u16 UINT16_MAX
#define MOST_u32 UINT32_MAX
#define MOST_u64 UINT64_MAX
#define MOST_s8 INT8_MAX
#define MOST_s16 INT16_MAX
#define MOST_s32 INT32_MAX
#define MOST_s64 INT64_MAX

#define DEFINE_CVT(name, D, A, result)                                                                       \
    HANDLER(cvt_##name) {                                                                                    \
        lane_##D *d = lanes(w, i->o[0]);                                                                     \
        const lane_##A *pa = lanes(w, i->o[1]);                                                              \
        SET_LANES(lane_##D, d, name##_of((A)pa[l]))                                                          \
        return i + 1;                                                                                        \
    }
#define DEFINE_INTEGER(D, A)                                                                                 \
    static inline D D##_##A##_of(A a) { return (D)a; }                                                       \
    static inline D sat_##D##_##A##_of(A a) {                                                                \
        __int128 x = a;                                                                                      \
        return x < LEAST_##D ? LEAST_##D : x > MOST_##D ? MOST_##D : (D)a;                                   \
    }                                                                                                        \
    DEFINE_CVT(D##_##A, D, A, )                                                                              \
    DEFINE_CVT(sat_##D##_##A, D, A, )
#define ROW_INTEGER(D, A)                                                                                    \
    {"cvt_" #D "_" #A, DEST_##D LETTER_##A, cvt_##D##_##A},                                                  \
        {"cvt_sat_" #D "_" #A, DEST_##D LETTER_##A, cvt_sat_##D##_##A},

#define FROM_EVERY(ROW, D)                                                                                   \
    ROW(D, u8)                                                                                               \
    ROW(D, s8)                                                                                               \
    ROW(D, u16)                                                                                              \
    ROW(D, s16)                                                                                              \
    ROW(D, u32)                                                                                              \
    ROW(D, s32)                                                                                              \
    ROW(D, u64)                                                                                              \
    ROW(D, s64)
#define TO_EVERY(ROW, ...)                                                                                   \
    ROW(u8, __VA_ARGS__)                                                                                     \
    ROW(s8, __VA_ARGS__)                                                                                     \
    ROW(u16, __VA_ARGS__)                                                                                    \
    ROW(s16, __VA_ARGS__)                                                                                    \
    ROW(u32, __VA_ARGS__)                                                                                    \
    ROW(s32, __VA_ARGS__)                                                                                    \
    ROW(u64, __VA_ARGS__)                                                                                    \
    ROW(s64, __VA_ARGS__)
#define EVERY_INTEGER(ROW)                                                                                   \
    FROM_EVERY(ROW, u8)                                                                                      \
    FROM_EVERY(ROW, s8)                                                                                      \
    FROM_EVERY(ROW, u16)                                                                                     \
    FROM_EVERY(ROW, s16)                                                                                     \
    FROM_EVERY(ROW, u32)                                                                                     \
    FROM_EVERY(ROW, s32)                                                                                     \
    FROM_EVERY(ROW, u64)                                                                                     \
    FROM_EVERY(ROW, s64)

EVERY_INTEGER(DEFINE_INTEGER)

/*
 * To an integer: rounded, then clamped. A NaN gives 0, or the top bit alone when either side has 64 bits. The bounds are
 * compared as doubles; the upper one is the power of two above the type's largest value.
 */
#define POWER_u8 0x1p8
#define POWER_s8 0x1p7
#define POWER_u16 0x1p16
#define POWER_s16 0x1p15
#define POWER_u32 0x1p32
#define POWER_s32 0x1p31
#define POWER_u64 0x1p64
#define POWER_s64 0x1p63
#define NAN_RESULT(D, wide) ((wide) || sizeof(D) == 8 ? (D)(1ull << (8 * sizeof(D) - 1)) : 0)
#define DEFINE_TO_INTEGER(D, mode, F, T, in, round)                                                          \
    HANDLER(cvt_##mode##F##_##D##_##T) {                                                                     \
        lane_##D *d = lanes(w, i->o[0]);                                                                     \
        const T *pa = lanes(w, i->o[1]);                                                                     \
        SET_LANES(lane_##D, d, ({                                                                            \
                      f64 x = round((f64)in(pa[l]));                                                         \
                      bool low = x <= (f64)LEAST_##D, high = x >= POWER_##D;                                 \
                      D clamped = low ? LEAST_##D : high ? MOST_##D : (D)(low || high || x != x ? 0 : x);    \
                      x != x ? NAN_RESULT(D, sizeof(T) == 8) : clamped;                                      \
                  }))                                                                                        \
        return i + 1;                                                                                        \
    }
/* Saturation is what clamping does anyway. */
#define ROW_TO_INTEGER(D, mode, F, T, in, round)                                                             \
    {"cvt_" #mode #F "_" #D "_" #T, DEST_##D LETTER_##T, cvt_##mode##F##_##D##_##T},                         \
        {"cvt_" #mode #F "_sat_" #D "_" #T, DEST_##D LETTER_##T, cvt_##mode##F##_##D##_##T},
#define EVERY_TO_INTEGER_IN(ROW, mode, round)                                                                \
    TO_EVERY(ROW, mode, , f32, plain, round)                                                                 \
    TO_EVERY(ROW, mode, _ftz, f32, flushed, round)                                                           \
    TO_EVERY(ROW, mode, , f64, plain_f64, round)
#define EVERY_TO_INTEGER(ROW)                                                                                \
    EVERY_TO_INTEGER_IN(ROW, rni, rint)                                                                      \
    EVERY_TO_INTEGER_IN(ROW, rzi, trunc)                                                                     \
    EVERY_TO_INTEGER_IN(ROW, rmi, floor)                                                                     \
    EVERY_TO_INTEGER_IN(ROW, rpi, ceil)

EVERY_TO_INTEGER(DEFINE_TO_INTEGER)

/* From an integer: the conversion is the processor's, in the rounding of the mode. */
#define DEFINE_FROM_INTEGER(A, mode, rounding, T)                                                            \
    HANDLER(cvt_##mode##_##T##_##A) {                                                                        \
        T *d = lanes(w, i->o[0]);                                                                            \
        const lane_##A *pa = lanes(w, i->o[1]);                                                              \
        if (rounding != ROUND_NEAREST)                                                                       \
            rounding_set(rounding);                                                                          \
        SET_LANES(T, d, (T)(A)pa[l])                                                                         \
        if (rounding != ROUND_NEAREST)                                                                       \
            rounding_set(ROUND_NEAREST);                                                                     \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(cvt_##mode##_sat_##T##_##A) {                                                                    \
        T *d = lanes(w, i->o[0]);                                                                            \
        const lane_##A *pa = lanes(w, i->o[1]);                                                              \
        SET_LANES(T, d, (A)pa[l] > 0 ? 1 : 0)                                                                \
        return i + 1;                                                                                        \
    }
#define ROW_FROM_INTEGER(A, mode, rounding, T)                                                               \
    {"cvt_" #mode "_" #T "_" #A, DEST_##T LETTER_##A, cvt_##mode##_##T##_##A},                               \
        {"cvt_" #mode "_sat_" #T "_" #A, DEST_##T LETTER_##A, cvt_##mode##_sat_##T##_##A},
#define EVERY_FROM_INTEGER(ROW)                                                                              \
    TO_EVERY(ROW, rn, ROUND_NEAREST, f32)                                                                    \
    TO_EVERY(ROW, rz, ROUND_ZERO, f32)                                                                       \
    TO_EVERY(ROW, rm, ROUND_DOWN, f32)                                                                       \
    TO_EVERY(ROW, rp, ROUND_UP, f32)                                                                         \
    TO_EVERY(ROW, rn, ROUND_NEAREST, f64)                                                                    \
    TO_EVERY(ROW, rz, ROUND_ZERO, f64)                                                                       \
    TO_EVERY(ROW, rm, ROUND_DOWN, f64)                                                                       \
    TO_EVERY(ROW, rp, ROUND_UP, f64)

EVERY_FROM_INTEGER(DEFINE_FROM_INTEGER)

/* Between floats. */
#define DEFINE_FLOATS(name, D, A, rounding, result)                                                          \
    HANDLER(cvt_##name) {                                                                                    \
        D *d = lanes(w, i->o[0]);                                                                            \
        const A *pa = lanes(w, i->o[1]);                                                                     \
        if (rounding != ROUND_NEAREST)                                                                       \
            rounding_set(rounding);                                                                          \
        SET_LANES(D, d, ({                                                                                   \
                      A a = pa[l];                                                                           \
                      result;                                                                                \
                  }))                                                                                        \
        if (rounding != ROUND_NEAREST)                                                                       \
            rounding_set(ROUND_NEAREST);                                                                     \
        return i + 1;                                                                                        \
    }
#define ROW_FLOATS(name, D, A, rounding, result) {"cvt_" #name, DEST_##D LETTER_##A, cvt_##name},

#define NARROWING(ROW, mode, rounding)                                                                       \
    ROW(mode##_f32_f64, f32, f64, rounding, canonical((f32)a))                                               \
    ROW(mode##_ftz_f32_f64, f32, f64, rounding, flushed_result((f32)a))                                      \
    ROW(mode##_sat_f32_f64, f32, f64, rounding, saturated((f32)a))                                           \
    ROW(mode##_ftz_sat_f32_f64, f32, f64, rounding, saturated(flushed((f32)a)))
#define TO_WHOLE(ROW, mode, roundf, round)                                                                   \
    ROW(mode##_f32_f32, f32, f32, ROUND_NEAREST, canonical(roundf(a)))                                       \
    ROW(mode##_ftz_f32_f32, f32, f32, ROUND_NEAREST, canonical(roundf(flushed(a))))                          \
    ROW(mode##_sat_f32_f32, f32, f32, ROUND_NEAREST, saturated(roundf(a)))                                   \
    ROW(mode##_ftz_sat_f32_f32, f32, f32, ROUND_NEAREST, saturated(roundf(flushed(a))))                      \
    ROW(mode##_f64_f64, f64, f64, ROUND_NEAREST, round(a))                                                   \
    ROW(mode##_sat_f64_f64, f64, f64, ROUND_NEAREST, saturated_f64(round(a)))
#define FLOAT_PAIRS(ROW)                                                                                     \
    ROW(f64_f32, f64, f32, ROUND_NEAREST, (f64)a)                                                            \
    ROW(ftz_f64_f32, f64, f32, ROUND_NEAREST, (f64)flushed(a))                                               \
    ROW(sat_f64_f32, f64, f32, ROUND_NEAREST, saturated_f64((f64)a))                                         \
    ROW(ftz_sat_f64_f32, f64, f32, ROUND_NEAREST, saturated_f64((f64)flushed(a)))                            \
    ROW(f32_f32, f32, f32, ROUND_NEAREST, canonical(a))                                                      \
    ROW(ftz_f32_f32, f32, f32, ROUND_NEAREST, flushed_result(a))                                             \
    ROW(sat_f32_f32, f32, f32, ROUND_NEAREST, saturated(a))                                                  \
    ROW(ftz_sat_f32_f32, f32, f32, ROUND_NEAREST, saturated(flushed(a)))                                     \
    ROW(f64_f64, f64, f64, ROUND_NEAREST, a)                                                                 \
    ROW(sat_f64_f64, f64, f64, ROUND_NEAREST, saturated_f64(a))                                              \
    NARROWING(ROW, rn, ROUND_NEAREST)                                                                        \
    NARROWING(ROW, rz, ROUND_ZERO)                                                                           \
    NARROWING(ROW, rm, ROUND_DOWN)                                                                           \
    NARROWING(ROW, rp, ROUND_UP)                                                                             \
    TO_WHOLE(ROW, rni, rintf, rint)                                                                          \
    TO_WHOLE(ROW, rzi, truncf, trunc)                                                                        \
    TO_WHOLE(ROW, rmi, floorf, floor)                                                                        \
    TO_WHOLE(ROW, rpi, ceilf, ceil)

FLOAT_PAIRS(DEFINE_FLOATS)

const struct instruction AT_LEVEL(convert_instructions)[] = {
    EVERY_INTEGER(ROW_INTEGER) EVERY_TO_INTEGER(ROW_TO_INTEGER) EVERY_FROM_INTEGER(ROW_FROM_INTEGER)
        FLOAT_PAIRS(ROW_FLOATS){NULL, NULL, NULL},
};
