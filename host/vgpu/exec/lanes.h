/*
 * How a handler is written: a loop over the 32 lanes of its operands, which the compiler vectorises.
 *
 * A family lists its instructions once, as rows of a macro that is expanded twice: to the handlers and to their table.
 * Files that include this are compiled once per vector level (LANE_LEVEL), so each table's name carries the level.
 */
#ifndef LOTTO_VGPU_LANES_H
#define LOTTO_VGPU_LANES_H

#include "instruction_table.h"

#include <stddef.h>

typedef uint8_t u8;
typedef int8_t s8;
/* Registers have no C type of their own: the same bytes are read as integers and floats. */
typedef uint16_t u16 __attribute__((may_alias));
typedef int16_t s16 __attribute__((may_alias));
typedef uint32_t u32 __attribute__((may_alias));
typedef int32_t s32 __attribute__((may_alias));
typedef uint64_t u64 __attribute__((may_alias));
typedef int64_t s64 __attribute__((may_alias));
typedef float f32 __attribute__((may_alias));
typedef double f64 __attribute__((may_alias));
typedef u16 b16;
typedef u32 b32;
typedef u64 b64;

#define LETTER_u16 "h"
#define LETTER_s16 "h"
#define LETTER_b16 "h"
#define LETTER_u32 "w"
#define LETTER_s32 "w"
#define LETTER_b32 "w"
#define LETTER_f32 "w"
#define LETTER_u64 "d"
#define LETTER_s64 "d"
#define LETTER_b64 "d"
#define LETTER_f64 "d"
#define DEST_u16 "H"
#define DEST_s16 "H"
#define DEST_b16 "H"
#define DEST_u32 "W"
#define DEST_s32 "W"
#define DEST_b32 "W"
#define DEST_f32 "W"
#define DEST_u64 "D"
#define DEST_s64 "D"
#define DEST_b64 "D"
#define DEST_f64 "D"

#define JOIN_LEVEL(name, level) name##_##level
#define AT_LEVEL_OF(name, level) JOIN_LEVEL(name, level)
#define AT_LEVEL(name) AT_LEVEL_OF(name, LANE_LEVEL)

#define HANDLER(name) static const struct bound *name(struct warp *w, const struct bound *i, uint32_t mask)

/* The lane array behind an operand. */
static inline void *lanes(const struct warp *w, uint32_t operand) {
    return __builtin_assume_aligned(warp_operand(w, operand), 64);
}
/* Operand k, a predicate source that may be written !p. */
static inline uint32_t predicate(const struct warp *w, const struct bound *i, unsigned k) {
    return *(const uint32_t *)warp_operand(w, i->o[k]) ^ (0u - (i->negated >> k & 1u));
}
static inline void set_predicate(const struct warp *w, const struct bound *i, unsigned k, uint32_t mask,
                                 uint32_t value) {
    uint32_t *p = warp_operand(w, i->o[k]);
    *p = (*p & ~mask) | (value & mask);
}

/* A comparison combined with the optional predicate operand, as .and, .or, .xor say. */
static inline uint32_t combined(enum combine combine, uint32_t compared, uint32_t other) {
    switch (combine) {
    case COMBINE_AND:
        return compared & other;
    case COMBINE_OR:
        return compared | other;
    case COMBINE_XOR:
        return compared ^ other;
    default:
        return compared;
    }
}

#define FOR_LANES for (unsigned l = 0; l < WARP_LANES; l++)
#define FOR_ACTIVE(l)                                                                                        \
    for (uint32_t left = mask, l; left && (l = (uint32_t)__builtin_ctz(left), 1); left &= left - 1)
/*
 * Sets d[l] in the lanes of mask to value, an expression of l. The value is computed for every lane: it must not trap.
 * gcc 12 fails on masked 16-bit minima and maxima of AVX-512 ("unrecognizable insn"), so there the barrier keeps the mask apart.
 */
#define SET_LANES(T, d, value)                                                                               \
    if (mask == ALL_LANES) {                                                                                 \
        _Pragma("GCC ivdep") FOR_LANES { d[l] = (T)(value); }                                                \
    } else if (sizeof(T) == 2) {                                                                             \
        T made[WARP_LANES] __attribute__((aligned(64)));                                                     \
        _Pragma("GCC ivdep") FOR_LANES { made[l] = (T)(value); }                                             \
        __asm__("" : "+m"(made));                                                                            \
        _Pragma("GCC ivdep") FOR_LANES { d[l] = mask >> l & 1 ? made[l] : d[l]; }                            \
    } else {                                                                                                 \
        _Pragma("GCC ivdep") FOR_LANES {                                                                     \
            T made = (T)(value);                                                                             \
            d[l] = mask >> l & 1 ? made : d[l];                                                              \
        }                                                                                                    \
    }

/* Rows: name, type of the destination, types of the sources, the result in terms of a, b, c. */
#define DEFINE_ONE(name, D, A, result)                                                                       \
    static inline __attribute__((always_inline)) D name##_of(A a) { return (D)(result); }                    \
    HANDLER(name) {                                                                                          \
        D *d = lanes(w, i->o[0]);                                                                            \
        const A *pa = lanes(w, i->o[1]);                                                                     \
        SET_LANES(D, d, name##_of(pa[l]))                                                                    \
        return i + 1;                                                                                        \
    }
#define DEFINE_TWO(name, D, A, B, result)                                                                    \
    static inline __attribute__((always_inline)) D name##_of(A a, B b) { return (D)(result); }               \
    HANDLER(name) {                                                                                          \
        D *d = lanes(w, i->o[0]);                                                                            \
        const A *pa = lanes(w, i->o[1]);                                                                     \
        const B *pb = lanes(w, i->o[2]);                                                                     \
        SET_LANES(D, d, name##_of(pa[l], pb[l]))                                                             \
        return i + 1;                                                                                        \
    }
#define DEFINE_THREE(name, D, A, B, C, result)                                                               \
    static inline __attribute__((always_inline)) D name##_of(A a, B b, C c) { return (D)(result); }          \
    HANDLER(name) {                                                                                          \
        D *d = lanes(w, i->o[0]);                                                                            \
        const A *pa = lanes(w, i->o[1]);                                                                     \
        const B *pb = lanes(w, i->o[2]);                                                                     \
        const C *pc = lanes(w, i->o[3]);                                                                     \
        SET_LANES(D, d, name##_of(pa[l], pb[l], pc[l]))                                                      \
        return i + 1;                                                                                        \
    }
#define DEFINE_FOUR(name, D, A, B, C, E, result)                                                             \
    static inline __attribute__((always_inline)) D name##_of(A a, B b, C c, E e) { return (D)(result); }     \
    HANDLER(name) {                                                                                          \
        D *d = lanes(w, i->o[0]);                                                                            \
        const A *pa = lanes(w, i->o[1]);                                                                     \
        const B *pb = lanes(w, i->o[2]);                                                                     \
        const C *pc = lanes(w, i->o[3]);                                                                     \
        const E *pe = lanes(w, i->o[4]);                                                                     \
        SET_LANES(D, d, name##_of(pa[l], pb[l], pc[l], pe[l]))                                               \
        return i + 1;                                                                                        \
    }
#define ROW_ONE(name, D, A, result) {#name, DEST_##D LETTER_##A, name},
#define ROW_TWO(name, D, A, B, result) {#name, DEST_##D LETTER_##A LETTER_##B, name},
#define ROW_THREE(name, D, A, B, C, result) {#name, DEST_##D LETTER_##A LETTER_##B LETTER_##C, name},
#define ROW_FOUR(name, D, A, B, C, E, result)                                                                \
    {#name, DEST_##D LETTER_##A LETTER_##B LETTER_##C LETTER_##E, name},

#endif
