/* Launch shapes and workspace layouts, without a device. */
#include "host/plan.h"

#include <criterion/criterion.h>

static const lotto_device gpu = {sizeof gpu, 0, 90, 132, "a GPU"};
static const lotto_device reference = {sizeof reference, LOTTO_DEVICE_REFERENCE, 0, 0, "CPU reference"};

static lotto_logits shape(int64_t rows, int64_t vocab) {
    return (lotto_logits){NULL, vocab, rows, vocab, LOTTO_F32};
}

Test(plan, a_gpu_gives_each_row_a_block) {
    lotto_logits logits = shape(7, 32000);
    struct lotto_plan plan = lotto_plan_rows(&gpu, &logits);
    cr_expect_eq(plan.blocks, 7);
    cr_expect_eq(plan.workspace_bytes, 0);
}

Test(plan, lists_take_two_keys_a_place_rounded_to_256_bytes_a_row) {
    lotto_logits logits = shape(3, 1000);
    struct lotto_plan plan = lotto_plan_lists(&gpu, &logits, 50); /* 2 * 50 * 8 = 800, rounded up to 1024 */
    cr_expect_eq(plan.blocks, 3);
    cr_expect_eq(plan.workspace_row_bytes, 1024);
    cr_expect_eq(plan.workspace_bytes, 3 * 1024);
}

Test(plan, the_reference_works_on_one_row_at_a_time) {
    lotto_logits logits = shape(100, 1000);
    cr_expect_eq(lotto_plan_rows(&reference, &logits).workspace_bytes,
                 20224); /* 1000 * (2 * 8 + 4), rounded up */
    cr_expect_eq(lotto_plan_lists(&reference, &logits, 50).workspace_bytes, 20224);
}

Test(plan, no_rows_need_no_workspace) {
    lotto_logits logits = shape(0, 1000);
    cr_expect_eq(lotto_plan_lists(&gpu, &logits, 50).workspace_bytes, 0);
    cr_expect_eq(lotto_plan_rows(&reference, &logits).workspace_bytes, 0);
}

Test(plan, large_batches_do_not_overflow) {
    lotto_logits logits = shape(INT64_C(1) << 20, INT64_C(1) << 20);
    cr_expect_eq(lotto_plan_lists(&gpu, &logits, INT64_C(1) << 20).workspace_bytes, UINT64_C(1) << 44);
}
