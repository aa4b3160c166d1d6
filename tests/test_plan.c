/* Launch shapes and workspace layouts, without a device. */
#include "host/plan.h"

#include <criterion/criterion.h>

/* An H100: clusters of at most 16, within two GPCs of 18 multiprocessors and six of 16. */
static const struct lotto_limits gpu = {
    .multiprocessors = 132,
    .largest_team = 16,
    .shared_per_block = 227 << 10,
    .shared_per_multiprocessor = 228 << 10,
    .shared_reserved = 1 << 10,
    .teams_at_once = {0, 0, 132, 84, 66, 50, 42, 34, 32, 26, 24, 18, 18, 16, 16, 16, 16},
};
static const struct lotto_limits a100 = {108, 1, 163 << 10, 164 << 10, 1 << 10, {0}};
static const struct lotto_limits t4 = {40, 1, 64 << 10, 64 << 10, 0, {0}};
static const struct lotto_limits reference = {0};

static lotto_logits shape(int64_t rows, int64_t vocab) {
    return (lotto_logits){NULL, vocab, rows, vocab, LOTTO_F32};
}

/* A row alone is spread over the largest team, as long as its blocks have 4000 logits each, 2000 where they are 8 or fewer. */
Test(plan, few_rows_are_spread) {
    lotto_logits logits = shape(1, 128256);
    struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
    cr_expect_eq(plan.team_blocks, 16);
    cr_expect_eq(plan.blocks, 16);
    cr_expect_eq(plan.part_vectors,
                 2005); /* 32065 vectors of 4, the last for a row that begins within one, in 16 parts */
    cr_expect_eq(plan.part_bytes, 32080);
    cr_expect_eq(plan.workspace_bytes, 0);
    logits = shape(1, 49152);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 12);
    logits = shape(1, 16000);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 8);
    logits = shape(1, 5000);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 2);
}

/* 132 multiprocessors have room for 8 teams of 16 at once; 9 rows have the usual 8 blocks, and so have 32; 64 have the 6 that they need. */
Test(plan, the_largest_teams_are_for_as_many_rows_as_have_room_at_once) {
    static const struct {
        int64_t rows;
        uint32_t blocks;
    } cases[] = {{8, 16}, {9, 8}, {32, 8}, {64, 6}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lotto_logits logits = shape(cases[i].rows, 128256);
        cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, cases[i].blocks);
    }
    struct lotto_limits full = gpu;
    full.multiprocessors = 8 * 16;
    lotto_logits logits = shape(8, 128256);
    cr_expect_eq(lotto_plan_rows(&full, &logits, false).team_blocks, 16);
}

/* 2 blocks have room for each row, and 4 times 66 are twice as many as there are multiprocessors; of 7 blocks there are no more than 34 teams at once. */
Test(plan, rows_are_spread_as_far_as_all_run_at_once) {
    static const struct {
        int64_t rows;
        uint32_t blocks;
    } cases[] = {{32, 8}, {33, 7}, {34, 7}, {35, 6}, {42, 6}, {43, 5},
                 {50, 5}, {51, 4}, {66, 4}, {67, 3}, {84, 3}, {85, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lotto_logits logits = shape(cases[i].rows, 32000);
        cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, cases[i].blocks);
    }
}

Test(plan, blocks_that_a_row_is_spread_over_have_so_many_logits_each) {
    lotto_logits logits = shape(1, 4000);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 2);
    logits = shape(1, 3999);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 1);
    logits = shape(1, 36000);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 9);
    logits = shape(1, 35999);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 8);
}

/*
 * Two blocks of a multiprocessor have 228 / 2 - 1 KiB each, of which lists leave 80 KiB; of the 91 KiB that rows leave, 88 are used. Plans
 * name what any call may have: 205 KiB.
 */
Test(plan, a_part_leaves_room_for_a_second_block) {
    lotto_logits logits = shape(1000, 20600); /* 80.5 KiB */
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 1);
    cr_expect_eq(lotto_plan_lists(&gpu, &logits, false, 50).team_blocks, 2);
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).most_part_bytes, 205 << 10);
    logits = shape(1000, 23000); /* 89.8 KiB */
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 2);
}

/* A block's 205 KiB are 13120 vectors, a team's so many times its blocks: less one for a row that begins and ends within a vector. */
Test(plan, rows_that_just_fit) {
    static const struct {
        int64_t rows;
        uint32_t team_blocks, of_longer;
        bool longer_is_held; /* or read from global memory */
    } cases[] = {{1, 16, 8, false}, {1000, 7, 8, true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lotto_logits logits = shape(cases[i].rows, 4 * (13120 * (int64_t)cases[i].team_blocks - 1));
        struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
        cr_expect_eq(plan.team_blocks, cases[i].team_blocks);
        cr_expect_eq(plan.part_bytes, 205 << 10);
        logits = shape(cases[i].rows, logits.vocab + 1);
        plan = lotto_plan_rows(&gpu, &logits, false);
        cr_expect_eq(plan.team_blocks, cases[i].of_longer);
        cr_expect_eq(plan.part_bytes > 0, cases[i].longer_is_held);
    }
}

/* 128256 logits of 4 bytes: 6 blocks have 85,520 bytes each, and two such blocks fit on a multiprocessor. */
Test(plan, a_large_batch_has_two_blocks_on_each_multiprocessor) {
    lotto_logits logits = shape(256, 128256);
    struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
    cr_expect_eq(plan.team_blocks, 6);
    cr_expect_eq(plan.blocks, 256 * 6);
    cr_expect_eq(plan.part_bytes, 85520);
    cr_expect_leq(2 * (plan.part_bytes + LOTTO_ROWS_SHARED_BYTES + gpu.shared_reserved),
                  gpu.shared_per_multiprocessor);
}

/* 262144 logits of 4 bytes: 8 blocks have 128 KiB each, 12 have 85.3, where clusters of so many are to be had. */
Test(plan, long_rows_have_more_blocks_so_that_two_fit_on_each_multiprocessor) {
    lotto_logits logits = shape(256, 262144);
    struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
    cr_expect_eq(plan.team_blocks, 12);
    cr_expect_leq(2 * (plan.part_bytes + LOTTO_ROWS_SHARED_BYTES + gpu.shared_reserved),
                  gpu.shared_per_multiprocessor);
    struct lotto_limits portable = gpu;
    portable.largest_team = 8; /* 5 x 204.8 KiB; a block has 205 */
    cr_expect_eq(lotto_plan_rows(&portable, &logits, false).team_blocks, 5);
}

Test(plan, longer_rows_take_a_whole_multiprocessor_a_block_or_stay_in_global_memory) {
    lotto_logits logits = shape(256, 370000); /* 16 x 90.3 KiB, but 8 x 180.7 */
    struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
    cr_expect_eq(plan.team_blocks, 8);
    cr_expect_leq(plan.part_bytes + LOTTO_ROWS_SHARED_BYTES, gpu.shared_per_block);
    logits = shape(256, 1 << 20); /* 4 MiB: more than any team holds, so it is read in each pass */
    plan = lotto_plan_rows(&gpu, &logits, false);
    cr_expect_eq(plan.team_blocks, 8);
    cr_expect_eq(plan.part_bytes, 0);
}

/* 2^19 logits of 4 bytes: 8 blocks hold 8 x 205 KiB of its 2 MiB, 16 have 128 KiB each. */
Test(plan, rows_that_eight_blocks_do_not_hold_have_sixteen) {
    for (int64_t rows = 1; rows <= 256; rows += 255) {
        lotto_logits logits = shape(rows, 1 << 19);
        struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
        cr_expect_eq(plan.team_blocks, 16);
        cr_expect_eq(plan.blocks, 16 * rows);
        cr_expect_eq(plan.part_bytes, (128 << 10) + 16);
        plan = lotto_plan_lists(&gpu, &logits, false, 50);
        cr_expect_eq(plan.team_blocks, 16);
    }
    lotto_logits logits = shape(1, 1 << 20);
    logits.dtype = LOTTO_BF16;
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 16);
}

/* As on compute capability 12.0, or where no GPC has 16 multiprocessors; and on a small part of a GPU. */
Test(plan, devices_without_room_for_large_teams_have_smaller_ones) {
    struct lotto_limits no_more_than = gpu;
    lotto_logits logits = shape(1, 1 << 19);
    for (int largest = 1; largest <= 8; largest++) {
        no_more_than.largest_team = largest;
        struct lotto_plan plan = lotto_plan_rows(&no_more_than, &logits, false);
        cr_expect_eq(plan.team_blocks, largest);
        cr_expect_eq(plan.part_bytes, 0);
    }
    no_more_than.largest_team = 12; /* 12 x 171 KiB */
    cr_expect_eq(lotto_plan_rows(&no_more_than, &logits, false).team_blocks, 12);
    cr_expect_gt(lotto_plan_rows(&no_more_than, &logits, false).part_bytes, 0);
}

Test(plan, without_teams_a_row_has_one_block) {
    lotto_logits logits = shape(7, 32000);
    struct lotto_plan plan = lotto_plan_rows(&a100, &logits, false);
    cr_expect_eq(plan.team_blocks, 1);
    cr_expect_eq(plan.blocks, 7);
    cr_expect_eq(plan.part_bytes, 128016);
    logits = shape(7, 128256);
    cr_expect_eq(lotto_plan_rows(&a100, &logits, false).part_bytes, 0);
}

/* Half of a T4's 64 KiB is less than a kernel that sorts lists has beside its part; all of it leaves 31 KiB. */
Test(plan, little_shared_memory_holds_short_rows) {
    lotto_logits logits = shape(7, 7900);
    cr_expect_eq(lotto_plan_lists(&t4, &logits, false, 50).part_bytes, 31616);
    logits = shape(7, 8000);
    cr_expect_eq(lotto_plan_lists(&t4, &logits, false, 50).part_bytes, 0);
}

/* Rows that would have teams have a block each then, and stay in global memory if they do not fit there: 128 KiB do, 512 do not. */
Test(plan, more_rows_than_a_grid_has_teams_for) {
    for (int64_t vocab = 32000; vocab <= 128000; vocab *= 4) {
        lotto_logits logits = shape(INT32_MAX, vocab);
        struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
        cr_expect_eq(plan.blocks, INT32_MAX);
        cr_expect_eq(plan.team_blocks, 1);
        cr_expect_eq(plan.part_bytes > 0, vocab == 32000);
    }
}

Test(plan, lists_take_two_keys_a_place_rounded_to_256_bytes_a_row) {
    lotto_logits logits = shape(3, 1000);
    struct lotto_plan plan =
        lotto_plan_lists(&gpu, &logits, false, 50); /* 2 * 50 * 8 = 800, rounded up to 1024 */
    cr_expect_eq(plan.workspace_row_bytes, 1024);
    cr_expect_eq(plan.workspace_bytes, 3 * 1024);
}

Test(plan, the_reference_works_on_one_row_at_a_time) {
    lotto_logits logits = shape(100, 1000);
    cr_expect_eq(lotto_plan_rows(&reference, &logits, false).workspace_bytes,
                 20224); /* 1000 * (2 * 8 + 4), rounded up */
    cr_expect_eq(lotto_plan_lists(&reference, &logits, false, 50).workspace_bytes, 20224);
}

Test(plan, no_rows_need_no_workspace) {
    lotto_logits logits = shape(0, 1000);
    cr_expect_eq(lotto_plan_lists(&gpu, &logits, false, 50).workspace_bytes, 0);
    cr_expect_eq(lotto_plan_rows(&reference, &logits, false).workspace_bytes, 0);
}

Test(plan, large_batches_do_not_overflow) {
    lotto_logits logits = shape(INT64_C(1) << 20, INT64_C(1) << 20);
    cr_expect_eq(lotto_plan_lists(&gpu, &logits, false, INT64_C(1) << 20).workspace_bytes, UINT64_C(1) << 44);
}

/* Adjusted rows are binary32 on chip, whatever they are in memory; one that does not fit there is held before its list. */
Test(plan, adjusted_rows_take_four_bytes_a_logit) {
    lotto_logits logits = shape(64, 128256);
    logits.dtype = LOTTO_BF16;
    cr_expect_eq(lotto_plan_rows(&gpu, &logits, false).team_blocks, 4);
    struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, true);
    cr_expect_eq(plan.team_blocks, 6);
    cr_expect_eq(plan.part_bytes, 85520);
    cr_expect_eq(plan.workspace_bytes, 0);
    plan = lotto_plan_lists(&a100, &logits, true, 50);
    cr_expect_eq(plan.part_bytes, 0);
    cr_expect_eq(plan.held_row_bytes, 513280); /* 128256 * 4 + 30, in vectors, rounded up to 256 */
    cr_expect_eq(plan.workspace_row_bytes, 513280 + 1024);
    cr_expect_eq(plan.workspace_bytes, 64 * (513280 + 1024));
}

/* Two words a row and one a sequence, behind what the rows have; none on the reference. */
Test(plan, verdicts) {
    lotto_logits logits = {NULL, 1000, 300, 1000, LOTTO_F32};
    struct lotto_plan plan = lotto_plan_rows(&gpu, &logits, false);
    lotto_plan_add_verdicts(&plan, 2);
    cr_expect_eq(plan.workspace_bytes, 2816); /* 300 * 8 + 100 * 4, by 256 */
    struct lotto_limits none = {0};
    struct lotto_plan of_reference = lotto_plan_rows(&none, &logits, false);
    size_t bytes = of_reference.workspace_bytes;
    lotto_plan_add_verdicts(&of_reference, 2);
    cr_expect_eq(of_reference.workspace_bytes, bytes);
}
