/*
 * Operations that change what is there and tell an mbarrier or a group: cp.reduce.async.bulk on a range of bytes, red.async and
 * st.async on one element of a block of the cluster. All are complete when they are issued, as bulk copies are.
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

typedef void fold(uint8_t *to, const uint8_t *from, u32 bytes);

static inline const struct bound *reduce_to_global(struct warp *w, const struct bound *i, uint32_t mask,
                                                   fold *fold) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        const uint8_t *from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        uint8_t *to = from ? global_range(w, i, l, address_of(w, i, TO, l), bytes[l], L2_STORE) : NULL;
        if (to == NULL)
            return NULL;
        fold(to, from, bytes[l]);
    }
    return i + 1;
}

static inline const struct bound *reduce_to_shared(struct warp *w, const struct bound *i, uint32_t mask,
                                                   fold *fold) {
    const u32 *bytes = lanes(w, i->o[0]);
    FOR_ACTIVE(l) {
        u32 at = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, BARRIER, l);
        const uint8_t *from = shared_range(w, i, l, (u32)address_of(w, i, FROM, l), bytes[l], "reads");
        uint8_t *to = from ? shared_range(w, i, l, at, bytes[l], "writes") : NULL;
        uint64_t *object = to ? barrier_of(w, i, l, at, barrier) : NULL;
        if (object == NULL)
            return NULL;
        fold(to, from, bytes[l]);
        if (!mbarrier_transact(w, i, l, object, -(int64_t)bytes[l]))
            return NULL;
    }
    return i + 1;
}

/* Elements of `bytes` each, `count` of them from the operands behind the first: where the last of these lanes' values goes. */
static inline const struct bound *change_element(struct warp *w, const struct bound *i, uint32_t mask,
                                                 u32 bytes, unsigned count, fold *fold) {
    enum { OBJECT = 1 };
    FOR_ACTIVE(l) {
        u32 at = (u32)address_of(w, i, TO, l), barrier = (u32)address_of(w, i, OBJECT, l),
            all = bytes * count;
        uint8_t *to = at % all ? NULL : cluster_range(w, i, l, at, all);
        if (to == NULL) {
            fault_message(w, i, l, CHECK_MEM, at,
                          "an asynchronous store is misaligned or outside the cluster's shared memory");
            return NULL;
        }
        uint64_t *object = barrier_of(w, i, l, at, barrier);
        if (object == NULL)
            return NULL;
        for (unsigned e = 0; e < count; e++)
            fold(to + e * bytes, (const uint8_t *)lanes(w, i->o[e]) + l * bytes, bytes);
        w->grid->counts.atomics++;
        if (!mbarrier_transact(w, i, l, object, -(int64_t)all))
            return NULL;
    }
    return i + 1;
}

#define DEFINE_TO_GLOBAL(name, T, result)                                                                    \
    HANDLER(to_global_##name) { return reduce_to_global(w, i, mask, fold_##name); }
#define DEFINE_TO_SHARED(name, T, result)                                                                    \
    HANDLER(to_shared_##name) { return reduce_to_shared(w, i, mask, fold_##name); }                          \
    HANDLER(red_async_##name) { return change_element(w, i, mask, sizeof(T), 1, fold_##name); }
FOLDS_OF_GLOBAL(DEFINE_TO_GLOBAL)
FOLDS_OF_SHARED(DEFINE_TO_SHARED)

static void replace(uint8_t *to, const uint8_t *from, u32 bytes) { __builtin_memcpy(to, from, bytes); }
#define DEFINE_ASYNC_STORE(T, V)                                                                             \
    HANDLER(st_async_##T##_##V) { return change_element(w, i, mask, sizeof(T), V, replace); }
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
