/* Loads and stores of every state space, vectors of 1, 2, 4 and 8. */
#include "memory_access.h"

/* Element e of V, of memory type T, into registers of type D. */
#define LOAD_ELEMENT(D, T, V)                                                                                \
    {                                                                                                        \
        D *d = lanes(w, i->o[e]);                                                                            \
        const T *p = (const T *)(const void *)(base + at[0]) + e;                                            \
        if (streams) {                                                                                       \
            _Pragma("GCC ivdep") FOR_LANES { d[l] = (D)p[l * V]; }                                           \
        } else if (mask == ALL_LANES) {                                                                      \
            FOR_LANES { d[l] = (D)((const T *)(const void *)(base + at[l]))[e]; }                            \
        } else {                                                                                             \
            FOR_ACTIVE(l) { d[l] = (D)((const T *)(const void *)(base + at[l]))[e]; }                        \
        }                                                                                                    \
    }
#define STORE_ELEMENT(D, T, V)                                                                               \
    {                                                                                                        \
        const D *a = lanes(w, i->o[e]);                                                                      \
        T *p = (T *)(void *)(base + at[0]) + e;                                                              \
        if (streams) {                                                                                       \
            _Pragma("GCC ivdep") FOR_LANES { p[l * V] = (T)a[l]; }                                           \
        } else if (mask == ALL_LANES) {                                                                      \
            FOR_LANES { ((T *)(void *)(base + at[l]))[e] = (T)a[l]; }                                        \
        } else {                                                                                             \
            FOR_ACTIVE(l) { ((T *)(void *)(base + at[l]))[e] = (T)a[l]; }                                    \
        }                                                                                                    \
    }
#define ELEMENT_1(MOVE, T, V)                                                                                \
    switch (i->width) {                                                                                      \
    case 2:                                                                                                  \
        MOVE(u16, T, V)                                                                                      \
        break;                                                                                               \
    case 4:                                                                                                  \
        MOVE(u32, T, V)                                                                                      \
        break;                                                                                               \
    default:                                                                                                 \
        MOVE(u64, T, V)                                                                                      \
    }
#define ELEMENT_2(MOVE, T, V) ELEMENT_1(MOVE, T, V)
#define ELEMENT_4(MOVE, T, V)                                                                                \
    if (i->width == 4)                                                                                       \
        MOVE(u32, T, V)                                                                                      \
    else                                                                                                     \
        MOVE(u64, T, V)
#define ELEMENT_8(MOVE, T, V) MOVE(u64, T, V)

#define DEFINE_LOAD(T, bytes, V)                                                                             \
    static void load_##T##_##V(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,          \
                               const u64 *at, bool streams) {                                                \
        for (unsigned e = 0; e < V; e++)                                                                     \
            ELEMENT_##bytes(LOAD_ELEMENT, T, V)                                                              \
    }                                                                                                        \
    HANDLER(ld_##T##_##V) {                                                                                  \
        const struct access access = {"load", false, bytes * V, &w->grid->counts.global_load_sectors,        \
                                      L2_LOAD};                                                              \
        w->block->polls += i->strong;                                                                        \
        return access_memory(w, i, mask, &access, load_##T##_##V) ? i + 1 : NULL;                            \
    }
#define DEFINE_STORE(T, bytes, V)                                                                            \
    static void store_##T##_##V(struct warp *w, const struct bound *i, uint32_t mask, uint8_t *base,         \
                                const u64 *at, bool streams) {                                               \
        for (unsigned e = 0; e < V; e++)                                                                     \
            ELEMENT_##bytes(STORE_ELEMENT, T, V)                                                             \
    }                                                                                                        \
    HANDLER(st_##T##_##V) {                                                                                  \
        const struct access access = {"store", true, bytes * V, &w->grid->counts.global_store_sectors,       \
                                      L2_STORE};                                                             \
        return access_memory(w, i, mask, &access, store_##T##_##V) ? i + 1 : NULL;                           \
    }
#define EVERY_SHAPE(DEFINE, T, bytes)                                                                        \
    DEFINE(T, bytes, 1)                                                                                      \
    DEFINE(T, bytes, 2)                                                                                      \
    DEFINE(T, bytes, 4)

EVERY_SHAPE(DEFINE_LOAD, u8, 1)
EVERY_SHAPE(DEFINE_LOAD, s8, 1)
EVERY_SHAPE(DEFINE_LOAD, u16, 2)
EVERY_SHAPE(DEFINE_LOAD, s16, 2)
EVERY_SHAPE(DEFINE_LOAD, u32, 4)
EVERY_SHAPE(DEFINE_LOAD, s32, 4)
EVERY_SHAPE(DEFINE_LOAD, u64, 8)
DEFINE_LOAD(u32, 4, 8)
EVERY_SHAPE(DEFINE_STORE, u8, 1)
EVERY_SHAPE(DEFINE_STORE, u16, 2)
EVERY_SHAPE(DEFINE_STORE, u32, 4)
EVERY_SHAPE(DEFINE_STORE, u64, 8)
DEFINE_STORE(u32, 4, 8)

#define ROW_LD(N, T)                                                                                         \
    {"ld_" #N, "Xm", ld_##T##_1}, {"ld_v2_" #N, "XXm", ld_##T##_2}, {"ld_v4_" #N, "XXXXm", ld_##T##_4},
#define ROW_ST(N, T)                                                                                         \
    {"st_" #N, "mx", st_##T##_1}, {"st_v2_" #N, "mxx", st_##T##_2}, {"st_v4_" #N, "mxxxx", st_##T##_4},

const struct instruction AT_LEVEL(memory_instructions)[] = {
    ROW_LD(b8, u8) ROW_LD(u8, u8) ROW_LD(s8, s8) ROW_LD(b16, u16) ROW_LD(u16, u16) ROW_LD(s16, s16)
        ROW_LD(f16, u16) ROW_LD(b32, u32) ROW_LD(u32, u32) ROW_LD(s32, s32) ROW_LD(f32, u32) ROW_LD(b64, u64)
            ROW_LD(u64, u64) ROW_LD(s64, u64) ROW_LD(f64, u64) ROW_ST(b8, u8) ROW_ST(u8, u8) ROW_ST(s8, u8)
                ROW_ST(b16, u16) ROW_ST(u16, u16) ROW_ST(s16, u16) ROW_ST(f16, u16) ROW_ST(b32, u32)
                    ROW_ST(u32, u32) ROW_ST(s32, u32) ROW_ST(f32, u32) ROW_ST(b64, u64) ROW_ST(u64, u64)
                        ROW_ST(s64, u64) ROW_ST(f64, u64){"ld_v8_b32", "XXXXXXXXm", ld_u32_8},
    {"ld_v8_f32", "XXXXXXXXm", ld_u32_8},
    {"st_v8_b32", "mxxxxxxxx", st_u32_8},
    {"st_v8_f32", "mxxxxxxxx", st_u32_8},
    {NULL, NULL, NULL},
};
