/*
 * Kernel == reference, bit for bit, for every result of every operation: random requests of every kind, and the shapes that
 * are easy to get wrong.
 */
#include "kernels/launch.h"
#include "tests/rows/boundary.h"
#include "tests/rows/places.h"
#include "tests/rows/real.h"

#include <criterion/criterion.h>
#include <cuda_runtime_api.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char text[1024];

static void random_requests_are_equal(const char *what, uint64_t first_seed, int64_t least_logits,
                                      const struct request_limits *limits) {
    struct places places;
    if (!places_enter(&places))
        return;
    int64_t logits = 0, rows = 0, requests = 0;
    for (uint64_t seed = first_seed; logits < least_logits; seed++, requests++) {
        struct request *request = request_random(seed, limits);
        places_agree(&places, request);
        rows += request->logits.rows;
        logits += request->logits.rows * request->logits.vocab;
        request_destroy(request);
    }
    printf("%s: %" PRId64 " requests, %" PRId64 " rows, %" PRId64
           " logits: kernels equal the reference in every result\n",
           what, requests, rows, logits);
    places_leave(&places);
}

Test(random_requests, small_vocabularies, .timeout = 600) {
    random_requests_are_equal("vocabularies up to 300", 0x4000000, 100000,
                              &(struct request_limits){300, 2000, 20, false, false});
}

Test(random_requests, all_vocabularies, .timeout = 600) {
    random_requests_are_equal("vocabularies up to 200000", 0x5000000, 4000000,
                              &(struct request_limits){200000, 40000, 8, false, false});
}

Test(random_requests, small_vocabularies_reported, .timeout = 600) {
    random_requests_are_equal("vocabularies up to 300, many draws, shared rows and likeliest tokens",
                              0x6000000, 60000, &(struct request_limits){300, 2000, 20, false, true});
}

Test(random_requests, all_vocabularies_adjusted_and_reported, .timeout = 600) {
    random_requests_are_equal("vocabularies up to 200000, adjusted, with all that comes back", 0x7000000,
                              1000000, &(struct request_limits){200000, 40000, 8, true, true});
}

Test(random_requests, adjusted, .timeout = 600) {
    random_requests_are_equal("adjusted, vocabularies up to 300", 0x9000000, 100000,
                              &(struct request_limits){300, 2000, 20, true, false});
    random_requests_are_equal("adjusted, vocabularies up to 200000", 0x8000000, 3000000,
                              &(struct request_limits){200000, 40000, 8, true, false});
}

/* 0: a top-p whose search met the place between the least float above 0 and the largest below, and never ended. */
Test(random_requests, that_once_failed, .timeout = 600) {
    static const struct {
        uint64_t seed;
        struct request_limits limits;
    } failed[] = {{0x4b00000647, {3000, 12000, 8, false, false}}};
    struct places places;
    if (!places_enter(&places))
        return;
    for (size_t i = 0; i < sizeof failed / sizeof *failed; i++) {
        struct request *request = request_random(failed[i].seed, &failed[i].limits);
        places_agree(&places, request);
        request_destroy(request);
    }
    places_leave(&places);
}

/* ---- shapes ------------------------------------------------------------------------------------------------------- */

static void controls_of_every_order(struct places *places, struct request *request,
                                    struct row_controls controls) {
    for (int order = LOTTO_ORDER_SEQUENTIAL; order <= LOTTO_ORDER_JOINT; order++) {
        controls.order = (lotto_order)order;
        request_set_controls(request, &controls);
        places_agree(places, request);
    }
}

/* Vocabularies around the sizes of warps, blocks and tiles; all filters at once. */
Test(shapes, vocabularies_around_powers_of_two, .timeout = 600) {
    static const int64_t vocabularies[] = {1,   2,   3,   31,   32,   33,   63,   64,   65,   255,  256, 257,
                                           511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4097};
    struct places places;
    if (!places_enter(&places))
        return;
    struct random random = random_of_seed(11);
    for (size_t i = 0; i < sizeof vocabularies / sizeof *vocabularies; i++) {
        int64_t vocab = vocabularies[i];
        float row[2][4097];
        for (int r = 0; r < 2; r++)
            row_fill(&random, r == 0 ? ROW_NORMAL : ROW_TIED, LOTTO_F32, vocab, row[r]);
        memmove((float *)row + vocab, row[1], (size_t)vocab * sizeof(float));
        struct request *request = request_of(row, LOTTO_F32, 2, vocab);
        request->kinds[1] = ROW_TIED;
        request->seeds[0] = 1, request->positions[1] = 5;
        controls_of_every_order(
            &places, request,
            (struct row_controls){0.8f, (int32_t)(vocab / 2), 0.9f, 0.01f, LOTTO_ORDER_SEQUENTIAL, false});
        request_destroy(request);
    }
    places_leave(&places);
}

/* As many draws as a block has threads, and more: from a list, and from a long row that several blocks share; greedy ones. */
Test(shapes, many_draws, .timeout = 600) {
    enum { VOCAB = 20000 };
    static float rows[3 * VOCAB];
    struct places places;
    if (!places_enter(&places))
        return;
    struct random random = random_of_seed(14);
    for (int row = 0; row < 3; row++)
        row_fill(&random, ROW_LLM_LIKE, LOTTO_F32, VOCAB, rows + row * VOCAB);
    struct request *request = request_of(rows, LOTTO_F32, 3, VOCAB);
    for (int variant = 0; variant < 12; variant++) {
        enum { ALL_BUT_RANKS, TOKENS, TOKENS_AND_RANKS } what = variant / 4;
        request->draw_count = what == TOKENS_AND_RANKS ? 20 : 300;
        for (int result = 0; result < RESULTS; result++)
            request->wanted[result] =
                result == SAMPLE_TOKENS ||
                (result == SAMPLE_RANK ? what == TOKENS_AND_RANKS
                                       : what == ALL_BUT_RANKS && result > SAMPLE_TOKENS);
        int32_t top_k = variant % 4 == 0 ? 50 : 0;
        float temperature = variant % 4 == 3 ? 0 : 1, top_p = variant % 4 == 1 ? 0.95f : 1;
        request_set_controls(
            request, &(struct row_controls){temperature, top_k, top_p, 0, LOTTO_ORDER_SEQUENTIAL, false});
        places_agree(&places, request);
    }
    request_destroy(request);
    places_leave(&places);
}

/* More requests than rows, and rows that no request samples. */
Test(shapes, requests_of_one_row, .timeout = 600) {
    enum { ROWS = 40, VOCAB = 3000 };
    static float rows[ROWS * VOCAB];
    struct places places;
    if (!places_enter(&places))
        return;
    struct random random = random_of_seed(15);
    row_fill(&random, ROW_NORMAL, LOTTO_F32, VOCAB, rows);
    struct request *request = request_of(rows, LOTTO_F32, ROWS, VOCAB);
    request_set_random_controls(request, &random);
    request->logits_rows = calloc(ROWS, sizeof *request->logits_rows);
    cr_assert_not_null(request->logits_rows);
    for (int variant = 0; variant < 4; variant++) {
        for (int result = 0; result < RESULTS; result++)
            request->wanted[result] =
                result == SAMPLE_TOKENS || (variant < 2 && result_is_of_sample((enum result)result));
        request->sample_rows = variant % 2; /* without one, each request is for one beyond the last */
        places_agree(&places, request);
    }
    request_destroy(request);
    places_leave(&places);
}

/*
 * Draws that end exactly between two tokens: next to each other in a warp, or in two warps', blocks' or tiles' hands; from a list, too. Of 10236
 * logits, 2560 vectors, every warp has the same number, so multiples of 320 lie between two runs.
 */
Test(shapes, targets_on_boundaries, .timeout = 600) {
    static const struct { int64_t vocab, least; } cases[] = {{8192, 1}, {10236, 5}};
    struct places places;
    if (!places_enter(&places))
        return;
    for (int i = 0; i < 2; i++)
        for (int64_t after = cases[i].least; after <= cases[i].least << 10; after *= 2)
            for (int maximum_first = after < BOUNDARY_MARGIN; maximum_first <= 1; maximum_first++) {
                struct request *request = request_on_boundary(cases[i].vocab, after, maximum_first);
                request->wanted[TOP_K_IDS] = request->wanted[TOP_P_IDS] = false;
                places_agree(&places, request);
                for (int64_t row = 0; row < request->logits.rows; row++)
                    request->top_k[row] = 200; /* more than the row's candidates */
                places_agree(&places, request);
                request_destroy(request);
            }
    places_leave(&places);
}

/* A +inf in each warp's hands: whoever looks at a token must take it for what it counts as. */
Test(shapes, infinities_in_each_part, .timeout = 600) {
    enum { ROWS = 17, VOCAB = 1025 };
    struct places places;
    if (!places_enter(&places))
        return;
    float *rows = calloc(ROWS * VOCAB, sizeof *rows);
    cr_assert_not_null(rows);
    for (int row = 0; row < ROWS; row++)
        rows[row * VOCAB + row * (VOCAB - 1) / (ROWS - 1)] = INFINITY;
    struct request *request = request_of(rows, LOTTO_F32, ROWS, VOCAB);
    free(rows);
    for (int row = 0; row < ROWS; row++)
        request->kinds[row] = ROW_POS_INF;
    request->wanted[SAMPLE_KEPT] = request->wanted[SAMPLE_MODEL_LOGPROB] = false;
    request->wanted[SAMPLE_KEPT_MASS] = request->wanted[SAMPLE_RANK] =
        false; /* fewer warps then do greedy rows */
    for (int greedy = 0; greedy <= 1; greedy++) {
        request_set_controls(
            request, &(struct row_controls){greedy ? 0.0f : 1.0f, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, false});
        places_agree(&places, request);
    }
    request_destroy(request);
    places_leave(&places);
}

/*
 * Weights 8, 4, 2, 1 of 15 as in test_reference, 75 times over, and 256 equal tokens: p of these, min-p and k meet their cuts exactly,
 * k within ties.
 */
Test(shapes, cuts_met_exactly, .timeout = 600) {
    static const struct row_controls cases[] = {
        {1.44269504f, 0, 0.75f, 0, 0, false},     {1.44269504f, 0, 0.5f, 0, 0, false},
        {1.44269504f, 0, 1, 0.25f, 0, false},     {1.44269504f, 0, 1, 0.125f, 0, false},
        {1.44269504f, 76, 0.75f, 0.5f, 0, false}, {1.44269504f, 150, 0.5f, 0, 0, false}};
    struct places places;
    if (!places_enter(&places))
        return;
    float rows[2][300];
    for (int id = 0; id < 300; id++) {
        rows[0][id] = -(float)(id * 7 % 4);
        rows[1][id] = id < 256 ? 3 : -INFINITY;
    }
    struct request *request = request_of(rows, LOTTO_F32, 2, 300);
    request->kinds[0] = request->kinds[1] = ROW_TIED;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        controls_of_every_order(&places, request, cases[i]);
    request_destroy(request);
    places_leave(&places);
}

/* The largest vocabulary; every token the same, so that the mass is the largest too, 2^60, and every cut falls among ties. */
Test(shapes, largest_vocabulary_of_equal_tokens, .timeout = 600) {
    struct places places;
    if (!places_enter(&places))
        return;
    const int64_t vocab = (int64_t)1 << 20;
    uint16_t *row = calloc((size_t)vocab, sizeof *row);
    cr_assert_not_null(row);
    struct request *request = request_of(row, LOTTO_BF16, 1, vocab);
    request->kinds[0] = ROW_CONSTANT;
    request->k_max = request->capacity = 1000;
    request->seeds[0] = 3;
    struct row_controls controls = {1, 600000, 0.7f, 0.5f, LOTTO_ORDER_SEQUENTIAL, false};
    request_set_controls(request, &controls);
    places_agree(&places, request);
    request_destroy(request);
    free(row);
    places_leave(&places);
}

/* The longest rows whose parts fit on chip, beside what the kernels have there; a little longer ones are read in every pass. */
Test(shapes, rows_that_just_fit, .timeout = 600) {
    struct places places;
    if (!places_enter(&places))
        return;
    lotto_device info = LOTTO_DEVICE_INIT;
    int room = 0;
    cr_assert_eq(lotto_device_info(places.device.context, &info), LOTTO_SUCCESS);
    cr_assert_eq(cudaDeviceGetAttribute(&room, cudaDevAttrMaxSharedMemoryPerBlockOptin, info.index),
                 cudaSuccess);
    int64_t blocks = info.compute_capability >= 120 ? 8 : info.compute_capability >= 90 ? 16 : 1;
    struct random random = random_of_seed(14);
    for (int more = 0; more <= 4; more += 4) {
        int64_t vocab = blocks * ((room - LOTTO_LISTS_SHARED_BYTES) / 16) * 4 - 4 + more;
        float *row = calloc((size_t)vocab, sizeof *row);
        cr_assert_not_null(row);
        row_fill(&random, ROW_NORMAL, LOTTO_F32, vocab, row);
        struct request *request = request_of(row, LOTTO_F32, 1, vocab);
        request->k_max = request->capacity = 20;
        places_agree(&places, request);
        request_destroy(request);
        free(row);
    }
    places_leave(&places);
}

/* A +inf in each sixteenth of a row, beside 0, as which it counts; asked for nothing but tokens, greedily, for which not all warps are needed. */
Test(shapes, infinity_anywhere, .timeout = 600) {
    enum { ROWS = 16, VOCAB = 3000 };
    static float rows[ROWS][VOCAB];
    struct places places;
    if (!places_enter(&places))
        return;
    for (int row = 0; row < ROWS; row++) {
        for (int id = 0; id < VOCAB; id++)
            rows[row][id] = id % 3 == 0 ? 0 : -1;
        rows[row][VOCAB / ROWS * row + 70] = INFINITY;
    }
    struct request *request = request_of(rows, LOTTO_F32, ROWS, VOCAB);
    memset(request->wanted, 0, sizeof request->wanted);
    request->wanted[ARGMAX_TOKENS] = request->wanted[SAMPLE_TOKENS] = true;
    for (int row = 0; row < ROWS; row++)
        request->kinds[row] = ROW_POS_INF;
    request_set_controls(request, &(struct row_controls){0, 0, 1, 0, LOTTO_ORDER_SEQUENTIAL, false});
    places_agree(&places, request);
    request_destroy(request);
    places_leave(&places);
}

/*
 * The first tokens, more than are asked for, about as far from the very first, in every part of a row that has NaN everywhere: a lane that met one has one
 * maximum of all that it fetched.
 */
Test(shapes, first_tokens_beside_nan, .timeout = 600) {
    enum { ROWS = 8, VOCAB = 40000, CLOSE = 60, FIRST = 20 };
    static float rows[ROWS][VOCAB];
    struct places places;
    if (!places_enter(&places))
        return;
    for (int row = 0; row < ROWS; row++) {
        for (int id = 0; id < VOCAB; id++)
            rows[row][id] = id % 100 == 99 ? NAN : -(float)(id % 7);
        for (int i = 0; i < CLOSE; i++)
            rows[row][VOCAB / CLOSE * i + 81 * row] = i == 0 ? 2 : 1 + (float)(7 * i % CLOSE) * 0x1p-16f;
    }
    struct request *request = request_of(rows, LOTTO_F32, ROWS, VOCAB);
    for (int row = 0; row < ROWS; row++)
        request->kinds[row] = ROW_NAN;
    request->k_max = request->capacity = FIRST;
    request_set_controls(request, &(struct row_controls){1, FIRST, 0.9f, 0, LOTTO_ORDER_SEQUENTIAL, false});
    places_agree(&places, request);
    request_destroy(request);
    places_leave(&places);
}

/* Nothing to do: success, no output touched, and NULL arrays allowed. */
Test(shapes, no_rows) {
    struct places places;
    if (!places_enter(&places))
        return;
    struct request *request = request_of("", LOTTO_F16, 0, 100);
    places_agree(&places, request);
    request_destroy(request);

    lotto_logits logits = {NULL, 100, 0, 100, LOTTO_F32};
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    lotto_draws draws = LOTTO_DRAWS_INIT;
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    struct place *const both[] = {&places.device, &places.reference};
    for (int i = 0; i < 2; i++) {
        lotto_context *context = both[i]->context;
        cr_expect_eq(lotto_softmax(context, &logits, &controls, NULL, 100, NULL, NULL, 0, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(context));
        cr_expect_eq(lotto_argmax(context, &logits, NULL, NULL, NULL, 0, NULL), LOTTO_SUCCESS, "%s",
                     lotto_context_error(context));
        cr_expect_eq(lotto_top_k(context, &logits, &controls, 5, NULL, NULL, NULL, NULL, NULL, 0, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(context));
        cr_expect_eq(lotto_top_p(context, &logits, &controls, 5, NULL, NULL, NULL, NULL, NULL, 0, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(context));
        cr_expect_eq(lotto_probs(context, &logits, &controls, NULL, 100, NULL, NULL, NULL, 0, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(context));
        cr_expect_eq(lotto_sample(context, &logits, &draws, &controls, &samples, NULL, 0, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(context));
    }
    places_leave(&places);
}

/* More rows than blocks fit in a launch's other two dimensions. */
Test(shapes, many_rows, .timeout = 600) {
    struct places places;
    if (!places_enter(&places))
        return;
    enum { ROWS = 70000 };
    float *rows = malloc(ROWS * 2 * sizeof *rows);
    cr_assert_not_null(rows);
    struct random random = random_of_seed(12);
    row_fill(&random, ROW_NORMAL, LOTTO_F32, ROWS * 2, rows);
    struct request *request = request_of(rows, LOTTO_F32, ROWS, 2);
    free(rows);
    memset(request->wanted, 0, sizeof request->wanted);
    request->wanted[ARGMAX_TOKENS] = true;
    places_agree(&places, request);
    request_destroy(request);
    places_leave(&places);
}

/*
 * A history with more distinct tokens than the table of adjust.cuh has slots, near each other and spread, its every third token a token
 * of the output again; and as many biases, each token's in order.
 */
Test(shapes, long_lists, .timeout = 600) {
    enum { VOCAB = 40000, LENGTH = 12000 };
    static float row[VOCAB];
    static int32_t ids[LENGTH];
    static float biases[LENGTH];
    struct places places;
    if (!places_enter(&places))
        return;
    struct random random = random_of_seed(15);
    row_fill(&random, ROW_NORMAL, LOTTO_F32, VOCAB, row);
    struct request *request = request_of(row, LOTTO_F32, 1, VOCAB);
    request->k_max = request->capacity = 20;
    for (int within = 900; within <= VOCAB; within = within < 9000    ? 9000
                                                     : within < VOCAB ? VOCAB
                                                                      : VOCAB + 1) {
        for (int i = 0; i < LENGTH; i++) {
            ids[i] = i % 3 == 2 ? ids[i / 2] : (int32_t)random_below(&random, (uint64_t)within);
            biases[i] = 4 * random_unit(&random) - 2;
        }
        const int32_t length = LENGTH, prompt_length = LENGTH / 2;
        lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
        adjustments.history = adjustments.biased = (lotto_id_lists){ids, LENGTH, &length};
        adjustments.biases = biases;
        adjustments.prompt_lengths = &prompt_length;
        adjustments.default_repetition_penalty = 1.2f;
        adjustments.default_frequency_penalty = 0.3f;
        adjustments.default_presence_penalty = 0.1f;
        request_set_adjustments(request, &adjustments, 1);
        places_agree(&places, request);
    }
    request_destroy(request);
    places_leave(&places);
}

/* ---- rows far apart ----------------------------------------------------------------------------------------------- */

/*
 * Rows whose elements lie 2^31 + 8 apart: what a 32-bit offset would reach instead is within the allocation, but holds no row. The
 * memory between the rows is never touched; the virtual GPU backs none of it.
 */
#define FAR_STRIDE (((int64_t)1 << 31) + 8)
#define FAR_VOCAB 1000
#define FAR_ROWS 3

static void *device_memory(size_t bytes) {
    void *memory = NULL;
    if (cudaMalloc(&memory, bytes) == cudaSuccess)
        return memory;
    printf("skipped: the device has no %zu bytes for rows 2^31 elements apart\n", bytes);
    return NULL;
}

static struct request *far_request(void) {
    uint16_t rows[FAR_ROWS][FAR_VOCAB];
    struct random random = random_of_seed(13);
    for (int row = 0; row < FAR_ROWS; row++)
        row_fill(&random, ROW_NORMAL, LOTTO_BF16, FAR_VOCAB, rows[row]);
    return request_of(rows, LOTTO_BF16, FAR_ROWS, FAR_VOCAB);
}

Test(shapes, logits_beyond_two_to_the_31_elements, .timeout = 600) {
    struct places places;
    if (!places_enter(&places))
        return;
    uint16_t *far = device_memory((size_t)((FAR_ROWS - 1) * FAR_STRIDE + FAR_VOCAB) * sizeof *far);
    if (far) {
        struct request *near = far_request();
        struct results *reference = results_create(near);
        cr_assert(place_answer(&places.reference, near, reference, text, sizeof text), "%s", text);
        for (int row = 0; row < FAR_ROWS; row++)
            cr_assert_eq(cudaMemcpy(far + row * FAR_STRIDE, request_row(near, row), FAR_VOCAB * sizeof *far,
                                    cudaMemcpyHostToDevice),
                         cudaSuccess);
        float probs[FAR_ROWS * FAR_VOCAB], *device_probs;
        cr_assert_eq(cudaMalloc((void **)&device_probs, sizeof probs), cudaSuccess);
        lotto_logits logits = {far, FAR_STRIDE, FAR_ROWS, FAR_VOCAB, LOTTO_BF16};
        lotto_controls controls = LOTTO_CONTROLS_INIT;
        cr_assert_eq(lotto_softmax(places.device.context, &logits, &controls, device_probs, FAR_VOCAB, NULL,
                                   NULL, 0, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(places.device.context));
        cr_assert_eq(cudaMemcpy(probs, device_probs, sizeof probs, cudaMemcpyDeviceToHost), cudaSuccess);
        cr_assert_arr_eq(probs, reference->array[SOFTMAX_PROBS], sizeof probs);
        cudaFree(device_probs);
        cudaFree(far);
        results_destroy(reference);
        request_destroy(near);
    }
    places_leave(&places);
}

Test(shapes, probs_beyond_two_to_the_31_elements, .timeout = 600) {
    struct places places;
    if (!places_enter(&places))
        return;
    const int rows = 2; /* 8 GiB */
    float *far = device_memory((size_t)((rows - 1) * FAR_STRIDE + FAR_VOCAB) * sizeof *far);
    if (far) {
        struct request *near = far_request();
        struct results *reference = results_create(near);
        cr_assert(place_answer(&places.reference, near, reference, text, sizeof text), "%s", text);
        void *device_logits;
        cr_assert_eq(cudaMalloc(&device_logits, near->memory_bytes), cudaSuccess);
        cr_assert_eq(cudaMemcpy(device_logits, near->logits.data, FAR_ROWS * FAR_VOCAB * sizeof(uint16_t),
                                cudaMemcpyHostToDevice),
                     cudaSuccess);
        lotto_logits logits = {device_logits, FAR_VOCAB, rows, FAR_VOCAB, LOTTO_BF16};
        lotto_controls controls = LOTTO_CONTROLS_INIT;
        cr_assert_eq(lotto_probs(places.device.context, &logits, &controls, far, FAR_STRIDE, NULL, NULL, NULL,
                                 0, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(places.device.context));
        for (int row = 0; row < rows; row++) {
            float probs[FAR_VOCAB];
            cr_assert_eq(cudaMemcpy(probs, far + row * FAR_STRIDE, sizeof probs, cudaMemcpyDeviceToHost),
                         cudaSuccess);
            cr_assert_arr_eq(probs, reference->array[PROBS_PROBS] + row * FAR_VOCAB, sizeof probs, "row %d",
                             row);
        }
        cudaFree(device_logits);
        cudaFree(far);
        results_destroy(reference);
        request_destroy(near);
    }
    places_leave(&places);
}

/* ---- real rows ---------------------------------------------------------------------------------------------------- */

/* A few rows of each file: all of them take too long on the virtual GPU for a test; scripts/soak takes them all. */
Test(real_rows, kernels_equal_the_reference, .timeout = 900) {
    struct places places;
    if (!places_enter(&places))
        return;
    struct real_rows *files = real_rows_load(LOTTO_TEST_DATA, getenv("LOTTO_TEST_LOGITS"));
    for (struct real_rows *file = files; file->name[0]; file++)
        for (int dtype = LOTTO_F32; dtype <= LOTTO_BF16; dtype++) {
            struct real_rows few = *file;
            few.rows = few.rows < 2 ? few.rows : 2;
            struct request *request = real_rows_request(&few, (lotto_dtype)dtype, (uint64_t)dtype);
            places_agree(&places, request);
            printf("%s as %s: %" PRId64 " of %" PRId64 " rows of %" PRId64 " logits equal the reference's\n",
                   file->name, dtype_name((lotto_dtype)dtype), few.rows, file->rows, file->vocab);
            request_destroy(request);
        }
    real_rows_destroy(files);
    places_leave(&places);
}
