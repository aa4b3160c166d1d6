#include "plan.h"

#include "reference/row.h"

static const size_t workspace_alignment = 256;

static size_t aligned(size_t bytes) {
    return (bytes + workspace_alignment - 1) / workspace_alignment * workspace_alignment;
}

static struct lotto_plan plan(const lotto_device *device, const lotto_logits *logits, size_t row_bytes) {
    struct lotto_plan plan = {(uint32_t)logits->rows, aligned(row_bytes), 0};
    plan.workspace_bytes = (size_t)logits->rows * plan.workspace_row_bytes;
    if (device->index == LOTTO_DEVICE_REFERENCE) {
        plan.workspace_row_bytes = 0; /* one row at a time */
        plan.workspace_bytes = logits->rows ? aligned(lotto_reference_row_bytes(logits->vocab)) : 0;
    }
    return plan;
}

struct lotto_plan lotto_plan_rows(const lotto_device *device, const lotto_logits *logits) {
    return plan(device, logits, 0);
}

struct lotto_plan lotto_plan_lists(const lotto_device *device, const lotto_logits *logits, int64_t capacity) {
    return plan(device, logits,
                2 * (size_t)capacity * sizeof(uint64_t)); /* the list's keys, sorted back and forth */
}
