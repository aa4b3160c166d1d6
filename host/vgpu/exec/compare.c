/* Comparison and selection: setp, set, selp, slct, testp. */
#include "float_lanes.h"

/* setp d|p, a, b, c: d gets the comparison combined with c, p its negation combined with c. */
static void set_pair(struct warp *w, const struct bound *i, uint32_t mask, uint32_t compared) {
    uint32_t other = predicate(w, i, 4);
    set_predicate(w, i, 0, mask, combined(i->combine, compared, other));
    set_predicate(w, i, 1, mask, combined(i->combine, ~compared, other));
}

/* set: all ones, or 1.0f for a float destination. */
static void set_number(struct warp *w, const struct bound *i, uint32_t mask, uint32_t compared,
                       uint32_t yes) {
    u32 *d = lanes(w, i->o[0]);
    compared = combined(i->combine, compared, predicate(w, i, 3));
    SET_LANES(u32, d, compared >> l & 1 ? yes : 0)
}

#define COMPARED(T, k, condition)                                                                            \
    const T *pa = lanes(w, i->o[k]), *pb = lanes(w, i->o[k + 1]);                                            \
    uint32_t compared = 0;                                                                                   \
    FOR_LANES {                                                                                              \
        T a = pa[l], b = pb[l];                                                                              \
        compared |= (uint32_t)(condition) << l;                                                              \
    }
#define DEFINE_COMPARISON(op, F, T, condition)                                                               \
    HANDLER(setp_##op##F##_##T) {                                                                            \
        COMPARED(T, 2, condition)                                                                            \
        set_pair(w, i, mask, compared);                                                                      \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(set_##op##F##_u32_##T) {                                                                         \
        COMPARED(T, 1, condition)                                                                            \
        set_number(w, i, mask, compared, ~0u);                                                               \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(set_##op##F##_f32_##T) {                                                                         \
        COMPARED(T, 1, condition)                                                                            \
        set_number(w, i, mask, compared, 0x3f800000);                                                        \
        return i + 1;                                                                                        \
    }
#define ROW_COMPARISON(op, F, T, condition)                                                                  \
    {"setp_" #op #F "_" #T, "P|P" LETTER_##T LETTER_##T "?p", setp_##op##F##_##T},                           \
        {"set_" #op #F "_u32_" #T, "W" LETTER_##T LETTER_##T "?p", set_##op##F##_u32_##T},                   \
        {"set_" #op #F "_s32_" #T, "W" LETTER_##T LETTER_##T "?p", set_##op##F##_u32_##T},                   \
        {"set_" #op #F "_f32_" #T, "W" LETTER_##T LETTER_##T "?p", set_##op##F##_f32_##T},

#define EQUALITY(ROW, T)                                                                                     \
    ROW(eq, , T, a == b)                                                                                     \
    ROW(ne, , T, a != b)
#define ORDER(ROW, T)                                                                                        \
    EQUALITY(ROW, T)                                                                                         \
    ROW(lt, , T, a < b)                                                                                      \
    ROW(le, , T, a <= b)                                                                                     \
    ROW(gt, , T, a > b)                                                                                      \
    ROW(ge, , T, a >= b)
#define UNSIGNED_ORDER(ROW, T)                                                                               \
    ORDER(ROW, T)                                                                                            \
    ROW(lo, , T, a < b)                                                                                      \
    ROW(ls, , T, a <= b)                                                                                     \
    ROW(hi, , T, a > b)                                                                                      \
    ROW(hs, , T, a >= b)
/* F is _ftz or nothing, of() what is compared. */
#define FLOAT_ORDER(ROW, F, T, of)                                                                           \
    ROW(eq, F, T, of(a) == of(b))                                                                            \
    ROW(ne, F, T, of(a) < of(b) || of(a) > of(b))                                                            \
    ROW(lt, F, T, of(a) < of(b))                                                                             \
    ROW(le, F, T, of(a) <= of(b))                                                                            \
    ROW(gt, F, T, of(a) > of(b))                                                                             \
    ROW(ge, F, T, of(a) >= of(b))                                                                            \
    ROW(equ, F, T, !(of(a) < of(b) || of(a) > of(b)))                                                        \
    ROW(neu, F, T, of(a) != of(b))                                                                           \
    ROW(ltu, F, T, !(of(a) >= of(b)))                                                                        \
    ROW(leu, F, T, !(of(a) > of(b)))                                                                         \
    ROW(gtu, F, T, !(of(a) <= of(b)))                                                                        \
    ROW(geu, F, T, !(of(a) < of(b)))                                                                         \
    ROW(num, F, T, a == a && b == b)                                                                         \
    ROW(nan, F, T, a != a || b != b)
#define AS_IS(x) (x)

#define COMPARISONS(ROW)                                                                                     \
    EQUALITY(ROW, b16)                                                                                       \
    EQUALITY(ROW, b32)                                                                                       \
    EQUALITY(ROW, b64)                                                                                       \
    ORDER(ROW, s16)                                                                                          \
    ORDER(ROW, s32)                                                                                          \
    ORDER(ROW, s64)                                                                                          \
    UNSIGNED_ORDER(ROW, u16)                                                                                 \
    UNSIGNED_ORDER(ROW, u32)                                                                                 \
    UNSIGNED_ORDER(ROW, u64)                                                                                 \
    FLOAT_ORDER(ROW, , f32, AS_IS)                                                                           \
    FLOAT_ORDER(ROW, _ftz, f32, flushed)                                                                     \
    FLOAT_ORDER(ROW, , f64, AS_IS)

COMPARISONS(DEFINE_COMPARISON)

#define DEFINE_SELECT(T)                                                                                     \
    HANDLER(selp_##T) {                                                                                      \
        T *d = lanes(w, i->o[0]);                                                                            \
        const T *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                            \
        uint32_t chosen = predicate(w, i, 3);                                                                \
        SET_LANES(T, d, chosen >> l & 1 ? pa[l] : pb[l])                                                     \
        return i + 1;                                                                                        \
    }
#define ROW_SELECT(N, T) {"selp_" #N, DEST_##T LETTER_##T LETTER_##T "p", selp_##T},
DEFINE_SELECT(b16)
DEFINE_SELECT(b32)
DEFINE_SELECT(b64)

#define SIGN_SELECT(ROW, T)                                                                                  \
    ROW(slct_##T##_s32, T, T, T, s32, c >= 0 ? a : b)                                                        \
    ROW(slct_##T##_f32, T, T, T, f32, c >= 0 ? a : b)                                                        \
    ROW(slct_ftz_##T##_f32, T, T, T, f32, flushed(c) >= 0 ? a : b)
#define SIGN_SELECTS(ROW)                                                                                    \
    SIGN_SELECT(ROW, b16)                                                                                    \
    SIGN_SELECT(ROW, u16)                                                                                    \
    SIGN_SELECT(ROW, s16)                                                                                    \
    SIGN_SELECT(ROW, b32)                                                                                    \
    SIGN_SELECT(ROW, u32)                                                                                    \
    SIGN_SELECT(ROW, s32)                                                                                    \
    SIGN_SELECT(ROW, f32)                                                                                    \
    SIGN_SELECT(ROW, b64)                                                                                    \
    SIGN_SELECT(ROW, u64)                                                                                    \
    SIGN_SELECT(ROW, s64)                                                                                    \
    SIGN_SELECT(ROW, f64)

SIGN_SELECTS(DEFINE_THREE)

#define DEFINE_TEST(name, T, condition)                                                                      \
    HANDLER(testp_##name##_##T) {                                                                            \
        const T *pa = lanes(w, i->o[1]);                                                                     \
        uint32_t tested = 0;                                                                                 \
        FOR_LANES {                                                                                          \
            T a = pa[l];                                                                                     \
            tested |= (uint32_t)(condition) << l;                                                            \
        }                                                                                                    \
        set_predicate(w, i, 0, mask, tested);                                                                \
        return i + 1;                                                                                        \
    }
#define ROW_TEST(name, T, condition) {"testp_" #name "_" #T, "P" LETTER_##T, testp_##name##_##T},
#define TESTS(ROW, T, smallest_normal)                                                                       \
    ROW(finite, T, fabs(a) < INFINITY)                                                                       \
    ROW(infinite, T, fabs(a) == INFINITY)                                                                    \
    ROW(number, T, a == a)                                                                                   \
    ROW(notanumber, T, a != a)                                                                               \
    ROW(normal, T, (fabs(a) >= smallest_normal && fabs(a) < INFINITY) || a == 0)                             \
    ROW(subnormal, T, fabs(a) < smallest_normal && a != 0)

TESTS(DEFINE_TEST, f32, 0x1p-126)
TESTS(DEFINE_TEST, f64, 0x1p-1022)

const struct instruction AT_LEVEL(compare_instructions)[] = {
    COMPARISONS(ROW_COMPARISON) SIGN_SELECTS(ROW_THREE) TESTS(ROW_TEST, f32, ) TESTS(ROW_TEST, f64, )
        ROW_SELECT(b16, b16) ROW_SELECT(u16, b16) ROW_SELECT(s16, b16) ROW_SELECT(f16, b16)
            ROW_SELECT(bf16, b16) ROW_SELECT(b32, b32) ROW_SELECT(u32, b32) ROW_SELECT(s32, b32)
                ROW_SELECT(f32, b32) ROW_SELECT(b64, b64) ROW_SELECT(u64, b64) ROW_SELECT(s64, b64)
                    ROW_SELECT(f64, b64){NULL, NULL, NULL},
};
