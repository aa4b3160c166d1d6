/*
 * Kernel == reference, bit for bit, on every path: a row shared by each number of blocks that the device takes, on chip or read from global
 * memory in each pass. Random requests take the paths in turn until each path, each type and greedy rows have had LOTTO_PATH_ROWS rows (500),
 * and each combination of filters and order a third of that: the suite runs on three architectures, each with requests of its own. The
 * linker gives the library this file's plans (--wrap), so that short rows go where only long ones would.
 */
#include "host/context.h"
#include "kernels/arith.h"
#include "tests/rows/places.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct path {
    uint32_t team_blocks;
    bool on_chip;
};

/* ---- plans --------------------------------------------------------------------------------------------------------- */

static struct path wanted, used; /* used: by the last launch */

/* A plan of the same row for the path that is wanted. */
static struct lotto_plan on_path(struct lotto_plan plan, const lotto_logits *logits, bool adjusted) {
    if (plan.blocks == 0) /* the reference */
        return plan;
    uint32_t vectors = plan.part_vectors * plan.team_blocks;
    size_t list_bytes = plan.workspace_row_bytes - plan.held_row_bytes;
    plan.team_blocks = wanted.team_blocks;
    plan.blocks = (uint32_t)logits->rows * wanted.team_blocks;
    plan.part_vectors = (vectors + wanted.team_blocks - 1) / wanted.team_blocks;
    plan.part_bytes = wanted.on_chip ? 16 * plan.part_vectors : 0;
    size_t row_bytes = (size_t)16 * plan.part_vectors * plan.team_blocks;
    plan.held_row_bytes = adjusted && !wanted.on_chip ? (row_bytes + 255) / 256 * 256 : 0;
    plan.workspace_row_bytes = plan.held_row_bytes + list_bytes;
    plan.workspace_bytes = (size_t)logits->rows * plan.workspace_row_bytes;
    used = wanted;
    return plan;
}

struct lotto_plan __real_lotto_plan_rows(const struct lotto_limits *limits, const lotto_logits *logits,
                                         bool adjusted);
struct lotto_plan __wrap_lotto_plan_rows(const struct lotto_limits *limits, const lotto_logits *logits,
                                         bool adjusted);
struct lotto_plan __wrap_lotto_plan_rows(const struct lotto_limits *limits, const lotto_logits *logits,
                                         bool adjusted) {
    return on_path(__real_lotto_plan_rows(limits, logits, adjusted), logits, adjusted);
}

struct lotto_plan __real_lotto_plan_lists(const struct lotto_limits *limits, const lotto_logits *logits,
                                          bool adjusted, int64_t capacity);
struct lotto_plan __wrap_lotto_plan_lists(const struct lotto_limits *limits, const lotto_logits *logits,
                                          bool adjusted, int64_t capacity);
struct lotto_plan __wrap_lotto_plan_lists(const struct lotto_limits *limits, const lotto_logits *logits,
                                          bool adjusted, int64_t capacity) {
    return on_path(__real_lotto_plan_lists(limits, logits, adjusted, capacity), logits, adjusted);
}

/* Of the rows that fit nowhere. */
static uint32_t team_of_long_rows(const lotto_context *context) {
    lotto_logits logits = {NULL, 1 << 20, 1, 1 << 20, LOTTO_F32};
    return __real_lotto_plan_rows(&context->limits, &logits, false).team_blocks;
}

/* ---- what was compared --------------------------------------------------------------------------------------------- */

/* FILTERS: subsets of top-k, top-p, min-p */
enum { MOST_BLOCKS = LOTTO_LARGEST_TEAM, DTYPES = 3, ORDERS = 3, FILTERS = 8, ARCHITECTURES = 3 };

struct tally {
    int64_t rows, greedy;
    int64_t of_path[MOST_BLOCKS + 1][2], of_dtype[DTYPES], of_filters[FILTERS][ORDERS];
};

static void count(struct tally *tally, const struct request *request) {
    int64_t rows = request->logits.rows;
    tally->rows += rows;
    tally->of_path[used.team_blocks][used.on_chip] += rows;
    tally->of_dtype[request->logits.dtype] += rows;
    for (int64_t row = 0; row < rows; row++) {
        struct arith_controls controls = arith_row_controls(&request->controls, row);
        int filters = arith_has_top_k(controls, request->logits.vocab) | arith_has_top_p(controls) << 1 |
                      arith_has_min_p(controls) << 2;
        if (!arith_controls_are_good(controls))
            continue;
        if (arith_is_greedy(controls))
            tally->greedy++;
        else
            tally->of_filters[filters][request->controls.order]++;
    }
}

static int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }

/* So many rows have taken every path, and so on. */
static int64_t least(const struct tally *tally, const struct path *paths, int path_count) {
    int64_t least = tally->greedy;
    for (int i = 0; i < path_count; i++)
        least = lesser(least, tally->of_path[paths[i].team_blocks][paths[i].on_chip]);
    for (int dtype = 0; dtype < DTYPES; dtype++)
        least = lesser(least, tally->of_dtype[dtype]);
    for (int filters = 0; filters < FILTERS; filters++)
        for (int order = 0; order < ORDERS; order++)
            least = lesser(least, ARCHITECTURES * tally->of_filters[filters][order]);
    return least;
}

static void print(const struct tally *tally, const struct path *paths, int path_count) {
    printf("%" PRId64 " rows: kernels equal the reference in every result\n", tally->rows);
    for (int i = 0; i < path_count; i++)
        printf("  %2u blocks a row, %s: %" PRId64 " rows\n", paths[i].team_blocks,
               paths[i].on_chip ? "on chip" : "read in each pass",
               tally->of_path[paths[i].team_blocks][paths[i].on_chip]);
    for (int dtype = 0; dtype < DTYPES; dtype++)
        printf("  %s: %" PRId64 " rows\n", dtype_name((lotto_dtype)dtype), tally->of_dtype[dtype]);
    printf("  greedy: %" PRId64 " rows\n", tally->greedy);
    for (int filters = 0; filters < FILTERS; filters++)
        printf("  %s%s%s%s: %" PRId64 " rows sequential, %" PRId64 " min-p last, %" PRId64 " joint\n",
               filters == 0 ? "no filter" : "", filters & 1 ? "top-k " : "", filters & 2 ? "top-p " : "",
               filters & 4 ? "min-p " : "", tally->of_filters[filters][0], tally->of_filters[filters][1],
               tally->of_filters[filters][2]);
}

/* ---- the test ------------------------------------------------------------------------------------------------------ */

static int list_paths(const lotto_context *context, struct path *paths) {
    int count = 0;
    cr_assert_leq(context->limits.largest_team, MOST_BLOCKS);
    for (int blocks = 1; blocks <= context->limits.largest_team; blocks++)
        paths[count++] = (struct path){(uint32_t)blocks, true};
    paths[count++] = (struct path){team_of_long_rows(context), false};
    if (paths[count - 1].team_blocks > 1)
        paths[count++] = (struct path){1, false};
    return count;
}

static void equal_on_each_path(bool adjusted, bool reported) {
    struct places places;
    if (!places_enter(&places))
        return;
    const char *asked = getenv("LOTTO_PATH_ROWS");
    int64_t needed = asked ? atoll(asked) : 500;
    lotto_device device = LOTTO_DEVICE_INIT;
    cr_assert_eq(lotto_device_info(places.device.context, &device), LOTTO_SUCCESS);
    uint64_t seed =
        (uint64_t)device.compute_capability << 32 | (adjusted ? 0x80000000 : 0) | (reported ? 0x40000000 : 0);
    struct path paths[MOST_BLOCKS + 2];
    int path_count = list_paths(places.device.context, paths);
    struct tally tally = {0};
    while (least(&tally, paths, path_count) < needed && tally.rows < 100 * needed) {
        struct request *request =
            request_random(seed, &(struct request_limits){3000, 12000, 8, adjusted, reported});
        wanted = paths[seed++ % (uint64_t)path_count];
        used = (struct path){0};
        places_agree(&places, request);
        count(&tally, request);
        request_destroy(request);
    }
    print(&tally, paths, path_count);
    cr_assert_geq(least(&tally, paths, path_count), needed);
    places_leave(&places);
}

Test(paths, kernels_equal_the_reference_on_each, .timeout = 900) { equal_on_each_path(false, false); }

/* With random mixes of adjustments, and temperature_last. */
Test(paths, adjusted_rows_too, .timeout = 900) { equal_on_each_path(true, false); }

/* With many draws, shared rows and lists of the likeliest tokens. */
Test(paths, reported_rows_too, .timeout = 900) { equal_on_each_path(false, true); }

Test(paths, adjusted_and_reported_rows_too, .timeout = 900) { equal_on_each_path(true, true); }
