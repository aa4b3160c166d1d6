/*
 * Operations that change what is there and tell an mbarrier or a group: cp.reduce.async.bulk on a range of bytes, red.async and
 * st.async on one element of a block of the cluster. All are copies that fold, or whose bytes come out of registers (copy.h).
 */
#include "bulk.h"
#include "half_format.h"

/* Rows: name, type of the elements, the new value from the old one and b. */
#define DEFINE_FOLD(name, T, result)                                                                         \
    static void fold_##name(uint8_t *to, const uint8_t *from, u32 bytes) {                                   \
        for (u32 at = 0; at + sizeof(T) <= bytes; at += (u32)sizeof(T)) {                                    \
            T *p = (T *)(void *)(to + at), old = *p, b = *(const T *)(const void *)(from + at);              \
            *p = (T)(result);                                                                                \
        }                                                                                                    \
    }
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
/* What shared memory knows, and red.async too. */
#define FOLDS_OF_SHARED(ROW)                                                                                 \
    ROW(add_u32, u32, old + b)                                                                               \
    ROW(add_s32, s32, old + b)                                                                               \
    ROW(add_u64, u64, old + b)                                                                               \
    ROW(min_u32, u32, SMALLER(old, b))                                                                       \
    ROW(min_s32, s32, SMALLER(old, b))                                                                       \
    ROW(max_u32, u32, LARGER(old, b))                                                                        \
    ROW(max_s32, s32, LARGER(old, b))                                                                        \
    ROW(inc_u32, u32, old >= b ? 0 : old + 1)                                                                \
    ROW(dec_u32, u32, old == 0 || old > b ? b : old - 1)                                                     \
    ROW(and_b32, u32, old &b)                                                                                \
    ROW(or_b32, u32, old | b)                                                                                \
    ROW(xor_b32, u32, old ^ b)
#define FOLDS_OF_GLOBAL(ROW)                                                                                 \
    FOLDS_OF_SHARED(ROW)                                                                                     \
    ROW(min_u64, u64, SMALLER(old, b))                                                                       \
    ROW(min_s64, s64, SMALLER(old, b))                                                                       \
    ROW(max_u64, u64, LARGER(old, b))                                                                        \
    ROW(max_s64, s64, LARGER(old, b))                                                                        \
    ROW(and_b64, u64, old &b)                                                                                \
    ROW(or_b64, u64, old | b)                                                                                \
    ROW(xor_b64, u64, old ^ b)                                                                               \
    ROW(add_f32, f32, flushed_result(flushed(old) + flushed(b)))                                             \
    ROW(add_f64, f64, old + b)                                                                               \
    ROW(add_noftz_f16, u16, narrow_f16(odd_sum(wide_f16(old), wide_f16(b))))                                 \
    ROW(add_noftz_bf16, u16, narrow_bf16(odd_sum(wide_bf16(old), wide_bf16(b))))

FOLDS_OF_GLOBAL(DEFINE_FOLD)

static inline const struct bound *reduce_to_global(struct warp *w, const struct bound *i, uint32_t mask,
                                                   copy_fold *fold) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        struct copy copy = {.kind = COPY_BULK, .bytes = bytes[l], .fold = fold, .warp = w, .i = i, .lane = l};
        copy.from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        if (copy.from.bytes)
            copy.to = global_range(w, i, l, address_of(w, i, TO, l), bytes[l], L2_STORE);
        if (!copy.to.bytes || !copy_issue(&copy))
            return NULL;
    }
    return i + 1;
}

static inline const struct bound *reduce_to_shared(struct warp *w, const struct bound *i, uint32_t mask,
                                                   copy_fold *fold) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        u32 to = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        struct copy copy = {.kind = COPY_BULK, .bytes = bytes[l], .fold = fold, .warp = w, .i = i, .lane = l};
        copy.from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        if (copy.from.bytes)
            copy.to = shared_range(w, i, l, to, bytes[l], "writes");
        if (!copy.to.bytes || !copy_with_barrier(&copy, to, barrier))
            return NULL;
    }
    return i + 1;
}

/* Elements of `bytes` each, `count` of them from the operands behind the first, for each lane; without a fold they are stored. */
static inline const struct bound *send_elements(struct warp *w, const struct bound *i, uint32_t mask,
                                                u32 bytes, unsigned count, copy_fold *fold) {
    enum { OBJECT = 1 };
    const struct access access = {"asynchronous store", true, bytes * count, NULL, L2_NO_USE};
    struct cluster *cluster = w->block->cluster;
    u64 at[WARP_LANES] __attribute__((aligned(64)));
    for (unsigned l = 0; l < WARP_LANES; l++)
        at[l] = (u32)address_of(w, i, TO, l);
    uint8_t *base = access_mapped_shared(w, i, mask, at, &access, PTX_SPACE_CLUSTER);
    if (base == NULL)
        return NULL;
    FOR_ACTIVE(l) {
        u64 rank = at[l] / w->grid->shared_stride, offset = at[l] % w->grid->shared_stride;
        struct copy copy = {.kind = COPY_BULK,
                            .to = {.bytes = base + at[l], .home = &cluster->blocks[rank], .at = offset},
                            .from.trips = trips_at_barrier(w),
                            .bytes = access.bytes,
                            .fold = fold,
                            .warp = w,
                            .i = i,
                            .lane = l};
        for (unsigned e = 0; e < count; e++)
            __builtin_memcpy(copy.value + e * bytes, (const uint8_t *)lanes(w, i->o[e]) + l * bytes, bytes);
        w->grid->counts.atomics += fold != NULL;
        if (!copy_with_barrier(&copy, (u32)address_of(w, i, TO, l), (u32)address_of(w, i, OBJECT, l)))
            return NULL;
    }
    return i + 1;
}

#define DEFINE_TO_GLOBAL(name, T, result)                                                                    \
    HANDLER(to_global_##name) { return reduce_to_global(w, i, mask, fold_##name); }
#define DEFINE_TO_SHARED(name, T, result)                                                                    \
    HANDLER(to_shared_##name) { return reduce_to_shared(w, i, mask, fold_##name); }                          \
    HANDLER(red_async_##name) { return send_elements(w, i, mask, sizeof(T), 1, fold_##name); }
FOLDS_OF_GLOBAL(DEFINE_TO_GLOBAL)
FOLDS_OF_SHARED(DEFINE_TO_SHARED)

#define DEFINE_ASYNC_STORE(T, V)                                                                             \
    HANDLER(st_async_##T##_##V) { return send_elements(w, i, mask, sizeof(T), V, NULL); }
DEFINE_ASYNC_STORE(b32, 1)
DEFINE_ASYNC_STORE(b32, 2)
DEFINE_ASYNC_STORE(b32, 4)
DEFINE_ASYNC_STORE(b64, 1)
DEFINE_ASYNC_STORE(b64, 2)

#define COMPLETES "mbarrier::complete_tx::bytes_"
#define ROW_TO_GLOBAL(name, T, result)                                                                       \
    {"cp_reduce_async_bulk_global_shared_bulk_group_" #name, "aaw", to_global_##name},
#define ROW_TO_SHARED(name, T, result)                                                                       \
    {"cp_reduce_async_bulk_shared::cluster_shared_" COMPLETES #name, "aawa", to_shared_##name},              \
        {"red_async_" COMPLETES #name, "a" LETTER_##T "a", red_async_##name},
#define ROW_ASYNC_STORE(N, T)                                                                                \
    {"st_async_" COMPLETES #N, "a" LETTER_##T "a", st_async_##T##_1},                                        \
        {"st_async_" COMPLETES "v2_" #N, "a" LETTER_##T LETTER_##T "a", st_async_##T##_2},
#define ROW_ASYNC_STORE_4(N) {"st_async_" COMPLETES "v4_" #N, "awwwwa", st_async_b32_4},

const struct instruction AT_LEVEL(bulk_reduce_instructions)[] = {
    FOLDS_OF_GLOBAL(ROW_TO_GLOBAL) FOLDS_OF_SHARED(ROW_TO_SHARED) ROW_ASYNC_STORE(b32, b32)
        ROW_ASYNC_STORE(u32, b32) ROW_ASYNC_STORE(s32, b32) ROW_ASYNC_STORE(f32, b32)
            ROW_ASYNC_STORE(b64, b64) ROW_ASYNC_STORE(u64, b64) ROW_ASYNC_STORE(s64, b64)
                ROW_ASYNC_STORE(f64, b64) ROW_ASYNC_STORE_4(b32) ROW_ASYNC_STORE_4(u32) ROW_ASYNC_STORE_4(s32)
                    ROW_ASYNC_STORE_4(f32){NULL, NULL, NULL},
};
