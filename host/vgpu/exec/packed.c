/* Integers packed in a word: two of 16 bits (add, min, max), and the video instructions' distances of two or four. */
#include "lanes.h"

static inline s32 part(u32 word, unsigned k, unsigned bits, bool is_signed) {
    u32 raised = word << (32 - bits * (k + 1));
    return is_signed ? (s32)raised >> (32 - bits) : (s32)(raised >> (32 - bits));
}

#define DEFINE_PACKED(name, is_signed, result)                                                               \
    static inline u32 name##_of(u32 x, u32 y) {                                                              \
        u32 packed = 0;                                                                                      \
        for (unsigned k = 0; k < 2; k++) {                                                                   \
            s32 a = part(x, k, 16, is_signed), b = part(y, k, 16, is_signed);                                \
            packed |= ((u32)(result)&0xffff) << 16 * k;                                                      \
        }                                                                                                    \
        return packed;                                                                                       \
    }                                                                                                        \
    HANDLER(name) {                                                                                          \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                          \
        SET_LANES(u32, d, name##_of(pa[l], pb[l]))                                                           \
        return i + 1;                                                                                        \
    }
#define ROW_PACKED(name, is_signed, result) {#name, "Www", name},
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))
#define LARGER(a, b) ((a) > (b) ? (a) : (b))
#define PACKED(ROW)                                                                                          \
    ROW(add_u16x2, false, a + b)                                                                             \
    ROW(add_s16x2, true, a + b)                                                                              \
    ROW(min_u16x2, false, SMALLER(a, b))                                                                     \
    ROW(min_s16x2, true, SMALLER(a, b))                                                                      \
    ROW(max_u16x2, false, LARGER(a, b))                                                                      \
    ROW(max_s16x2, true, LARGER(a, b))                                                                       \
    ROW(min_s16x2_relu, true, LARGER(SMALLER(a, b), 0))                                                      \
    ROW(max_s16x2_relu, true, LARGER(LARGER(a, b), 0))

PACKED(DEFINE_PACKED)

#define DEFINE_RELU(name, result)                                                                            \
    HANDLER(name) {                                                                                          \
        s32 *d = lanes(w, i->o[0]);                                                                          \
        const s32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                          \
        SET_LANES(s32, d, LARGER(result(pa[l], pb[l]), 0))                                                   \
        return i + 1;                                                                                        \
    }
DEFINE_RELU(min_s32_relu, SMALLER)
DEFINE_RELU(max_s32_relu, LARGER)

/* d, a, b, c without masks and selectors, so that c is what .add adds to and is not used otherwise. */
#define DEFINE_DISTANCE(name, N, is_signed)                                                                  \
    static inline u32 name##_of(u32 a, u32 b, u32 *sum) {                                                    \
        u32 packed = 0;                                                                                      \
        for (unsigned k = 0; k < N; k++) {                                                                   \
            s32 x = part(a, k, 32 / N, is_signed), y = part(b, k, 32 / N, is_signed);                        \
            u32 distance = (u32)(x > y ? x - y : y - x);                                                     \
            packed |= (distance & (u32)((1ull << 32 / N) - 1)) << 32 / N * k;                                \
            *sum += distance;                                                                                \
        }                                                                                                    \
        return packed;                                                                                       \
    }                                                                                                        \
    HANDLER(name) {                                                                                          \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]);                                          \
        SET_LANES(u32, d, ({                                                                                 \
                      u32 sum = 0;                                                                           \
                      name##_of(pa[l], pb[l], &sum);                                                         \
                  }))                                                                                        \
        return i + 1;                                                                                        \
    }                                                                                                        \
    HANDLER(name##_add) {                                                                                    \
        u32 *d = lanes(w, i->o[0]);                                                                          \
        const u32 *pa = lanes(w, i->o[1]), *pb = lanes(w, i->o[2]), *pc = lanes(w, i->o[3]);                 \
        SET_LANES(u32, d, ({                                                                                 \
                      u32 sum = pc[l];                                                                       \
                      name##_of(pa[l], pb[l], &sum);                                                         \
                      sum;                                                                                   \
                  }))                                                                                        \
        return i + 1;                                                                                        \
    }
#define ROW_DISTANCE(name, N, is_signed) {#name, "Wwww", name}, {#name "_add", "Wwww", name##_add},
#define DISTANCES(ROW)                                                                                       \
    ROW(vabsdiff2_u32_u32_u32, 2, false)                                                                     \
    ROW(vabsdiff4_u32_u32_u32, 4, false)

DISTANCES(DEFINE_DISTANCE)

const struct instruction AT_LEVEL(packed_instructions)[] = {
    PACKED(ROW_PACKED) DISTANCES(ROW_DISTANCE){"min_s32_relu", "Www", min_s32_relu},
    {"max_s32_relu", "Www", max_s32_relu},
    {NULL, NULL, NULL},
};
