/* What a context does with its CUDA device: creation, streams, capture in a graph, threads, a device that is not the caller's. */
#include "tests/advance_positions.h"

#include <lotto/lotto.h>

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

enum { ROWS = 4, VOCAB = 100, STEPS = 100 };

static void *on_device(const void *values, size_t bytes) {
    void *device = NULL;
    cr_assert_eq(cudaMalloc(&device, bytes), cudaSuccess);
    cr_assert_eq(cudaMemcpy(device, values, bytes, cudaMemcpyHostToDevice), cudaSuccess);
    return device;
}

/* A small batch on the device, whose positions the test advances. */
struct batch {
    lotto_context *context;
    lotto_logits logits;
    lotto_controls controls;
    lotto_draws draws;
    lotto_samples samples;
    uint64_t *positions;
    const lotto_drafts *
        drafts; /* not NULL: the rows are those of sequences, to be verified; the tokens go where samples' would */
    void *workspace;
    size_t workspace_bytes;
};

static struct batch new_batch(void) {
    static float values[ROWS][VOCAB];
    static const uint64_t seeds[ROWS] = {1, 2, 3, 4}, positions[ROWS] = {0};
    static const float temperature[ROWS] = {1, 0.7f, 0, 2};
    static const int32_t top_k[ROWS] = {0, 20, 0, 40};
    for (int i = 0; i < ROWS * VOCAB; i++)
        (&values[0][0])[i] = (float)(i * 37 % 101) / 25.0f;

    struct batch batch = {
        .controls = LOTTO_CONTROLS_INIT, .draws = LOTTO_DRAWS_INIT, .samples = LOTTO_SAMPLES_INIT};
    cr_assert_eq(lotto_context_create(&batch.context, LOTTO_DEVICE_CURRENT), LOTTO_SUCCESS);
    batch.logits = (lotto_logits){on_device(values, sizeof values), VOCAB, ROWS, VOCAB, LOTTO_F32};
    batch.controls.temperature = on_device(temperature, sizeof temperature);
    batch.controls.top_k = on_device(top_k, sizeof top_k);
    batch.controls.default_top_p = 0.9f;
    batch.positions = on_device(positions, sizeof positions);
    batch.draws.seeds = on_device(seeds, sizeof seeds);
    batch.draws.positions = batch.positions;
    batch.samples.tokens = on_device(positions, ROWS * sizeof(int32_t));
    return batch;
}

static lotto_status sample(struct batch *batch, cudaStream_t stream) {
    if (!batch->drafts)
        return lotto_sample(batch->context, &batch->logits, &batch->draws, &batch->controls, &batch->samples,
                            NULL, 0, stream);
    lotto_verified verified = LOTTO_VERIFIED_INIT;
    verified.tokens = batch->samples.tokens;
    return lotto_verify(batch->context, &batch->logits, batch->drafts, &batch->draws, &batch->controls,
                        &verified, batch->workspace, batch->workspace_bytes, stream);
}

static void get_tokens(const struct batch *batch, int32_t *tokens) {
    cr_assert_eq(cudaMemcpy(tokens, batch->samples.tokens, ROWS * sizeof *tokens, cudaMemcpyDeviceToHost),
                 cudaSuccess);
}

/*
 * The tokens of the positions from 0 on, by a call each; at every third of so many first tokens of the rows. Without assertions, which belong
 * to the test's own thread.
 */
static bool sample_steps(struct batch *batch, cudaStream_t stream, int64_t first_tokens,
                         int32_t tokens[STEPS][ROWS]) {
    bool good = true;
    for (int step = 0; good && step < STEPS; step++) {
        uint64_t positions[ROWS];
        for (int row = 0; row < ROWS; row++)
            positions[row] = (uint64_t)step;
        batch->logits.vocab = step % 3 ? VOCAB : first_tokens;
        good = cudaMemcpyAsync(batch->positions, positions, sizeof positions, cudaMemcpyHostToDevice,
                               stream) == cudaSuccess &&
               sample(batch, stream) == LOTTO_SUCCESS &&
               cudaMemcpyAsync(tokens[step], batch->samples.tokens, sizeof tokens[step],
                               cudaMemcpyDeviceToHost, stream) == cudaSuccess &&
               cudaStreamSynchronize(stream) == cudaSuccess;
    }
    return good;
}

Test(device, contexts_are_created_by_index) {
    lotto_context *context;
    cr_assert_eq(lotto_context_create(&context, 0), LOTTO_SUCCESS);
    lotto_device device = LOTTO_DEVICE_INIT;
    cr_assert_eq(lotto_device_info(context, &device), LOTTO_SUCCESS);
    cr_expect_eq(device.index, 0);
    cr_expect_geq(device.compute_capability, 75);
    cr_expect_gt(device.multiprocessors, 0);
    cr_expect_neq(device.name[0], '\0');
    lotto_context_destroy(context);

    const int nowhere[] = {99, -3};
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(lotto_context_create(&context, nowhere[i]), LOTTO_INVALID_ARGUMENT);
        cr_expect_null(context);
    }
}

Test(device, sampling_without_adjustments_needs_no_workspace) {
    struct batch batch = new_batch();
    size_t bytes = 1;
    cr_assert_eq(lotto_sample_workspace(batch.context, &batch.logits, &batch.draws, &batch.controls, &bytes),
                 LOTTO_SUCCESS);
    cr_expect_eq(bytes, 0);
}

/* A decoding loop captured once: the replays advance the positions on the device. */
static void captured_equals_direct(struct batch batch) {
    int32_t direct[STEPS][ROWS], replayed[STEPS][ROWS];
    cr_assert(sample_steps(&batch, NULL, VOCAB, direct), "%s", lotto_context_error(batch.context));

    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    cr_assert_eq(cudaStreamCreate(&stream), cudaSuccess);
    cr_assert_eq(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess);
    cr_assert_eq(sample(&batch, stream), LOTTO_SUCCESS, "%s", lotto_context_error(batch.context));
    cr_assert_eq(advance_positions(batch.positions, ROWS, stream), cudaSuccess);
    cr_assert_eq(cudaStreamEndCapture(stream, &graph), cudaSuccess);
    size_t nodes = 0;
    cr_assert_eq(cudaGraphGetNodes(graph, NULL, &nodes), cudaSuccess);
    cr_expect_eq(nodes, batch.drafts ? 3 : 2, "one launch, which lotto_verify clears some words for");
    cr_assert_eq(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
    cr_assert_eq(cudaMemset(batch.positions, 0, ROWS * sizeof *batch.positions), cudaSuccess);
    for (int step = 0; step < STEPS; step++) {
        cr_assert_eq(cudaGraphLaunch(executable, stream), cudaSuccess);
        cr_assert_eq(cudaStreamSynchronize(stream), cudaSuccess);
        get_tokens(&batch, replayed[step]);
    }
    cr_expect_arr_eq(replayed, direct, sizeof direct);

    int distinct = 0;
    for (int step = 1; step < STEPS; step++)
        distinct += direct[step][0] != direct[0][0];
    cr_expect_gt(distinct, 0, "positions make no difference");
}

Test(device, a_captured_call_replayed_equals_direct_calls) { captured_equals_direct(new_batch()); }

/* Still one launch. */
Test(device, a_captured_call_with_adjustments_too) {
    static const int32_t ids[ROWS][2] = {{0, 1}, {5, 5}, {7, -1}, {2, 9}}, lengths[ROWS] = {2, 2, 1, 0};
    static const float biases[ROWS][2] = {{3, 2}, {-1, 4}};
    struct batch batch = new_batch();
    lotto_adjustments adjustments = LOTTO_ADJUSTMENTS_INIT;
    adjustments.biased = adjustments.history =
        (lotto_id_lists){on_device(ids, sizeof ids), 2, on_device(lengths, sizeof lengths)};
    adjustments.biases = on_device(biases, sizeof biases);
    adjustments.default_presence_penalty = 0.5f;
    batch.controls.adjustments = &adjustments;
    captured_equals_direct(batch);
}

Test(device, a_call_for_every_result_is_one_launch_too) {
    static const uint64_t room[8 * ROWS];
    static const int32_t logits_rows[ROWS] = {3, 3, 0, 1};
    struct batch batch = new_batch();
    batch.draws.logits_rows = on_device(logits_rows, sizeof logits_rows);
    batch.draws.requests = ROWS;
    batch.samples.entropy = on_device(room, sizeof room);
    batch.samples.kept = on_device(room, sizeof room);
    batch.samples.kept_mass = on_device(room, sizeof room);
    batch.samples.model_logprob = on_device(room, sizeof room);
    batch.samples.rank = on_device(room, sizeof room);
    batch.samples.top_n = 5;
    batch.samples.top_ids = on_device(room, sizeof room);
    batch.samples.top_logprobs = on_device(room, sizeof room);
    batch.samples.top_of = LOTTO_LOGPROBS_MODEL;
    captured_equals_direct(batch);
}

Test(device, a_captured_verification_too) {
    static const int32_t tokens[ROWS / 2] = {29, 7};
    struct batch batch = new_batch();
    lotto_drafts drafts = LOTTO_DRAFTS_INIT;
    drafts.tokens = on_device(tokens, sizeof tokens);
    drafts.count = 1;
    batch.drafts = &drafts;
    cr_assert_eq(lotto_verify_workspace(batch.context, &batch.logits, &drafts, &batch.draws, &batch.controls,
                                        &batch.workspace_bytes),
                 LOTTO_SUCCESS);
    cr_assert_eq(batch.workspace_bytes, 256);
    cr_assert_eq(cudaMalloc(&batch.workspace, batch.workspace_bytes), cudaSuccess);
    captured_equals_direct(batch);
}

/* A thread with a context, a stream and outputs of its own. */
struct worker {
    pthread_t thread;
    int device;
    struct batch batch;
    int32_t tokens[STEPS][ROWS];
    bool good;
};

static void *work(void *argument) {
    struct worker *worker = argument;
    cudaStream_t stream;
    worker->good = cudaSetDevice(worker->device) == cudaSuccess &&
                   cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess &&
                   sample_steps(&worker->batch, stream, VOCAB / 2, worker->tokens);
    return NULL;
}

/* Launches of two sizes, which ask for different amounts of shared memory, meet. */
Test(device, threads_with_a_context_each_get_the_same_tokens_on_every_device) {
    enum { PER_DEVICE = 4, MOST = 16 };
    static struct worker workers[MOST];
    int devices = 0;
    cr_assert_eq(cudaGetDeviceCount(&devices), cudaSuccess);
    int count = devices * PER_DEVICE < MOST ? devices * PER_DEVICE : MOST;
    for (int i = 0; i < count; i++) {
        workers[i].device = i / PER_DEVICE;
        cr_assert_eq(cudaSetDevice(workers[i].device), cudaSuccess);
        workers[i].batch = new_batch();
    }
    for (int i = 0; i < count; i++)
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    for (int i = 0; i < count; i++)
        cr_assert_eq(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < count; i++) {
        cr_assert(workers[i].good, "thread %d: %s", i, lotto_context_error(workers[i].batch.context));
        cr_expect_arr_eq(workers[i].tokens, workers[0].tokens, sizeof workers[0].tokens,
                         "thread %d, on device %d", i, workers[i].device);
    }
}

/* With the caller on device 0 and the context on device 1; the stream is one of device 1, or its default stream. */
Test(device, a_call_uses_the_contexts_device_and_restores_the_callers) {
    int count = 0, current = -1;
    cr_assert_eq(cudaGetDeviceCount(&count), cudaSuccess);
    if (count < 2)
        cr_skip_test("there is one device");
    struct batch here = new_batch();
    cudaStream_t stream, foreign;
    cr_assert_eq(cudaStreamCreate(&foreign), cudaSuccess);
    cr_assert_eq(cudaSetDevice(1), cudaSuccess);
    struct batch there = new_batch();
    cr_assert_eq(cudaStreamCreate(&stream), cudaSuccess);
    lotto_device device = LOTTO_DEVICE_INIT;
    cr_assert_eq(lotto_device_info(there.context, &device), LOTTO_SUCCESS);
    cr_expect_eq(device.index, 1);
    cr_assert_eq(cudaSetDevice(0), cudaSuccess);

    int32_t tokens[ROWS], wanted[ROWS];
    cr_assert_eq(sample(&here, NULL), LOTTO_SUCCESS, "%s", lotto_context_error(here.context));
    get_tokens(&here, wanted);
    cudaStream_t const streams[] = {NULL, stream};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(sample(&there, streams[i]), LOTTO_SUCCESS, "%s", lotto_context_error(there.context));
        cr_assert_eq(cudaGetDevice(&current), cudaSuccess);
        cr_expect_eq(current, 0, "the caller's device is restored");
        cr_assert_eq(cudaSetDevice(1), cudaSuccess);
        cr_assert_eq(cudaDeviceSynchronize(), cudaSuccess);
        cr_assert_eq(cudaSetDevice(0), cudaSuccess);
        get_tokens(&there, tokens);
        cr_expect_arr_eq(tokens, wanted, sizeof wanted);
    }
    cr_expect_eq(sample(&there, foreign), LOTTO_CUDA_ERROR, "a stream of another device");
    cr_assert_eq(cudaGetDevice(&current), cudaSuccess);
    cr_expect_eq(current, 0, "also after an error");
}

/* A call during a capture that has failed returns CUDA's error by name. */
Test(device, launch_errors_are_reported_with_their_cuda_name) {
    struct batch batch = new_batch();
    cudaStream_t stream;
    cr_assert_eq(cudaStreamCreate(&stream), cudaSuccess);
    cr_assert_eq(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess);
    cr_assert_neq(cudaStreamSynchronize(stream), cudaSuccess); /* invalidates the capture */
    cr_expect_eq(sample(&batch, stream), LOTTO_CUDA_ERROR);
    cr_expect_not_null(strstr(lotto_context_error(batch.context), "cudaErrorStreamCapture"), "%s",
                       lotto_context_error(batch.context));
}
