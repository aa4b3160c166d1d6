/* f16 and bf16, and pairs of them: arithmetic, minimum and maximum, comparison. */
#include "half_format.h"

/* Minimum and maximum on 16-bit patterns of either format. */
#define HALF_EXTREMA(suffix, top)                                                                            \
    static inline bool is_nan##suffix(u16 h) { return (h & 0x7fff) > top; }                                  \
    static inline s32 key##suffix(u16 h) { return h & 0x8000 ? -(s32)(h & 0x7fff) - 1 : (s32)h; }            \
    static inline u16 smaller##suffix(u16 a, u16 b) {                                                        \
        if (is_nan##suffix(a) || is_nan##suffix(b))                                                          \
            return is_nan##suffix(a) ? (is_nan##suffix(b) ? 0x7fff : b) : a;                                 \
        return key##suffix(a) < key##suffix(b) ? a : b;                                                      \
    }                                                                                                        \
    static inline u16 larger##suffix(u16 a, u16 b) {                                                         \
        if (is_nan##suffix(a) || is_nan##suffix(b))                                                          \
            return is_nan##suffix(a) ? (is_nan##suffix(b) ? 0x7fff : b) : a;                                 \
        return key##suffix(a) > key##suffix(b) ? a : b;                                                      \
    }                                                                                                        \
    static inline u16 smaller_or_nan##suffix(u16 a, u16 b) {                                                 \
        return is_nan##suffix(a) || is_nan##suffix(b) ? 0x7fff : smaller##suffix(a, b);                      \
    }                                                                                                        \
    static inline u16 larger_or_nan##suffix(u16 a, u16 b) {                                                  \
        return is_nan##suffix(a) || is_nan##suffix(b) ? 0x7fff : larger##suffix(a, b);                       \
    }
HALF_EXTREMA(_f16, 0x7c00)
HALF_EXTREMA(_bf16, 0x7f80)

/* For .xorsign.abs: an extremum of magnitudes with the sign of a product, unless it is NaN. */
static inline u16 with_signs(u16 extremum, u16 a, u16 b) {
    return extremum == 0x7fff ? extremum : extremum | ((a ^ b) & 0x8000);
}

/* One row is two instructions: on a 16-bit register, and on both halves of a 32-bit one. */
#define DEFINE_HALF_ONE(name, N, result)                                                                     \
    static inline u16 name##_of_##N(u16 a) { return (u16)(result); }                                         \
    HANDLER(name##_##N) {                                                                                    \
        u16 *d = lanes(w, i->o[0]);                                                                          \
        const u16 *pa = lanes(w, i->o[1]);                                                                   \
        SET_LANES(u16, d, name##_of_##N(pa[l]))                                                              \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(name##_##N##x2) {                                                                                \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[1]);                                                                   \
        SET_LANES(u32, d, name##_of_##N((u16)pa[l]) | (u32)name##_of_##N((u16)(pa[l] >> 16)) << 16)          \
        return i + 1;                                                                                        \
    }
#define DEFINE_HALF_TWO(name, N, result)                                                                     \
    static inline u16 name##_of_##N(u16 a, u16 b) { return (u16)(result); }                                  \
    HANDLER(name##_##N) {                                                                                    \
        u16 *d = lanes(w, i->o[0]);                                                                          \
        const u16 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                          \
        SET_LANES(u16, d, name##_of_##N(pa[l], pb[l]))                                                       \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(name##_##N##x2) {                                                                                \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                          \
        SET_LANES(u32, d,                                                                                    \
                  name##_of_##N((u16)pa[l], (u16)pb[l]) |                                                    \
                      (u32)name##_of_##N((u16)(pa[l] >> 16), (u16)(pb[l] >> 16)) << 16)                      \
        return i + 1;                                                                                        \
    }
#define DEFINE_HALF_THREE(name, N, result)                                                                   \
    static inline u16 name##_of_##N(u16 a, u16 b, u16 c) { return (u16)(result); }                           \
    HANDLER(name##_##N) {                                                                                    \
        u16 *d = lanes(w, i->o[0]);                                                                          \
        const u16 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]), *pc = lanes(w, i->o[3]);                 \
        SET_LANES(u16, d, name##_of_##N(pa[l], pb[l], pc[l]))                                                \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(name##_##N##x2) {                                                                                \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]), *pc = lanes(w, i->o[3]);                 \
        SET_LANES(u32, d,                                                                                    \
                  name##_of_##N((u16)pa[l], (u16)pb[l], (u16)pc[l]) |                                        \
                      (u32)name##_of_##N((u16)(pa[l] >> 16), (u16)(pb[l] >> 16), (u16)(pc[l] >> 16)) << 16)  \
        return i + 1;                                                                                        \
    }
#define ROW_HALF_ONE(name, N, result)                                                                        \
    {#name "_" #N, "Hh", name##_##N}, {#name "_" #N "x2", "Ww", name##_##N##x2},
#define ROW_HALF_TWO(name, N, result)                                                                        \
    {#name "_" #N, "Hhh", name##_##N}, {#name "_" #N "x2", "Www", name##_##N##x2},
#define ROW_HALF_THREE(name, N, result)                                                                      \
    {#name "_" #N, "Hhhh", name##_##N}, {#name "_" #N "x2", "Wwww", name##_##N##x2},

#define HALF_ARITHMETIC(ONE, TWO, THREE, M, N, in, out)                                                      \
    TWO(add##M, N, out(narrow_##N(odd_sum(wide_##N(in(a)), wide_##N(in(b))))))                               \
    TWO(sub##M, N, out(narrow_##N(odd_sum(wide_##N(in(a)), -wide_##N(in(b))))))                              \
    TWO(mul##M, N, out(narrow_##N((f64)wide_##N(in(a)) * (f64)wide_##N(in(b)))))                             \
    THREE(fma##M, N, out(narrow_##N(odd_sum((f64)wide_##N(in(a)) * (f64)wide_##N(in(b)), wide_##N(in(c))))))
#define HALF_XORSIGN(TWO, M, N, in)                                                                          \
    TWO(min##M##_xorsign_abs, N, with_signs(smaller_##N(in(a)&0x7fff, in(b)&0x7fff), a, b))                  \
    TWO(max##M##_xorsign_abs, N, with_signs(larger_##N(in(a)&0x7fff, in(b)&0x7fff), a, b))
#define HALF_ANY(ONE, TWO, THREE, N, top)                                                                    \
    HALF_ARITHMETIC(ONE, TWO, THREE, , N, plain_h, plain_h)                                                  \
    THREE(fma_relu, N, relu_h(narrow_##N(odd_sum((f64)wide_##N(a) * (f64)wide_##N(b), wide_##N(c))), top))   \
    TWO(min, N, smaller_##N(a, b))                                                                           \
    TWO(max, N, larger_##N(a, b))                                                                            \
    TWO(min_NaN, N, smaller_or_nan_##N(a, b))                                                                \
    TWO(max_NaN, N, larger_or_nan_##N(a, b))                                                                 \
    HALF_XORSIGN(TWO, , N, plain_h)                                                                          \
    TWO(min_NaN_xorsign_abs, N, with_signs(smaller_or_nan_##N(a & 0x7fff, b & 0x7fff), a, b))                \
    TWO(max_NaN_xorsign_abs, N, with_signs(larger_or_nan_##N(a & 0x7fff, b & 0x7fff), a, b))                 \
    ONE(abs, N, a & 0x7fff)                                                                                  \
    ONE(neg, N, a ^ 0x8000)
#define HALVES(ONE, TWO, THREE)                                                                              \
    HALF_ANY(ONE, TWO, THREE, f16, 0x7c00)                                                                   \
    HALF_ANY(ONE, TWO, THREE, bf16, 0x7f80)                                                                  \
    HALF_ARITHMETIC(ONE, TWO, THREE, _sat, f16, plain_h, saturated_f16)                                      \
    HALF_ARITHMETIC(ONE, TWO, THREE, _ftz, f16, flushed_f16, flushed_f16)                                    \
    TWO(min_ftz, f16, smaller_f16(flushed_f16(a), flushed_f16(b)))                                           \
    TWO(max_ftz, f16, larger_f16(flushed_f16(a), flushed_f16(b)))                                            \
    HALF_XORSIGN(TWO, _ftz, f16, flushed_f16)                                                                \
    ONE(abs_ftz, f16, flushed_f16(a) & 0x7fff)                                                               \
    ONE(neg_ftz, f16, flushed_f16(a) ^ 0x8000)                                                               \
    ONE(ex2_approx, f16, narrow_f16(exp2(wide_f16(a))))                                                      \
    ONE(tanh_approx, f16, narrow_f16(tanh(wide_f16(a))))                                                     \
    ONE(ex2_approx_ftz, bf16, flushed_bf16(narrow_bf16(exp2(wide_bf16(flushed_bf16(a))))))                   \
    ONE(tanh_approx, bf16, narrow_bf16(tanh(wide_bf16(a))))

HALVES(DEFINE_HALF_ONE, DEFINE_HALF_TWO, DEFINE_HALF_THREE)

/*
 * setp on 16-bit floats: d|p, a, b. For the packed forms d is the low half's comparison, p the high half's. set gives 1.0, or ones
 * in every bit of an integer or, for the packed forms, of an integer's half.
 */
#define ONE_f16 0x3c00
#define ONE_bf16 0x3f80
#define DEFINE_HALF_SET(name, D, A, word)                                                                    \
    HANDLER(set_##name) {                                                                                    \
        D *d = lanes(w, i->o[0]);                                                                            \
        const A *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                            \
        uint32_t other = predicate(w, i, 3);                                                                 \
        SET_LANES(D, d, ({                                                                                   \
                      uint32_t third = other >> l & 1;                                                       \
                      A a = pa[l], b = pb[l];                                                                \
                      word;                                                                                  \
                  }))                                                                                        \
        return i + 1;                                                                                        \
    }
#define CHOSEN(holds, ones) (combined(i->combine, (holds), third) ? (ones) : 0)
#define CHOSEN_HALVES(compare, ones)                                                                         \
    ((u32)CHOSEN(compare((u16)a, (u16)b), ones) | (u32)CHOSEN(compare((u16)(a >> 16), (u16)(b >> 16)), ones) \
                                                      << 16)
#define DEFINE_HALF_COMPARISON(op, M, N, in, condition)                                                      \
    static inline bool compare_##op##M##_##N(u16 x, u16 y) {                                                 \
        f32 a = wide_##N(in(x)), b = wide_##N(in(y));                                                        \
        return (condition);                                                                                  \
    }                                                                                                        \
    HANDLER(setp_##op##M##_##N) {                                                                            \
        const u16 *pa = lanes(w, i->o[2]), *pb = lanes(w, i->o[3]);                                          \
        uint32_t other = predicate(w, i, 4), compared = 0;                                                   \
        FOR_LANES { compared |= (uint32_t)compare_##op##M##_##N(pa[l], pb[l]) << l; }                        \
        set_predicate(w, i, 0, mask, combined(i->combine, compared, other));                                 \
        set_predicate(w, i, 1, mask, combined(i->combine, ~compared, other));                                \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(setp_##op##M##_##N##x2) {                                                                        \
        const u32 *pa = lanes(w, i->o[2]), *pb = lanes(w, i->o[3]);                                          \
        uint32_t other = predicate(w, i, 4), low = 0, high = 0;                                              \
        FOR_LANES {                                                                                          \
            low |= (uint32_t)compare_##op##M##_##N((u16)pa[l], (u16)pb[l]) << l;                             \
            high |= (uint32_t)compare_##op##M##_##N((u16)(pa[l] >> 16), (u16)(pb[l] >> 16)) << l;            \
        }                                                                                                    \
        set_predicate(w, i, 0, mask, combined(i->combine, low, other));                                      \
        set_predicate(w, i, 1, mask, combined(i->combine, high, other));                                     \
        return i + 1;                                                                                        \
    }                                                                                                        \
    DEFINE_HALF_SET(op##M##_##N##_##N, u16, u16, CHOSEN(compare_##op##M##_##N(a, b), ONE_##N))               \
    DEFINE_HALF_SET(op##M##_u16_##N, u16, u16, CHOSEN(compare_##op##M##_##N(a, b), 0xffff))                  \
    DEFINE_HALF_SET(op##M##_u32_##N, u32, u16, CHOSEN(compare_##op##M##_##N(a, b), ~0u))                     \
    DEFINE_HALF_SET(op##M##_##N##x2_##N##x2, u32, u32, CHOSEN_HALVES(compare_##op##M##_##N, ONE_##N))        \
    DEFINE_HALF_SET(op##M##_u32_##N##x2, u32, u32, CHOSEN_HALVES(compare_##op##M##_##N, 0xffff))
#define ROW_HALF_COMPARISON(op, M, N, in, condition)                                                         \
    {"setp_" #op #M "_" #N, "P|Phh?p", setp_##op##M##_##N},                                                  \
        {"setp_" #op #M "_" #N "x2", "P|Pww?p", setp_##op##M##_##N##x2},                                     \
        {"set_" #op #M "_" #N "_" #N, "Hhh?p", set_##op##M##_##N##_##N},                                     \
        {"set_" #op #M "_u16_" #N, "Hhh?p", set_##op##M##_u16_##N},                                          \
        {"set_" #op #M "_s16_" #N, "Hhh?p", set_##op##M##_u16_##N},                                          \
        {"set_" #op #M "_u32_" #N, "Whh?p", set_##op##M##_u32_##N},                                          \
        {"set_" #op #M "_s32_" #N, "Whh?p", set_##op##M##_u32_##N},                                          \
        {"set_" #op #M "_" #N "x2_" #N "x2", "Www?p", set_##op##M##_##N##x2_##N##x2},                        \
        {"set_" #op #M "_u32_" #N "x2", "Www?p", set_##op##M##_u32_##N##x2},                                 \
        {"set_" #op #M "_s32_" #N "x2", "Www?p", set_##op##M##_u32_##N##x2},
#define HALF_ORDER(ROW, M, N, in)                                                                            \
    ROW(eq, M, N, in, a == b)                                                                                \
    ROW(ne, M, N, in, a<b || a> b)                                                                           \
    ROW(lt, M, N, in, a < b)                                                                                 \
    ROW(le, M, N, in, a <= b)                                                                                \
    ROW(gt, M, N, in, a > b)                                                                                 \
    ROW(ge, M, N, in, a >= b)                                                                                \
    ROW(equ, M, N, in, !(a < b || a > b))                                                                    \
    ROW(neu, M, N, in, a != b)                                                                               \
    ROW(ltu, M, N, in, !(a >= b))                                                                            \
    ROW(leu, M, N, in, !(a > b))                                                                             \
    ROW(gtu, M, N, in, !(a <= b))                                                                            \
    ROW(geu, M, N, in, !(a < b))                                                                             \
    ROW(num, M, N, in, a == a && b == b)                                                                     \
    ROW(nan, M, N, in, a != a || b != b)
#define HALF_COMPARISONS(ROW)                                                                                \
    HALF_ORDER(ROW, , f16, plain_h)                                                                          \
    HALF_ORDER(ROW, _ftz, f16, flushed_f16)                                                                  \
    HALF_ORDER(ROW, , bf16, plain_h)

HALF_COMPARISONS(DEFINE_HALF_COMPARISON)

const struct instruction AT_LEVEL(half_instructions)[] = {
    HALVES(ROW_HALF_ONE, ROW_HALF_TWO, ROW_HALF_THREE)
        HALF_COMPARISONS(ROW_HALF_COMPARISON){NULL, NULL, NULL},
};
