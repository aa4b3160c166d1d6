/*
 * cvt between pairs of 8-bit floats and binary32 or f16: e4m3 (no infinity, one NaN) and e5m2. To eight bits everything beyond the
 * largest number becomes it (.satfinite, the only form there is).
 */
#include "half_format.h"

enum { E4M3_NAN = 0x7f, E4M3_MOST = 0x7e, E5M2_MOST = 0x7b, FP8_NAN = 0x7f };

/* half: what narrowed() made, its sign in bit 15. */
static inline u8 limited(u16 half, u16 most) {
    u16 size = half & 0x7fff;
    return (u8)(half >> 15 << 7 | (size > most ? most : size));
}
static inline u8 narrow_e4m3(f64 x) {
    return x != x ? FP8_NAN : limited(narrowed(x, 3, -6, E4M3_NAN, ROUND_NEAREST), E4M3_MOST);
}
static inline u8 narrow_e5m2(f64 x) {
    return x != x ? FP8_NAN : limited(narrowed(x, 2, -14, 0x7c, ROUND_NEAREST), E5M2_MOST);
}
static inline u16 half_of_e5m2(u8 x) { return (x & 0x7f) > 0x7c ? 0x7fff : (u16)(x << 8); }
/* The exponent's bias is 7, an f16's 15. */
static inline u16 half_of_e4m3(u8 x) {
    f64 size = (x & 0x7f) < 8 ? (x & 7) * 0x1p-9 : (8 + (x & 7)) * ldexp(1, (x >> 3 & 15) - 10);
    return (x & 0x7f) == E4M3_NAN ? 0x7fff : narrow_f16(x & 0x80 ? -size : size);
}
static inline u8 relu_8(u8 x) { return x & 0x80 ? 0 : x; }
static inline u8 plain_8(u8 x) { return x; }
static inline u16 relu_16(u16 h) { return relu_h(h, 0x7c00); }

/* The first operand, or the upper half, makes the upper byte. */
#define DEFINE_FP8(N, R, relu8, relu16)                                                                      \
    HANDLER(cvt_rn##R##_##N##x2_f32) {                                                                       \
        u16 *d = lanes(w, i->o[0]);                                                                          \
        const f32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                          \
        SET_LANES(u16, d, (u16)(relu8(narrow_##N(pa[l])) << 8 | relu8(narrow_##N(pb[l]))))                   \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(cvt_rn##R##_##N##x2_f16x2) {                                                                     \
        u16 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[1]);                                                                   \
        SET_LANES(u16, d,                                                                                    \
                  (u16)(relu8(narrow_##N(wide_f16((u16)(pa[l] >> 16)))) << 8 |                               \
                        relu8(narrow_##N(wide_f16((u16)pa[l])))))                                            \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(cvt_rn##R##_f16x2_##N##x2) {                                                                     \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u16 *pa = lanes(w, i->o[1]);                                                                   \
        SET_LANES(u32, d, (u32)relu16(half_of_##N((u8)(pa[l] >> 8))) << 16 | relu16(half_of_##N((u8)pa[l]))) \
        return i + 1;                                                                                        \
    }
#define ROW_FP8(N, R, relu8, relu16)                                                                         \
    {"cvt_rn_satfinite" #R "_" #N "x2_f32", "Hww", cvt_rn##R##_##N##x2_f32},                                 \
        {"cvt_rn_satfinite" #R "_" #N "x2_f16x2", "Hw", cvt_rn##R##_##N##x2_f16x2},                          \
        {"cvt_rn" #R "_f16x2_" #N "x2", "Wh", cvt_rn##R##_f16x2_##N##x2},
#define FP8(ROW)                                                                                             \
    ROW(e4m3, , plain_8, plain_h)                                                                            \
    ROW(e5m2, , plain_8, plain_h)                                                                            \
    ROW(e4m3, _relu, relu_8, relu_16)                                                                        \
    ROW(e5m2, _relu, relu_8, relu_16)

FP8(DEFINE_FP8)

const struct instruction AT_LEVEL(fp8_convert_instructions)[] = {
    FP8(ROW_FP8){NULL, NULL, NULL},
};
