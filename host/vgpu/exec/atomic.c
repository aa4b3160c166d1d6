/* atom and red: read, change, write, lane after lane. */
#include "half_format.h"
#include "memory_access.h"

/* What is counted for each lane; `name`_in does the work. */
#define DEFINE_ATOMIC_HANDLER(name, lane_bytes, operations, polls)                                           \
    HANDLER(name) {                                                                                          \
        static const struct access access = {"atomic", true, lane_bytes, NULL, L2_ATOMIC};                   \
        w->grid->counts.atomics += (unsigned)__builtin_popcount(mask) * (operations);                        \
        polls;                                                                                               \
        return access_memory(w, i, mask, &access, name##_in) ? i + 1 : NULL;                                 \
    }

/* Rows: name, type, operands after the address (1, or 2 for cas), the new value from old, b and c. */
#define DEFINE_ATOM(name, T, operands, update)                                                               \
    static inline __attribute__((always_inline)) T name##_of(T old, T b, T c, const uint8_t *base) {         \
        (void)old, (void)b, (void)c, (void)base;                                                             \
        return (T)(update);                                                                                  \
    }                                                                                                        \
    static void atom_##name##_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,        \
                                 const u64 *at, bool streams) {                                              \
        (void)streams;                                                                                       \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *b = lanes(w, i->o[1]), *c = lanes(w, i->o[operands]);                                       \
        FOR_ACTIVE(l) {                                                                                      \
            T *p = (T *)(void *)(base + at[l]), old = *p;                                                    \
            *p = name##_of(old, b[l], c[l], base);                                                           \
            d[l] = old;                                                                                      \
        }                                                                                                    \
    }                                                                                                        \
    DEFINE_ATOMIC_HANDLER(atom_##name, sizeof(T), 1, w->block->polls += i->strong)
/* red has every operation but exch and cas. */
#define DEFINE_ATOM_AND_RED(name, T, operands, update)                                                       \
    DEFINE_ATOM(name, T, operands, update)                                                                   \
    static void red_##name##_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,         \
                                const u64 *at, bool streams) {                                               \
        (void)streams;                                                                                       \
        const T *b = lanes(w, i->o[0]);                                                                      \
        FOR_ACTIVE(l) {                                                                                      \
            T *p = (T *)(void *)(base + at[l]);                                                              \
            *p = name##_of(*p, b[l], b[l], base);                                                            \
        }                                                                                                    \
    }                                                                                                        \
    DEFINE_ATOMIC_HANDLER(red_##name, sizeof(T), 1, (void)0)
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

/* 16-bit floats keep subnormals (.noftz is the only form). */
#define DEFINE_HALF_SUM(N)                                                                                   \
    static inline u16 sum_##N(u16 old, u16 b) { return narrow_##N(odd_sum(wide_##N(old), wide_##N(b))); }    \
    static inline u32 sum_##N##x2(u32 old, u32 b) {                                                          \
        return (u32)sum_##N((u16)(old >> 16), (u16)(b >> 16)) << 16 | sum_##N((u16)old, (u16)b);             \
    }
DEFINE_HALF_SUM(f16)
DEFINE_HALF_SUM(bf16)

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
    ROW(add_noftz_f16, b16, 1, sum_f16(old, b))                                                              \
    ROW(add_noftz_bf16, b16, 1, sum_bf16(old, b))                                                            \
    ROW(add_noftz_f16x2, b32, 1, sum_f16x2(old, b))                                                          \
    ROW(add_noftz_bf16x2, b32, 1, sum_bf16x2(old, b))                                                        \
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

/* Vectors: an atomic operation for each element; where the results and operands are, after the address. */
#define DEFINE_ATOMIC_VECTOR(name, T, V, sum)                                                                \
    static void atom_##name##_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,        \
                                 const u64 *at, bool streams) {                                              \
        (void)streams;                                                                                       \
        T before[V][WARP_LANES];                                                                             \
        for (unsigned e = 0; e < V; e++) {                                                                   \
            const T *b = lanes(w, i->o[V + e]);                                                              \
            FOR_ACTIVE(l) {                                                                                  \
                T *p = (T *)(void *)(base + at[l]) + e;                                                      \
                before[e][l] = *p;                                                                           \
                *p = sum(*p, b[l], base);                                                                    \
            }                                                                                                \
        }                                                                                                    \
        for (unsigned e = 0; e < V; e++) {                                                                   \
            T *d = lanes(w, i->o[e]);                                                                        \
            FOR_ACTIVE(l) { d[l] = before[e][l]; }                                                           \
        }                                                                                                    \
    }                                                                                                        \
    static void red_##name##_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,         \
                                const u64 *at, bool streams) {                                               \
        (void)streams;                                                                                       \
        for (unsigned e = 0; e < V; e++) {                                                                   \
            const T *b = lanes(w, i->o[e]);                                                                  \
            FOR_ACTIVE(l) {                                                                                  \
                T *p = (T *)(void *)(base + at[l]) + e;                                                      \
                *p = sum(*p, b[l], base);                                                                    \
            }                                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    DEFINE_ATOMIC_HANDLER(atom_##name, V * sizeof(T), V, w->block->polls += i->strong)                       \
    DEFINE_ATOMIC_HANDLER(red_##name, V * sizeof(T), V, (void)0)
#define VECTOR_2 "ww"
#define VECTOR_4 "wwww"
#define RESULTS_2 "WW"
#define RESULTS_4 "WWWW"
#define ROW_ATOMIC_VECTOR(name, T, V, sum)                                                                   \
    {"atom_" #name, RESULTS_##V "m" VECTOR_##V, atom_##name}, {"red_" #name, "m" VECTOR_##V, red_##name},
#define SUM_f16x2(old, b, base) sum_f16x2(old, b)
#define SUM_bf16x2(old, b, base) sum_bf16x2(old, b)
#define ATOMIC_VECTORS(ROW)                                                                                  \
    ROW(add_v2_f32, f32, 2, atomic_sum)                                                                      \
    ROW(add_v4_f32, f32, 4, atomic_sum)                                                                      \
    ROW(add_noftz_v2_f16x2, b32, 2, SUM_f16x2)                                                               \
    ROW(add_noftz_v4_f16x2, b32, 4, SUM_f16x2)                                                               \
    ROW(add_noftz_v2_bf16x2, b32, 2, SUM_bf16x2)                                                             \
    ROW(add_noftz_v4_bf16x2, b32, 4, SUM_bf16x2)

ATOMIC_VECTORS(DEFINE_ATOMIC_VECTOR)

/* A 128-bit register is two lane arrays, low halves then high ones. */
static inline unsigned __int128 wide_lane(const u64 *lanes, unsigned l) {
    return (unsigned __int128)lanes[l + WARP_LANES] << 64 | lanes[l];
}
static void exchange_wide(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base, const u64 *at,
                          const u64 *compared, const u64 *next) {
    u64 *d = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        unsigned __int128 old, wanted = wide_lane(next, l);
        __builtin_memcpy(&old, base + at[l], sizeof old);
        if (compared == NULL || old == wide_lane(compared, l))
            __builtin_memcpy(base + at[l], &wanted, sizeof wanted);
        d[l] = (u64)old;
        d[l + WARP_LANES] = (u64)(old >> 64);
    }
}
static void atom_cas_b128_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,
                             const u64 *at, bool streams) {
    (void)streams;
    exchange_wide(w, i, mask, base, at, lanes(w, i->o[1]), lanes(w, i->o[2]));
}
static void atom_exch_b128_in(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,
                              const u64 *at, bool streams) {
    (void)streams;
    exchange_wide(w, i, mask, base, at, NULL, lanes(w, i->o[1]));
}
DEFINE_ATOMIC_HANDLER(atom_cas_b128, 16, 1, w->block->polls += i->strong)
DEFINE_ATOMIC_HANDLER(atom_exch_b128, 16, 1, w->block->polls += i->strong)

const struct instruction AT_LEVEL(atomic_instructions)[] = {
    ATOMICS(ROW_ATOM, ROW_ATOM_AND_RED)
        ATOMIC_VECTORS(ROW_ATOMIC_VECTOR){"atom_cas_b128", "Qmqq", atom_cas_b128},
    {"atom_exch_b128", "Qmq", atom_exch_b128},
    {NULL, NULL, NULL},
};
