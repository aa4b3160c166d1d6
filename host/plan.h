/*
 * From an operation's shape and a device's limits to its launch shape and workspace. Pure functions: the workspace query and the call
 * share them, and they are tested without a device.
 */
#ifndef LOTTO_PLAN_H
#define LOTTO_PLAN_H

#include "kernels/launch.h"

#include <stdbool.h>

/* What of a device a plan depends on. */
struct lotto_limits {
    int multiprocessors;                       /* 0: the CPU reference */
    int largest_team;                          /* of blocks that can share a row */
    size_t shared_per_block;                   /* bytes, opted in to */
    size_t shared_per_multiprocessor;          /* what its resident blocks have together, */
    size_t shared_reserved;                    /* each of which takes so much more than it asks for */
    int teams_at_once[LOTTO_LARGEST_TEAM + 1]; /* of so many blocks, with two on each multiprocessor */
};

/* softmax, argmax, probs, sample; adjusted: whether the call's controls have adjustments */
struct lotto_plan lotto_plan_rows(const struct lotto_limits *limits, const lotto_logits *logits,
                                  bool adjusted);

/* top_k, top_p: capacity places a row */
struct lotto_plan lotto_plan_lists(const struct lotto_limits *limits, const lotto_logits *logits,
                                   bool adjusted, int64_t capacity);

/* verify: what it has behind a plan of rows, with so many drafts a sequence at most, of count + 1 rows each. */
void lotto_plan_add_verdicts(struct lotto_plan *plan, int32_t count);

#endif
