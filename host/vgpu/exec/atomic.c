/* atom and red: read, change, write, lane after lane. */
#include "memory_access.h"

#include "float_lanes.h"

/* Rows: name, type, operands after the address (1, or 2 for cas), the new value from old, b and c. */
#define DEFINE_ATOM(name, T, operands, update)                                                               \
    static inline __attribute__((always_inline)) T name##_of(T old, T b, T c, const uint8_t *base) {         \
        (void)old, (void)b, (void)c, (void)base;                                                             \
        return (T)(update);                                                                                  \
    }                                                                                                        \
    static void atom_##name##_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,        \
                                 const u64 *at) {                                                            \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *b = lanes(w, i->o[1]), *c = lanes(w, i->o[operands]);                                       \
        FOR_ACTIVE(l) {                                                                                      \
            T *p = (T *)(void *)(base + at[l]), old = *p;                                                    \
            *p = name##_of(old, b[l], c[l], base);                                                           \
            d[l] = old;                                                                                      \
        }                                                                                                    \
    }                                                                                                        \
    HANDLER(atom_##name) {                                                                                   \
        static const struct access access = {"atomic", true, sizeof(T), NULL, L2_ATOMIC};                    \
        w->grid->counts.atomics += (unsigned)__builtin_popcount(mask);                                       \
        w->block->polls += i->strong;                                                                        \
        return access_memory(w, i, mask, &access, atom_##name##_in) ? i + 1 : NULL;                          \
    }
/* red has every operation but exch and cas. */
#define DEFINE_ATOM_AND_RED(name, T, operands, update)                                                       \
    DEFINE_ATOM(name, T, operands, update)                                                                   \
    static void red_##name##_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,         \
                                const u64 *at) {                                                             \
        const T *b = lanes(w, i->o[0]);                                                                      \
        FOR_ACTIVE(l) {                                                                                      \
            T *p = (T *)(void *)(base + at[l]);                                                              \
            *p = name##_of(*p, b[l], b[l], base);                                                            \
        }                                                                                                    \
    }                                                                                                        \
    HANDLER(red_##name) {                                                                                    \
        static const struct access access = {"atomic", true, sizeof(T), NULL, L2_ATOMIC};                    \
        w->grid->counts.atomics += (unsigned)__builtin_popcount(mask);                                       \
        return access_memory(w, i, mask, &access, red_##name##_in) ? i + 1 : NULL;                           \
    }
#define OPERANDS_1(T) LETTER_##T
#define OPERANDS_2(T) LETTER_##T LETTER_##T
#define ROW_ATOM(name, T, operands, update) {"atom_" #name, DEST_##T "m" OPERANDS_##operands(T), atom_##name},
#define ROW_ATOM_AND_RED(name, T, operands, update)                                                          \
    ROW_ATOM(name, T, operands, update){"red_" #name, "m" OPERANDS_##operands(T), red_##name},

/* Binary32 sums in global memory flush subnormals, those in shared memory do not. */
static inline f32 atomic_sum(f32 old, f32 b, const uint8_t *base) {
    bool flushes = base == (const uint8_t *)memory_distance;
    return flushes ? flushed_result(flushed(old) + flushed(b)) : canonical(old + b);
}

#define ORDERED(ROW, T)                                                                                      \
    ROW(min_##T, T, 1, old < b ? old : b)                                                                    \
    ROW(max_##T, T, 1, old > b ? old : b)
#define BITWISE(ROW, T)                                                                                      \
    ROW(and_##T, T, 1, old &b)                                                                               \
    ROW(or_##T, T, 1, old | b)                                                                               \
    ROW(xor_##T, T, 1, old ^ b)
#define EXCHANGES(ROW, T)                                                                                    \
    ROW(exch_##T, T, 1, b)                                                                                   \
    ROW(cas_##T, T, 2, old == b ? c : old)
#define ATOMICS(ATOM, ROW)                                                                                   \
    ROW(add_u32, u32, 1, old + b)                                                                            \
    ROW(add_s32, s32, 1, old + b)                                                                            \
    ROW(add_u64, u64, 1, old + b)                                                                            \
    ROW(add_s64, s64, 1, old + b)                                                                            \
    ROW(add_f32, f32, 1, atomic_sum(old, b, base))                                                           \
    ROW(add_f64, f64, 1, old + b)                                                                            \
    ORDERED(ROW, u32)                                                                                        \
    ORDERED(ROW, s32)                                                                                        \
    ORDERED(ROW, u64)                                                                                        \
    ORDERED(ROW, s64)                                                                                        \
    BITWISE(ROW, b32)                                                                                        \
    BITWISE(ROW, b64)                                                                                        \
    EXCHANGES(ATOM, b32)                                                                                     \
    EXCHANGES(ATOM, b64)                                                                                     \
    ATOM(cas_b16, b16, 2, old == b ? c : old)                                                                \
    ROW(inc_u32, u32, 1, old >= b ? 0 : old + 1)                                                             \
    ROW(dec_u32, u32, 1, old == 0 || old > b ? b : old - 1)

ATOMICS(DEFINE_ATOM, DEFINE_ATOM_AND_RED)

const struct instruction AT_LEVEL(atomic_instructions)[] = {
    ATOMICS(ROW_ATOM, ROW_ATOM_AND_RED){NULL, NULL, NULL},
};
