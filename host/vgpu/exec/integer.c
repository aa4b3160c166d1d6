/* Integer arithmetic and logic: add, sub, mul, mad, div, rem, sad, abs, neg, min, max, carries, and, or, xor, not, shifts. */
#include "lanes.h"

static inline u64 high_u64(u64 a, u64 b) { return (u64)((unsigned __int128)a * b >> 64); }
static inline s64 high_s64(s64 a, s64 b) { return (s64)((__int128)a * b >> 64); }
static inline s32 saturate_s32(s64 x) {
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (s32)x;
}
/* mul24 multiplies the low 24 bits; .hi keeps bits 16 to 47 of the 48-bit product. */
static inline s64 signed24(s32 a) { return (s32)((u32)a << 8) >> 8; }
static inline u64 unsigned24(u32 a) { return a & 0xffffff; }

/* Division by zero gives all ones and leaves the dividend as remainder; lanes that are off may hold anything. */
#define DIVIDE_UNSIGNED(a, b) ((b) ? (a) / ((b) ? (b) : 1) : ~(a) | (a))
#define REMAINDER_UNSIGNED(a, b) ((b) ? (a) % ((b) ? (b) : 1) : (a))
#define DIVIDE_SIGNED(a, b) ((b) == 0 ? -1 : (b) == -1 ? -(a) : (a) / ((b) == 0 ? 1 : (b)))
#define REMAINDER_SIGNED(a, b) ((b) == 0 ? (a) : (b) == -1 ? 0 : (a) % ((b) == 0 ? 1 : (b)))

#define EVERY_WIDTH(ONE, TWO, THREE, T)                                                                      \
    TWO(add_##T, T, T, T, a + b)                                                                             \
    TWO(sub_##T, T, T, T, a - b)                                                                             \
    TWO(mul_lo_##T, T, T, T, a *b)                                                                           \
    THREE(mad_lo_##T, T, T, T, T, a *b + c)
#define EXTREMA(ONE, TWO, THREE, T)                                                                          \
    TWO(min_##T, T, T, T, a < b ? a : b)                                                                     \
    TWO(max_##T, T, T, T, a > b ? a : b)
#define UNSIGNED(ONE, TWO, THREE, T)                                                                         \
    EVERY_WIDTH(ONE, TWO, THREE, T)                                                                          \
    THREE(sad_##T, T, T, T, T, c + (a < b ? b - a : a - b))                                                  \
    TWO(div_##T, T, T, T, DIVIDE_UNSIGNED(a, b))                                                             \
    TWO(rem_##T, T, T, T, REMAINDER_UNSIGNED(a, b))
#define SIGNED(ONE, TWO, THREE, T)                                                                           \
    EVERY_WIDTH(ONE, TWO, THREE, T)                                                                          \
    THREE(sad_##T, T, T, T, T, c + (a < b ? b - a : a - b))                                                  \
    TWO(div_##T, T, T, T, DIVIDE_SIGNED(a, b))                                                               \
    TWO(rem_##T, T, T, T, REMAINDER_SIGNED(a, b))                                                            \
    ONE(abs_##T, T, T, a < 0 ? -a : a)                                                                       \
    ONE(neg_##T, T, T, -a)
/* T multiplied to the twice as wide W. */
#define WIDE(ONE, TWO, THREE, T, W)                                                                          \
    TWO(mul_wide_##T, W, T, T, (W)a *(W)b)                                                                   \
    THREE(mad_wide_##T, W, T, T, W, (W)a *(W)b + c)                                                          \
    TWO(mul_hi_##T, T, T, T, ((W)a * (W)b) >> (8 * sizeof(T)))                                               \
    THREE(mad_hi_##T, T, T, T, T, (T)(((W)a * (W)b) >> (8 * sizeof(T))) + c)
#define BITS(ONE, TWO, THREE, T)                                                                             \
    TWO(and_##T, T, T, T, a &b)                                                                              \
    TWO(or_##T, T, T, T, a | b)                                                                              \
    TWO(xor_##T, T, T, T, a ^ b)                                                                             \
    ONE(not_##T, T, T, ~a)                                                                                   \
    ONE(cnot_##T, T, T, a == 0)                                                                              \
    TWO(shl_##T, T, T, u32, b < 8 * sizeof(T) ? a << (b & (8 * sizeof(T) - 1)) : 0)
#define SHIFT_RIGHT(ONE, TWO, THREE, T)                                                                      \
    TWO(shr_##T, T, T, u32, b < 8 * sizeof(T) ? a >> (b & (8 * sizeof(T) - 1)) : 0)
#define SHIFT_RIGHT_SIGNED(ONE, TWO, THREE, T)                                                               \
    TWO(shr_##T, T, T, u32, a >> (b < 8 * sizeof(T) ? b : 8 * sizeof(T) - 1))

#define INTEGER(ONE, TWO, THREE)                                                                             \
    EXTREMA(ONE, TWO, THREE, u16)                                                                            \
    EXTREMA(ONE, TWO, THREE, s16)                                                                            \
    EXTREMA(ONE, TWO, THREE, u32)                                                                            \
    EXTREMA(ONE, TWO, THREE, u64)                                                                            \
    EXTREMA(ONE, TWO, THREE, s32)                                                                            \
    EXTREMA(ONE, TWO, THREE, s64)                                                                            \
    UNSIGNED(ONE, TWO, THREE, u16)                                                                           \
    UNSIGNED(ONE, TWO, THREE, u32)                                                                           \
    UNSIGNED(ONE, TWO, THREE, u64)                                                                           \
    SIGNED(ONE, TWO, THREE, s16)                                                                             \
    SIGNED(ONE, TWO, THREE, s32)                                                                             \
    SIGNED(ONE, TWO, THREE, s64)                                                                             \
    WIDE(ONE, TWO, THREE, u16, u32)                                                                          \
    WIDE(ONE, TWO, THREE, s16, s32)                                                                          \
    WIDE(ONE, TWO, THREE, u32, u64)                                                                          \
    WIDE(ONE, TWO, THREE, s32, s64)                                                                          \
    TWO(mul_hi_u64, u64, u64, u64, high_u64(a, b))                                                           \
    TWO(mul_hi_s64, s64, s64, s64, high_s64(a, b))                                                           \
    THREE(mad_hi_u64, u64, u64, u64, u64, high_u64(a, b) + c)                                                \
    THREE(mad_hi_s64, s64, s64, s64, s64, high_s64(a, b) + c)                                                \
    TWO(add_sat_s32, s32, s32, s32, saturate_s32((s64)a + b))                                                \
    TWO(sub_sat_s32, s32, s32, s32, saturate_s32((s64)a - b))                                                \
    THREE(mad_hi_sat_s32, s32, s32, s32, s32, saturate_s32(((s64)a * b >> 32) + c))                          \
    TWO(mul24_lo_u32, u32, u32, u32, unsigned24(a) * unsigned24(b))                                          \
    TWO(mul24_lo_s32, s32, s32, s32, signed24(a) * signed24(b))                                              \
    TWO(mul24_hi_u32, u32, u32, u32, unsigned24(a) * unsigned24(b) >> 16)                                    \
    TWO(mul24_hi_s32, s32, s32, s32, signed24(a) * signed24(b) >> 16)                                        \
    THREE(mad24_lo_u32, u32, u32, u32, u32, unsigned24(a) * unsigned24(b) + c)                               \
    THREE(mad24_lo_s32, s32, s32, s32, s32, signed24(a) * signed24(b) + c)                                   \
    THREE(mad24_hi_u32, u32, u32, u32, u32, (unsigned24(a) * unsigned24(b) >> 16) + c)                       \
    THREE(mad24_hi_s32, s32, s32, s32, s32, (signed24(a) * signed24(b) >> 16) + c)                           \
    BITS(ONE, TWO, THREE, b16)                                                                               \
    BITS(ONE, TWO, THREE, b32)                                                                               \
    BITS(ONE, TWO, THREE, b64)                                                                               \
    SHIFT_RIGHT(ONE, TWO, THREE, b16)                                                                        \
    SHIFT_RIGHT(ONE, TWO, THREE, b32)                                                                        \
    SHIFT_RIGHT(ONE, TWO, THREE, b64)                                                                        \
    SHIFT_RIGHT(ONE, TWO, THREE, u16)                                                                        \
    SHIFT_RIGHT(ONE, TWO, THREE, u32)                                                                        \
    SHIFT_RIGHT(ONE, TWO, THREE, u64)                                                                        \
    SHIFT_RIGHT_SIGNED(ONE, TWO, THREE, s16)                                                                 \
    SHIFT_RIGHT_SIGNED(ONE, TWO, THREE, s32)                                                                 \
    SHIFT_RIGHT_SIGNED(ONE, TWO, THREE, s64)

INTEGER(DEFINE_ONE, DEFINE_TWO, DEFINE_THREE)

/*
 * The condition code is one bit a lane in the warp. Each sum is made in the wider type N, whose bit above T's width is the carry. A
 * difference is the sum a + ~b + 1, so its carry is set when nothing was borrowed: the ISA's text does not say so, but nvcc's
 * 128-bit division reads the borrow of sub.cc with addc.
 */
#define DEFINE_CARRY(name, T, N, sources, reads_carry, writes_carry, wide)                                   \
    HANDLER(name) {                                                                                          \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]), *pc = lanes(w, i->o[sources]);             \
        uint32_t carry = 0;                                                                                  \
        FOR_LANES {                                                                                          \
            T a = pa[l], b = pb[l], c = pc[l];                                                               \
            N in = reads_carry ? w->carry >> l & 1 : 0, sum = (wide);                                        \
            (void)c;                                                                                         \
            d[l] = mask >> l & 1 ? (T)sum : d[l];                                                            \
            carry |= (uint32_t)(sum >> (8 * sizeof(T)) & 1) << l;                                            \
        }                                                                                                    \
        if (writes_carry)                                                                                    \
            w->carry = (w->carry & ~mask) | (carry & mask);                                                  \
        return i + 1;                                                                                        \
    }
#define ROW_CARRY_2(T) DEST_##T LETTER_##T LETTER_##T
#define ROW_CARRY_3(T) DEST_##T LETTER_##T LETTER_##T LETTER_##T
#define ROW_CARRY(name, T, N, sources, reads_carry, writes_carry, wide) {#name, ROW_CARRY_##sources(T), name},

#define CARRIES(ROW, T, N)                                                                                   \
    ROW(add_cc_##T, T, N, 2, 0, 1, (N)a + b + in)                                                            \
    ROW(addc_##T, T, N, 2, 1, 0, (N)a + b + in)                                                              \
    ROW(addc_cc_##T, T, N, 2, 1, 1, (N)a + b + in)                                                           \
    ROW(sub_cc_##T, T, N, 2, 0, 1, (N)a + (T)~b + 1 + in)                                                    \
    ROW(subc_##T, T, N, 2, 1, 0, (N)a + (T)~b + in)                                                          \
    ROW(subc_cc_##T, T, N, 2, 1, 1, (N)a + (T)~b + in)
/* The product's half, unsigned or signed (S wide), then the sum with carry. */
#define MAD_CARRIES(ROW, T, U, N, S)                                                                         \
    ROW(mad_lo_cc_##T, U, N, 3, 0, 1, (N)(U)(a * b) + c + in)                                                \
    ROW(madc_lo_##T, U, N, 3, 1, 0, (N)(U)(a * b) + c + in)                                                  \
    ROW(madc_lo_cc_##T, U, N, 3, 1, 1, (N)(U)(a * b) + c + in)                                               \
    ROW(mad_hi_cc_##T, U, N, 3, 0, 1, (N)(U)(((S)(T)a * (S)(T)b) >> (8 * sizeof(T))) + c + in)               \
    ROW(madc_hi_##T, U, N, 3, 1, 0, (N)(U)(((S)(T)a * (S)(T)b) >> (8 * sizeof(T))) + c + in)                 \
    ROW(madc_hi_cc_##T, U, N, 3, 1, 1, (N)(U)(((S)(T)a * (S)(T)b) >> (8 * sizeof(T))) + c + in)
typedef unsigned __int128 u128;
typedef __int128 s128;
#define ALL_CARRIES(ROW)                                                                                     \
    CARRIES(ROW, u32, u64)                                                                                   \
    CARRIES(ROW, u64, u128)                                                                                  \
    MAD_CARRIES(ROW, u32, u32, u64, u64)                                                                     \
    MAD_CARRIES(ROW, s32, u32, u64, s64)                                                                     \
    MAD_CARRIES(ROW, u64, u64, u128, u128)                                                                   \
    MAD_CARRIES(ROW, s64, u64, u128, s128)

ALL_CARRIES(DEFINE_CARRY)

#define DEFINE_PREDICATE(name, result)                                                                       \
    HANDLER(name) {                                                                                          \
        uint32_t a = predicate(w, i, 1), b = predicate(w, i, 2);                                             \
        set_predicate(w, i, 0, mask, result);                                                                \
        return i + 1;                                                                                        \
    }
#define ROW_PREDICATE(name, result) {#name, "Ppp", name},
#define PREDICATES(ROW)                                                                                      \
    ROW(and_pred, a &b)                                                                                      \
    ROW(or_pred, a | b)                                                                                      \
    ROW(xor_pred, a ^ b)

PREDICATES(DEFINE_PREDICATE)

HANDLER(not_pred) {
    set_predicate(w, i, 0, mask, ~predicate(w, i, 1));
    return i + 1;
}

const struct instruction AT_LEVEL(integer_instructions)[] = {
    INTEGER(ROW_ONE, ROW_TWO, ROW_THREE) ALL_CARRIES(ROW_CARRY) PREDICATES(ROW_PREDICATE)
    /* Carrying is the same for signed sums. */
    {"add_cc_s32", "Www", add_cc_u32},
    {"addc_s32", "Www", addc_u32},
    {"addc_cc_s32", "Www", addc_cc_u32},
    {"sub_cc_s32", "Www", sub_cc_u32},
    {"subc_s32", "Www", subc_u32},
    {"subc_cc_s32", "Www", subc_cc_u32},
    {"add_cc_s64", "Ddd", add_cc_u64},
    {"addc_s64", "Ddd", addc_u64},
    {"addc_cc_s64", "Ddd", addc_cc_u64},
    {"sub_cc_s64", "Ddd", sub_cc_u64},
    {"subc_s64", "Ddd", subc_u64},
    {"subc_cc_s64", "Ddd", subc_cc_u64},
    {"not_pred", "Pp", not_pred},
    {NULL, NULL, NULL},
};
