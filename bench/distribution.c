#include "distribution.h"

#include <math.h>
#include <string.h>

enum { HEAD_TOKENS = 300 };

static const char *const names[] = {[DISTRIBUTION_NORMAL] = "normal",
                                    [DISTRIBUTION_LLM] = "llm",
                                    [DISTRIBUTION_CONSTANT] = "constant",
                                    [DISTRIBUTION_TWO_VALUED] = "two-valued"};
enum { DISTRIBUTIONS = sizeof names / sizeof *names };

const char *distribution_name(enum distribution distribution) { return names[distribution]; }

bool distribution_of_name(const char *name, enum distribution *distribution) {
    for (int i = 0; i < DISTRIBUTIONS; i++) {
        if (strcmp(name, names[i]) == 0) {
            *distribution = (enum distribution)i;
            return true;
        }
    }
    return false;
}

/* The output function of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t mixed(uint64_t z) {
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t distribution_bits(uint64_t stream, uint64_t index) {
    return mixed(stream + (index + 1) * 0x9e3779b97f4a7c15u);
}

/* Box and Muller's method: a pair of normal numbers from a pair of uniform ones. */
static void fill_normal(uint64_t stream, int64_t vocab, float scale, float shift, float *logits) {
    const float turn = 6.28318530717958647692f;
    for (int64_t id = 0; id < vocab; id += 2) {
        uint64_t bits = distribution_bits(stream, (uint64_t)id);
        float radius = sqrtf(-2 * logf(((float)(bits >> 40) + 1) * 0x1p-24f));
        float angle = turn * (float)(bits & 0xffffff) * 0x1p-24f;
        logits[id] = scale * radius * cosf(angle) + shift;
        if (id + 1 < vocab)
            logits[id + 1] = scale * radius * sinf(angle) + shift;
    }
}

static void put_head(uint64_t stream, int64_t vocab, float *logits) {
    for (int j = HEAD_TOKENS - 1; j >= 0; j--) /* the larger one of two on one id stays */
        logits[distribution_bits(mixed(stream), (uint64_t)j) % (uint64_t)vocab] =
            17 - 2.2f * logf((float)(j + 1));
}

void distribution_fill(enum distribution distribution, uint64_t seed, int64_t row, int64_t vocab,
                       float *logits) {
    uint64_t stream = distribution_bits(mixed(seed), (uint64_t)row);
    switch (distribution) {
    case DISTRIBUTION_NORMAL:
        fill_normal(stream, vocab, 1, 0, logits);
        return;
    case DISTRIBUTION_LLM:
        fill_normal(stream, vocab, 2, -2, logits);
        put_head(stream, vocab, logits);
        return;
    case DISTRIBUTION_CONSTANT:
        memset(logits, 0, (size_t)vocab * sizeof *logits);
        return;
    case DISTRIBUTION_TWO_VALUED:
        for (int64_t id = 0; id < vocab; id++)
            logits[id] = (float)(distribution_bits(stream, (uint64_t)id) >> 63);
        return;
    }
}
