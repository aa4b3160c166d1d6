/* lotto-bench's own parts: what it compares and how, its made-up logits, its points. */
#include "bench/axes.h"
#include "bench/check.h"
#include "bench/distribution.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { VOCAB = 8 };
/* Probabilities .4, .3, .2, then .1 shared by tokens 3 and 4, which tie; the rest is next to nothing. */
static float row[VOCAB];

static struct run reference_with_row(void) {
    static const double probs[VOCAB] = {.4, .3, .2, .05, .05, 1e-9, 1e-9, 1e-9};
    static const uint64_t seed = 0;
    struct error error;
    struct device device;
    struct run run;
    for (int i = 0; i < VOCAB; i++)
        row[i] = (float)log(probs[i]);
    cr_assert(device_open_reference(&device, &error));
    run_open(&run, device);
    cr_assert(run_load(&run, row, LOTTO_F32, 1, VOCAB, &seed, &error));
    return run;
}

static bool accepts(struct run *reference, int32_t k, float p, bool is_joint, int32_t token) {
    struct error error = {EXIT_DONE, ""};
    struct peer peer = {.name = "peer", .is_joint = is_joint};
    struct request request = {.operation = OPERATION_SAMPLE, .controls = LOTTO_CONTROLS_INIT, .draws = 1};
    request.controls.default_top_k = k;
    request.controls.default_top_p = p;
    bool good = check_kept(reference, &peer, &request, token, 7, &error);
    cr_expect_eq(good, error.text[0] == '\0');
    cr_expect(good || strstr(error.text, "row 7: peer gave token") != NULL, "%s", error.text);
    return good;
}

Test(bench_check, a_peers_token_must_be_kept) {
    struct run reference = reference_with_row();
    for (int32_t token = 0; token < VOCAB; token++) {
        cr_expect_eq(accepts(&reference, 0, .65f, false, token), token < 2, "top-p, token %d", (int)token);
        cr_expect_eq(accepts(&reference, 3, 1, false, token), token < 3, "top-k, token %d", (int)token);
        /* a tie with the last one kept */
        cr_expect_eq(accepts(&reference, 4, 1, false, token), token < 5, "tie, token %d", (int)token);
        /* .4 is more than half of the two that top-k leaves, and less than half of the row */
        cr_expect_eq(accepts(&reference, 2, .5f, false, token), token < 1, "sequential, token %d",
                     (int)token);
        cr_expect_eq(accepts(&reference, 2, .5f, true, token), token < 2, "joint, token %d", (int)token);
    }
    cr_expect_not(accepts(&reference, 0, 1, false, -1));
    cr_expect_not(accepts(&reference, 0, 1, false, VOCAB));
    run_close(&reference);
}

Test(bench_check, the_cut_may_lie_where_float_sums_put_it) {
    struct run reference = reference_with_row();
    cr_expect(accepts(&reference, 0, .7f - .5f * TOP_P_SLACK, false, 2));
    cr_expect_not(accepts(&reference, 0, .7f - 2 * TOP_P_SLACK, false, 2));
    run_close(&reference);
}

Test(bench_check, rows_are_spread_evenly) {
    cr_expect_eq(check_row_count(256, 65536, 0), 256);
    cr_expect_eq(check_row_count(257, 65536, 0), ROWS_CHECKED);
    cr_expect_eq(check_row_count(5, 1 << 20, 0), 5);
    cr_expect_eq(check_row_count(5, 10, 3), 3);
    cr_expect_eq(check_row_count(5, 10, INT64_MAX), 5);
    cr_expect_eq(check_row(5, 1, 0), 0);
    for (int64_t i = 0; i < 64; i++) {
        cr_expect_eq(check_row(64, 64, i), i);
        cr_expect(i == 0 || check_row(1000, 64, i) > check_row(1000, 64, i - 1));
    }
    cr_expect_eq(check_row(1000, 64, 63), 999);
}

Test(bench_distribution, is_what_its_formula_says) {
    enum { COUNT = 100001 }; /* odd, so that the last pair is half */
    static float x[COUNT], again[COUNT];
    double sum = 0, squares = 0, mass = 0, top = 0;
    distribution_fill(DISTRIBUTION_NORMAL, 1, 2, COUNT, x);
    distribution_fill(DISTRIBUTION_NORMAL, 1, 2, COUNT, again);
    cr_expect_arr_eq(x, again, sizeof x);
    distribution_fill(DISTRIBUTION_NORMAL, 1, 3, COUNT, again);
    cr_expect_arr_neq(x, again, sizeof x);
    for (int i = 0; i < COUNT; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    cr_expect_float_eq(sum / COUNT, 0, .02);
    cr_expect_float_eq(squares / COUNT, 1, .02);

    distribution_fill(DISTRIBUTION_LLM, 1, 2, COUNT, x);
    for (int i = 0; i < COUNT; i++) {
        mass += exp(x[i]);
        top = fmax(top, exp(x[i]));
    }
    cr_expect_float_eq(top / mass, .67, .01);

    distribution_fill(DISTRIBUTION_CONSTANT, 1, 2, COUNT, x);
    for (int i = 0; i < COUNT; i++)
        cr_assert_eq(x[i], 0);
    distribution_fill(DISTRIBUTION_TWO_VALUED, 1, 2, COUNT, x);
    sum = 0;
    for (int i = 0; i < COUNT; i++) {
        cr_assert(x[i] == 0 || x[i] == 1);
        sum += x[i];
    }
    cr_expect_float_eq(sum / COUNT, .5, .01);
}

static int64_t point_count(const struct axes *axes) {
    struct point point;
    int64_t count = 0;
    while (axes_point(axes, count, &point))
        count++;
    return count;
}

Test(bench_axes, every_combination_once) {
    struct axes axes;
    struct point point;
    char text[128];
    axes_reset(&axes);
    cr_expect_eq(point_count(&axes), 1);
    cr_expect(axis_take(&axes, AXIS_ROWS, "1,8,64"));
    cr_expect(axis_take(&axes, AXIS_TOP_K, "0,50"));
    cr_expect(axis_take(&axes, AXIS_TOP_P, "0.9"));
    cr_expect_eq(point_count(&axes), 6);
    /* softmax has no k: 3; top-k has no p and no temperature */
    cr_expect(axis_take(&axes, AXIS_OPERATION, "softmax,sample,top-k"));
    cr_expect(axis_take(&axes, AXIS_TEMPERATURE, "1,0.5"));
    cr_expect_eq(point_count(&axes), 6 + 12 + 6);
    cr_assert(axes_point(&axes, 17, &point));
    point_describe(&point, text, sizeof text);
    cr_expect_str_eq(text, "sample temperature 0.5 top-k 50 top-p 0.9");
    cr_expect_eq(point.value[AXIS_ROWS], 64);
}
