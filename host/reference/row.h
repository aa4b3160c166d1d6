/*
 * A row of logits as the definitions speak of it: its working values, and its candidates sorted into the row's total order, of
 * which every filter keeps a prefix.
 */
#ifndef LOTTO_REFERENCE_ROW_H
#define LOTTO_REFERENCE_ROW_H

#include "kernels/arith.h"

struct lotto_reference_row {
    int64_t vocab;
    float *x;       /* working values, by token id: the logits, adjusted */
    uint64_t *keys; /* the candidates' keys, best first */
    int64_t candidates;
    float maximum;
    uint32_t status; /* lotto_row_status bits */
};

/* Bytes of workspace that reading one row of this vocabulary takes. */
size_t lotto_reference_row_bytes(int64_t vocab);

/* Without adjustments. */
struct lotto_reference_row lotto_reference_read(const lotto_logits *logits, int64_t index, void *workspace);

/* One that is not read, as its status says: it has no candidates. */
struct lotto_reference_row lotto_reference_unread(const lotto_logits *logits, uint32_t status);

/* As the controls of a place have it. If they are bad it is not read. */
struct lotto_reference_row lotto_reference_read_for(const lotto_logits *logits, int64_t index,
                                                    const lotto_controls *controls, struct arith_place place,
                                                    void *workspace);

/* What is kept: the first `count` of the row's order, with their weights at this temperature. */
struct lotto_reference_kept {
    int64_t count;
    uint64_t mass;
    float temperature; /* greedy: 1 */
    float scale;
};

/* The weight of a working value, at scale. */
uint64_t lotto_reference_weight(const struct lotto_reference_row *row, float x, float scale);

/* The summed weight of the first `count` of the row's order. */
uint64_t lotto_reference_mass(const struct lotto_reference_row *row, int64_t count, float scale);

/* The place of a token of the row in the order of all its tokens, 1 for the first. */
int32_t lotto_reference_rank(const struct lotto_reference_row *row, int32_t token);

/* row has candidates and controls are good. */
struct lotto_reference_kept lotto_reference_keep(const struct lotto_reference_row *row,
                                                 struct arith_controls controls, lotto_order order);

/* The weight of a token among what is kept; 0 if it is not. */
uint64_t lotto_reference_kept_weight(const struct lotto_reference_row *row,
                                     const struct lotto_reference_kept *kept, int64_t id);

/* The first kept token, in id order, whose inclusive sum of weights exceeds target, which is less than the mass. */
int32_t lotto_reference_draw(const struct lotto_reference_row *row, const struct lotto_reference_kept *kept,
                             uint64_t target);

/* A draw's 64-bit number. */
uint64_t lotto_reference_random(uint64_t seed, uint64_t position, enum arith_purpose purpose, uint32_t draw);

#endif
