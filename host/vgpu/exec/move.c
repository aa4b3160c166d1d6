/* Moves: mov with packing and unpacking, cvta, isspacep, activemask, clocks. */
#include "address.h"
#include "lanes.h"

#define MOVES(ONE)                                                                                           \
    ONE(mov_b16, b16, b16, a)                                                                                \
    ONE(mov_b32, b32, b32, a)                                                                                \
    ONE(mov_b64, b64, b64, a)
MOVES(DEFINE_ONE)

HANDLER(mov_pred) {
    set_predicate(w, i, 0, mask, predicate(w, i, 1));
    return i + 1;
}

/* N narrow values in one wide W, the first in the lowest bits. */
#define DEFINE_PACK(name, W, T, N)                                                                           \
    HANDLER(name##_pack##N) {                                                                                \
        W *d = lanes(w, i->o[0]);                                                                            \
        W r[WARP_LANES] __attribute__((aligned(64))) = {0};                                                  \
        for (unsigned k = 0; k < N; k++) {                                                                   \
            const T *a = lanes(w, i->o[1 + k]);                                                              \
            FOR_LANES { r[l] |= (W)a[l] << (k * 8 * sizeof(T)); }                                            \
        }                                                                                                    \
        SET_LANES(W, d, r[l])                                                                                \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(name##_unpack##N) {                                                                              \
        W a[WARP_LANES] __attribute__((aligned(64)));                                                        \
        __builtin_memcpy(a, lanes(w, i->o[N]), sizeof a);                                                    \
        for (unsigned k = 0; k < N; k++) {                                                                   \
            T *d = lanes(w, i->o[k]);                                                                        \
            SET_LANES(T, d, a[l] >> (k * 8 * sizeof(T)))                                                     \
        }                                                                                                    \
        return i + 1;                                                                                        \
    }
DEFINE_PACK(mov_b32, b32, b16, 2)
DEFINE_PACK(mov_b64, b64, b32, 2)
DEFINE_PACK(mov_b64, b64, b16, 4)

/* 8-bit registers are held in 16 bits. */
HANDLER(mov_b16_pack2) {
    b16 *d = lanes(w, i->o[0]);
    const b16 *low = lanes(w, i->o[1]), *high = lanes(w, i->o[2]);
    SET_LANES(b16, d, (low[l] & 0xff) | high[l] << 8)
    return i + 1;
}
HANDLER(mov_b16_unpack2) {
    b16 *low = lanes(w, i->o[0]), *high = lanes(w, i->o[1]);
    b16 a[WARP_LANES] __attribute__((aligned(64)));
    __builtin_memcpy(a, lanes(w, i->o[2]), sizeof a);
    SET_LANES(b16, low, a[l] & 0xff)
    SET_LANES(b16, high, a[l] >> 8)
    return i + 1;
}

/* A 128-bit register is two 64-bit lane arrays, low then high. */
enum { HIGH_HALF = WARP_LANES };

HANDLER(mov_b128) {
    b64 *d = lanes(w, i->o[0]);
    const b64 *a = lanes(w, i->o[1]);
    SET_LANES(b64, d, a[l])
    d += HIGH_HALF;
    a += HIGH_HALF;
    SET_LANES(b64, d, a[l])
    return i + 1;
}
HANDLER(mov_b128_pack2) {
    b64 *d = lanes(w, i->o[0]);
    const b64 *low = lanes(w, i->o[1]), *high = lanes(w, i->o[2]);
    SET_LANES(b64, d, low[l])
    d += HIGH_HALF;
    SET_LANES(b64, d, high[l])
    return i + 1;
}
HANDLER(mov_b128_unpack2) {
    b64 *low = lanes(w, i->o[0]), *high = lanes(w, i->o[1]);
    const b64 *a = lanes(w, i->o[2]);
    SET_LANES(b64, low, a[l])
    SET_LANES(b64, high, a[l + HIGH_HALF])
    return i + 1;
}

/* Generic addresses: shared, local and parameter space have windows of their own, the rest is global (address.h). */
#define CONVERSIONS(ONE)                                                                                     \
    ONE(cvta_shared_u64, u64, u64, GENERIC_SHARED | (u32)a)                                                  \
    ONE(cvta_local_u64, u64, u64, GENERIC_LOCAL | (u32)a)                                                    \
    ONE(cvta_param_u64, u64, u64, GENERIC_PARAM | (u32)a)                                                    \
    ONE(cvta_global_u64, u64, u64, a)                                                                        \
    ONE(cvta_to_shared_u64, u64, u64, (u32)a)
CONVERSIONS(DEFINE_ONE)

#define DEFINE_IS_SPACE(name, holds)                                                                         \
    HANDLER(name) {                                                                                          \
        const u64 *a = lanes(w, i->o[1]);                                                                    \
        uint32_t inside = 0;                                                                                 \
        FOR_LANES { inside |= (uint32_t)(holds) << l; }                                                      \
        set_predicate(w, i, 0, mask, inside);                                                                \
        return i + 1;                                                                                        \
    }
DEFINE_IS_SPACE(isspacep_shared, generic_window(a[l]) == GENERIC_SHARED &&
                                     cluster_rank((u32)a[l], w->block->rank) == w->block->rank)
DEFINE_IS_SPACE(isspacep_cluster, generic_window(a[l]) == GENERIC_SHARED)
DEFINE_IS_SPACE(isspacep_local, generic_window(a[l]) == GENERIC_LOCAL)
DEFINE_IS_SPACE(isspacep_param, generic_window(a[l]) == GENERIC_PARAM)
DEFINE_IS_SPACE(isspacep_global, generic_window(a[l]) == 0)

/* The address of a variable in a frame: the frame's is the base. */
#define DEFINE_MOV_FRAME(T)                                                                                  \
    HANDLER(mov_frame_##T) {                                                                                 \
        T *d = lanes(w, i->o[0]);                                                                            \
        const u64 *base = lanes(w, i->address);                                                              \
        u64 offset = (u64)i->offset;                                                                         \
        SET_LANES(T, d, base[l] + offset)                                                                    \
        return i + 1;                                                                                        \
    }
DEFINE_MOV_FRAME(u32)
DEFINE_MOV_FRAME(u64)

/* The same place in the shared memory of the block with rank b, and the rank of an address. */
#define CLUSTER_MOVES(TWO)                                                                                   \
    TWO(mapa_u32, u32, u32, u32, cluster_address(b, a))                                                      \
    TWO(mapa_u64, u64, u64, u32, (a & ~0xffffffffull) | cluster_address(b, (u32)a))
CLUSTER_MOVES(DEFINE_TWO)

#define DEFINE_RANK(name, T)                                                                                 \
    HANDLER(name) {                                                                                          \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const T *a = lanes(w, i->o[1]);                                                                      \
        u32 own = w->block->rank;                                                                            \
        SET_LANES(u32, d, cluster_rank((u32)a[l], own))                                                      \
        return i + 1;                                                                                        \
    }
DEFINE_RANK(getctarank_u32, u32)
DEFINE_RANK(getctarank_u64, u64)

HANDLER(activemask_b32) {
    u32 *d = lanes(w, i->o[0]);
    SET_LANES(u32, d, mask)
    return i + 1;
}

/* Time is the number of warp instructions issued so far: the same in every run. A warp that reads it waits for no one alone. */
static u64 time_of(const struct warp *w) {
    w->grid->changes++;
    return w->grid->counts.warp_instructions + w->issued;
}

HANDLER(clock_32) {
    u32 *d = lanes(w, i->o[0]);
    u32 now = (u32)time_of(w);
    SET_LANES(u32, d, now)
    return i + 1;
}
HANDLER(clock_hi) {
    u32 *d = lanes(w, i->o[0]);
    u32 now = (u32)(time_of(w) >> 32);
    SET_LANES(u32, d, now)
    return i + 1;
}
HANDLER(clock_64) {
    u64 *d = lanes(w, i->o[0]);
    u64 now = time_of(w);
    SET_LANES(u64, d, now)
    return i + 1;
}

const struct instruction AT_LEVEL(move_instructions)[] = {
    MOVES(ROW_ONE) CONVERSIONS(ROW_ONE){"mov_u16", "Hh", mov_b16},
    {"mov_s16", "Hh", mov_b16},
    {"mov_f16", "Hh", mov_b16},
    {"mov_bf16", "Hh", mov_b16},
    {"mov_u32", "Ww", mov_b32},
    {"mov_s32", "Ww", mov_b32},
    {"mov_f32", "Ww", mov_b32},
    {"mov_f16x2", "Ww", mov_b32},
    {"mov_bf16x2", "Ww", mov_b32},
    {"mov_u64", "Dd", mov_b64},
    {"mov_s64", "Dd", mov_b64},
    {"mov_f64", "Dd", mov_b64},
    {"mov_pred", "Pp", mov_pred},
    {"mov_frame_u32", "Wm", mov_frame_u32},
    {"mov_frame_u64", "Dm", mov_frame_u64},
    {"mov_b128", "Qq", mov_b128},
    {"mov_b16_pack2", "Hhh", mov_b16_pack2},
    {"mov_b16_unpack2", "HHh", mov_b16_unpack2},
    {"mov_b32_pack2", "Whh", mov_b32_pack2},
    {"mov_b32_unpack2", "HHw", mov_b32_unpack2},
    {"mov_b64_pack2", "Dww", mov_b64_pack2},
    {"mov_b64_unpack2", "WWd", mov_b64_unpack2},
    {"mov_b64_pack4", "Dhhhh", mov_b64_pack4},
    {"mov_b64_unpack4", "HHHHd", mov_b64_unpack4},
    {"mov_b128_pack2", "Qdd", mov_b128_pack2},
    {"mov_b128_unpack2", "DDq", mov_b128_unpack2},
    {"cvta_const_u64", "Dd", cvta_global_u64},
    {"cvta_to_local_u64", "Dd", cvta_to_shared_u64},
    {"cvta_to_param_u64", "Dd", cvta_to_shared_u64},
    {"cvta_to_global_u64", "Dd", cvta_global_u64},
    {"cvta_to_const_u64", "Dd", cvta_global_u64},
    {"cvta_shared::cluster_u64", "Dd", cvta_shared_u64},
    {"cvta_to_shared::cluster_u64", "Dd", cvta_to_shared_u64},
    {"mapa_shared::cluster_u32", "Www", mapa_u32},
    {"mapa_shared::cluster_u64", "Ddw", mapa_u64},
    {"mapa_u64", "Ddw", mapa_u64},
    {"getctarank_shared::cluster_u32", "Ww", getctarank_u32},
    {"getctarank_shared::cluster_u64", "Wd", getctarank_u64},
    {"getctarank_u64", "Wd", getctarank_u64},
    {"isspacep_shared", "Pd", isspacep_shared},
    {"isspacep_shared::cluster", "Pd", isspacep_cluster},
    {"isspacep_local", "Pd", isspacep_local},
    {"isspacep_param", "Pd", isspacep_param},
    {"isspacep_global", "Pd", isspacep_global},
    {"activemask_b32", "W", activemask_b32},
    {"clock_32", "W", clock_32},
    {"clock_hi", "W", clock_hi},
    {"clock_64", "D", clock_64},
    {NULL, NULL, NULL},
};
