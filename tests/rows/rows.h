/* Random rows of logits, of every kind that a sampler meets or must survive. */
#ifndef TESTS_ROWS_ROWS_H
#define TESTS_ROWS_ROWS_H

#include "tests/rows/random.h"

#include <lotto/lotto.h>
#include <stdbool.h>
#include <stddef.h>

enum row_kind {
    ROW_NORMAL,        /* of width .1, .5, 1, 2, 5 or 20 */
    ROW_LLM_LIKE,      /* N(-2, 2) with a head of 300 tokens far above it */
    ROW_UNIFORM,       /* over [-10, 10) */
    ROW_TIED,          /* normal, in steps of 1/8 */
    ROW_BF16_ROUNDED,  /* normal, as bfloat16 holds it */
    ROW_MASKED,        /* normal, -inf for a few tokens up to nearly all */
    ROW_CONSTANT,      /* one value */
    ROW_TWO_VALUED,    /* two values */
    ROW_ALL_MASKED,    /* -inf throughout: EMPTY */
    ROW_POS_INF,       /* +inf for one token up to many, masked ones and NaN among the rest */
    ROW_NAN,           /* normal, NaN of every sign and payload for one token up to all */
    ROW_ALL_NEGATIVE,  /* near the type's least finite value */
    ROW_ALL_POSITIVE,  /* near the type's largest finite value */
    ROW_BOTH_EXTREMES, /* both in one row, so that differences overflow */
    ROW_SUBNORMAL,     /* the type's least magnitudes */
    ROW_ZEROS,         /* +0 and -0 */
    ROW_REAL,          /* a model's own: not generated */
    ROW_KINDS
};

const char *row_kind_name(enum row_kind kind);

/* Made by a distribution over many values, as a model's logits are. */
bool row_kind_is_like_a_models(enum row_kind kind);

size_t dtype_bytes(lotto_dtype dtype);
const char *dtype_name(lotto_dtype dtype);

/* Fills row [vocab] of dtype. */
void row_fill(struct random *random, enum row_kind kind, lotto_dtype dtype, int64_t vocab, void *row);

/* A logit rounded to dtype, to nearest, ties to even, and written at index. */
void row_store(void *row, lotto_dtype dtype, int64_t index, float x);

#endif
