/*
 * From an operation's shape and a device to its launch shape and workspace. Pure functions: the workspace query and the call
 * share them, and they are tested without a device.
 */
#ifndef LOTTO_PLAN_H
#define LOTTO_PLAN_H

#include "kernels/launch.h"

/* softmax, argmax, probs, sample */
struct lotto_plan lotto_plan_rows(const lotto_device *device, const lotto_logits *logits);

/* top_k, top_p: capacity places a row */
struct lotto_plan lotto_plan_lists(const lotto_device *device, const lotto_logits *logits, int64_t capacity);

#endif
