/* Bit manipulation: shf, lop3, prmt, bfe, bfi, bfind, brev, popc, clz, fns, bmsk, szext, dp4a, dp2a. */
#include "lanes.h"

static inline u32 reversed(u32 x) {
    x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
    x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
    x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(x);
}
static inline u64 reversed64(u64 x) { return (u64)reversed((u32)x) << 32 | reversed((u32)(x >> 32)); }
static inline u32 leading_zeros(u32 x) { return x ? (u32)__builtin_clz(x) : 32; }
static inline u32 leading_zeros64(u64 x) { return x ? (u32)__builtin_clzll(x) : 64; }

/* The highest bit that differs from the sign; all ones when there is none. */
static inline u32 highest(u32 x) { return x ? 31u - leading_zeros(x) : ~0u; }
static inline u32 highest64(u64 x) { return x ? 63u - leading_zeros64(x) : ~0u; }
/* As the amount that would shift that bit to the top. */
static inline u32 highest_shift(u32 x) { return x ? leading_zeros(x) : ~0u; }
static inline u32 highest_shift64(u64 x) { return x ? leading_zeros64(x) : ~0u; }

static inline u64 low_bits(u32 count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }

/* position and length are the low 8 bits of their operands; beyond the top a signed field is filled with the sign. */
static inline u64 field(u64 a, u32 position, u32 length, unsigned width, bool is_signed) {
    position &= 255;
    length &= 255;
    u64 bits = position < width ? a >> position & low_bits(length) : 0;
    u32 last = position + length - 1 < width - 1 ? position + length - 1 : width - 1;
    bool sign = is_signed && length > 0 && (a >> last & 1);
    u32 taken = position < width ? (length < width - position ? length : width - position) : 0;
    return sign ? bits | ~low_bits(taken) : bits;
}
static inline u64 inserted(u64 a, u64 b, u32 position, u32 length, unsigned width) {
    position &= 255;
    length &= 255;
    if (position >= width)
        return b;
    u64 mask = low_bits(length) << position;
    return (a << position & mask) | (b & ~mask);
}

/* The position of the offset-th set bit counted from base, upwards or, negative, downwards; offset 0: base itself. */
static inline u32 nth_set(u32 bits, u32 base, s32 offset) {
    if (base > 31)
        return ~0u;
    if (offset == 0)
        return bits >> base & 1 ? base : ~0u;
    u32 left = offset > 0 ? (u32)offset : 0u - (u32)offset;
    for (s32 at = (s32)base; at >= 0 && at<32; at += offset> 0 ? 1 : -1)
        if (bits >> at & 1 && --left == 0)
            return (u32)at;
    return ~0u;
}

static inline u32 bit_mask_clamped(u32 start, u32 count) {
    return start >= 32 ? 0 : (u32)(low_bits(count < 32 ? count : 32) << start);
}
static inline u32 bit_mask_wrapped(u32 start, u32 count) {
    return (u32)(low_bits(count & 31) << (start & 31));
}

static inline s32 sign_extended(u32 a, u32 width) {
    return width == 0 ? 0 : width >= 32 ? (s32)a : (s32)(a << (32 - width)) >> (32 - width);
}
static inline u32 zero_extended(u32 a, u32 width) { return width >= 32 ? a : a & (u32)low_bits(width); }

/* One byte of prmt: selector bits 0-2 choose a byte of b:a, bit 3 replicates its sign. */
static inline u32 chosen_byte(u64 bytes, u32 selector) {
    u32 byte = (u32)(bytes >> (selector & 7) * 8) & 255;
    return selector & 8 ? (byte >> 7) * 255 : byte;
}
static inline u32 permuted(u32 a, u32 b, u32 s) {
    u64 bytes = (u64)b << 32 | a;
    return chosen_byte(bytes, s) | chosen_byte(bytes, s >> 4) << 8 | chosen_byte(bytes, s >> 8) << 16 |
           chosen_byte(bytes, s >> 12) << 24;
}
static inline u32 plain_permuted(u64 bytes, u32 s) {
    return ((u32)(bytes >> (s & 7) * 8) & 255) | ((u32)(bytes >> (s >> 4 & 7) * 8) & 255) << 8 |
           ((u32)(bytes >> (s >> 8 & 7) * 8) & 255) << 16 | ((u32)(bytes >> (s >> 12 & 7) * 8) & 255) << 24;
}
#define BOTH(a, b) ((u64)(b) << 32 | (a))
static const u32 prmt_f4e[4] = {0x3210, 0x4321, 0x5432, 0x6543},
                 prmt_b4e[4] = {0x5670, 0x6701, 0x7012, 0x0123},
                 prmt_rc8[4] = {0x0000, 0x1111, 0x2222, 0x3333},
                 prmt_ecl[4] = {0x3210, 0x3211, 0x3222, 0x3333},
                 prmt_ecr[4] = {0x0000, 0x1110, 0x2210, 0x3210},
                 prmt_rc16[4] = {0x1010, 0x3232, 0x1010, 0x3232};

/* Sums of products of bytes, A and B the types of the bytes of a and b. */
#define DOT4(A, B)                                                                                           \
    (c + (A)a * (B)b + (A)(a >> 8) * (B)(b >> 8) + (A)(a >> 16) * (B)(b >> 16) + (A)(a >> 24) * (B)(b >> 24))
#define DOT2(A, B, shift) (c + (A)a * (B)(b >> shift) + (A)(a >> 16) * (B)(b >> (shift + 8)))

#define BIT_ROWS(ONE, TWO, THREE, FOUR)                                                                      \
    ONE(brev_b32, u32, u32, reversed(a))                                                                     \
    ONE(brev_b64, u64, u64, reversed64(a))                                                                   \
    ONE(popc_b32, u32, u32, __builtin_popcount(a))                                                           \
    ONE(popc_b64, u32, u64, __builtin_popcountll(a))                                                         \
    ONE(clz_b32, u32, u32, leading_zeros(a))                                                                 \
    ONE(clz_b64, u32, u64, leading_zeros64(a))                                                               \
    ONE(bfind_u32, u32, u32, highest(a))                                                                     \
    ONE(bfind_s32, u32, s32, highest((u32)(a < 0 ? ~a : a)))                                                 \
    ONE(bfind_u64, u32, u64, highest64(a))                                                                   \
    ONE(bfind_s64, u32, s64, highest64((u64)(a < 0 ? ~a : a)))                                               \
    ONE(bfind_shiftamt_u32, u32, u32, highest_shift(a))                                                      \
    ONE(bfind_shiftamt_s32, u32, s32, highest_shift((u32)(a < 0 ? ~a : a)))                                  \
    ONE(bfind_shiftamt_u64, u32, u64, highest_shift64(a))                                                    \
    ONE(bfind_shiftamt_s64, u32, s64, highest_shift64((u64)(a < 0 ? ~a : a)))                                \
    THREE(bfe_u32, u32, u32, u32, u32, field(a, b, c, 32, false))                                            \
    THREE(bfe_s32, u32, u32, u32, u32, field(a, b, c, 32, true))                                             \
    THREE(bfe_u64, u64, u64, u32, u32, field(a, b, c, 64, false))                                            \
    THREE(bfe_s64, u64, u64, u32, u32, field(a, b, c, 64, true))                                             \
    FOUR(bfi_b32, u32, u32, u32, u32, u32, inserted(a, b, c, e, 32))                                         \
    FOUR(bfi_b64, u64, u64, u64, u32, u32, inserted(a, b, c, e, 64))                                         \
    THREE(fns_b32, u32, u32, u32, s32, nth_set(a, b, c))                                                     \
    TWO(bmsk_clamp_b32, u32, u32, u32, bit_mask_clamped(a, b))                                               \
    TWO(bmsk_wrap_b32, u32, u32, u32, bit_mask_wrapped(a, b))                                                \
    TWO(szext_clamp_u32, u32, u32, u32, zero_extended(a, b))                                                 \
    TWO(szext_wrap_u32, u32, u32, u32, zero_extended(a, b & 31))                                             \
    TWO(szext_clamp_s32, s32, u32, u32, sign_extended(a, b))                                                 \
    TWO(szext_wrap_s32, s32, u32, u32, sign_extended(a, b & 31))                                             \
    THREE(shf_l_wrap_b32, u32, u32, u32, u32, BOTH(a, b) << (c & 31) >> 32)                                  \
    THREE(shf_r_wrap_b32, u32, u32, u32, u32, BOTH(a, b) >> (c & 31))                                        \
    THREE(shf_l_clamp_b32, u32, u32, u32, u32, BOTH(a, b) << (c < 32 ? c : 32) >> 32)                        \
    THREE(shf_r_clamp_b32, u32, u32, u32, u32, BOTH(a, b) >> (c < 32 ? c : 32))                              \
    THREE(prmt_b32, u32, u32, u32, u32, permuted(a, b, c))                                                   \
    THREE(prmt_b32_f4e, u32, u32, u32, u32, plain_permuted(BOTH(a, b), prmt_f4e[c & 3]))                     \
    THREE(prmt_b32_b4e, u32, u32, u32, u32, plain_permuted(BOTH(a, b), prmt_b4e[c & 3]))                     \
    THREE(prmt_b32_rc8, u32, u32, u32, u32, plain_permuted(BOTH(a, b), prmt_rc8[c & 3]))                     \
    THREE(prmt_b32_ecl, u32, u32, u32, u32, plain_permuted(BOTH(a, b), prmt_ecl[c & 3]))                     \
    THREE(prmt_b32_ecr, u32, u32, u32, u32, plain_permuted(BOTH(a, b), prmt_ecr[c & 3]))                     \
    THREE(prmt_b32_rc16, u32, u32, u32, u32, plain_permuted(BOTH(a, b), prmt_rc16[c & 3]))                   \
    THREE(dp4a_u32_u32, u32, u32, u32, u32, DOT4(u8, u8))                                                    \
    THREE(dp4a_u32_s32, u32, u32, u32, u32, DOT4(u8, s8))                                                    \
    THREE(dp4a_s32_u32, u32, u32, u32, u32, DOT4(s8, u8))                                                    \
    THREE(dp4a_s32_s32, u32, u32, u32, u32, DOT4(s8, s8))                                                    \
    THREE(dp2a_lo_u32_u32, u32, u32, u32, u32, DOT2(uint16_t, u8, 0))                                        \
    THREE(dp2a_lo_u32_s32, u32, u32, u32, u32, DOT2(uint16_t, s8, 0))                                        \
    THREE(dp2a_lo_s32_u32, u32, u32, u32, u32, DOT2(int16_t, u8, 0))                                         \
    THREE(dp2a_lo_s32_s32, u32, u32, u32, u32, DOT2(int16_t, s8, 0))                                         \
    THREE(dp2a_hi_u32_u32, u32, u32, u32, u32, DOT2(uint16_t, u8, 16))                                       \
    THREE(dp2a_hi_u32_s32, u32, u32, u32, u32, DOT2(uint16_t, s8, 16))                                       \
    THREE(dp2a_hi_s32_u32, u32, u32, u32, u32, DOT2(int16_t, u8, 16))                                        \
    THREE(dp2a_hi_s32_s32, u32, u32, u32, u32, DOT2(int16_t, s8, 16))

BIT_ROWS(DEFINE_ONE, DEFINE_TWO, DEFINE_THREE, DEFINE_FOUR)

/* Any function of three bits: the table's set bits are the terms of a sum; when more than half are set, of its complement. */
HANDLER(lop3_b32) {
    u32 *d = lanes(w, i->o[0]);
    const u32 *a = lanes(w, i->o[1]), *b = lanes(w, i->o[2]), *c = lanes(w, i->o[3]);
    unsigned table = (unsigned)i->offset & 255;
    if (table == 0x96) {
        SET_LANES(u32, d, a[l] ^ b[l] ^ c[l])
        return i + 1;
    }
    bool inverted = __builtin_popcount(table) > 4;
    u32 r[WARP_LANES] __attribute__((aligned(64))) = {0};
    for (unsigned terms = inverted ? table ^ 255 : table; terms; terms &= terms - 1) {
        unsigned term = (unsigned)__builtin_ctz(terms);
        u32 not_a = term & 4 ? 0 : ~0u, not_b = term & 2 ? 0 : ~0u, not_c = term & 1 ? 0 : ~0u;
        FOR_LANES { r[l] |= (a[l] ^ not_a) & (b[l] ^ not_b) & (c[l] ^ not_c); }
    }
    u32 flip = inverted ? ~0u : 0;
    SET_LANES(u32, d, r[l] ^ flip)
    return i + 1;
}

const struct instruction AT_LEVEL(bits_instructions)[] = {
    BIT_ROWS(ROW_ONE, ROW_TWO, ROW_THREE, ROW_FOUR){"lop3_b32", "Wwwwi", lop3_b32},
    {NULL, NULL, NULL},
};
