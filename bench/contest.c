#include "contest.h"

#include "check.h"
#include "host/cli/dtype.h"

#include <stdlib.h>

/* What the other peers have in common. */
static const char *lacks_of(const struct contest *contest) {
    const lotto_controls *controls = &contest->asked.request.controls;
    if (contest->stage->input.dtype != LOTTO_F32)
        return "it takes f32 logits here";
    if (controls->default_temperature < 1e-6f)
        return "it is not for greedy rows";
    if (controls->default_min_p > 0)
        return "it has no min-p here";
    if (contest->point->value[AXIS_EXTRA] != 0)
        return "it has nothing beside its filters here";
    return contest->peer->lacks(&contest->call);
}

/* A number in [0, 1) for each row, as good as any. */
static bool upload_random(struct stage *stage, struct error *error) {
    int64_t rows = stage->input.rows;
    float *random = allocate(error, (uint64_t)rows * sizeof *random);
    if (random == NULL)
        return false;
    for (int64_t row = 0; row < rows; row++)
        random[row] = (float)(stage->input.seeds[row] * 0x9e3779b97f4a7c15u >> 40) * 0x1p-24f;
    bool good =
        device_upload(&stage->run.device, &stage->random, random, (size_t)rows * sizeof *random, error);
    free(random);
    return good;
}

static bool zero(struct device_memory *memory, struct error *error) {
    cudaError_t status = memory->bytes > 0 ? cudaMemset(memory->address, 0, memory->bytes) : cudaSuccess;
    return status == cudaSuccess || failure(error, "zeroing a workspace: %s", cudaGetErrorString(status));
}

static bool open_peer(struct contest *contest, const char **lacks, struct error *error) {
    struct stage *stage = contest->stage;
    const lotto_controls *controls = &contest->asked.request.controls;
    struct device *device = &stage->run.device;
    contest->call = (struct peer_call){
        .logits = stage->run.logits.data,
        .rows = stage->input.rows,
        .vocab = stage->input.vocab,
        .temperature = controls->default_temperature,
        .top_k = controls->default_top_k,
        .top_p = controls->default_top_p,
        .seed = stage->options->seed,
    };
    *lacks = lacks_of(contest);
    if (*lacks != NULL)
        return true;
    if (!upload_random(stage, error) ||
        !device_reserve(device, &stage->tokens, (size_t)stage->input.rows * sizeof(int32_t), error) ||
        !device_reserve(device, &stage->workspace, contest->peer->workspace_bytes(&contest->call), error) ||
        !zero(&stage->workspace, error))
        return false;
    contest->call.random = stage->random.address;
    contest->call.tokens = stage->tokens.address;
    contest->call.workspace = stage->workspace.address;
    return true;
}

bool contest_open(struct contest *contest, struct stage *stage, const struct peer *peer,
                  const struct point *point, const char **lacks, struct error *error) {
    *contest = (struct contest){.stage = stage, .peer = peer, .point = point};
    *lacks = NULL;
    if (!asked_open(&contest->asked, point, &stage->input, 0, stage->input.rows, error))
        return false;
    bool good = peer == peers[PEER_LOTTO] ? run_prepare(&stage->run, &contest->asked.request, error)
                                          : open_peer(contest, lacks, error);
    if (good && *lacks == NULL)
        good = results_allocate(&contest->results, &contest->asked.request, stage->input.vocab,
                                stage->input.rows, error);
    if (!good || *lacks != NULL)
        asked_close(&contest->asked);
    return good;
}

void contest_close(struct contest *contest) {
    results_free(&contest->results);
    asked_close(&contest->asked);
}

bool contest_enqueue(const void *self, lotto_stream stream, struct error *error) {
    const struct contest *contest = self;
    const struct peer *peer = contest->peer;
    if (peer == peers[PEER_LOTTO])
        return run_enqueue(&contest->stage->run, &contest->asked.request, stream, error);
    cudaError_t status = peer->enqueue(&contest->call, stream);
    return status == cudaSuccess || failure(error, "%s: %s", peer->name, cudaGetErrorString(status));
}

static bool fetch(struct contest *contest, struct error *error) {
    struct stage *stage = contest->stage;
    cudaError_t status = cudaDeviceSynchronize();
    if (status != cudaSuccess)
        return failure(error, "%s: %s", contest->peer->name, cudaGetErrorString(status));
    if (contest->peer == peers[PEER_LOTTO])
        return run_fetch(&stage->run, &contest->asked.request, &contest->results, error);
    return device_download(&stage->run.device, contest->results.outputs[SAMPLE_TOKEN], &stage->tokens,
                           (size_t)stage->input.rows * sizeof(int32_t), error);
}

static bool check_lotto(struct contest *contest, int64_t row, struct error *error) {
    struct stage *stage = contest->stage;
    struct asked asked;
    if (!asked_open(&asked, contest->point, &stage->input, row, 1, error))
        return false;
    bool good =
        check_equal(&stage->reference, &asked.request, &contest->results, row, stage->run.device.name, error);
    asked_close(&asked);
    return good;
}

static bool check_one(struct contest *contest, int64_t row, struct error *error) {
    struct stage *stage = contest->stage;
    const struct input *input = &stage->input;
    int64_t from = asked_logits_row(contest->point, row) * input->vocab;
    const void *values = (const char *)input->values + (size_t)from * dtype_bytes(input->dtype);
    if (!run_load(&stage->reference, values, input->dtype, 1, input->vocab, &input->seeds[row], error))
        return false;
    if (contest->peer == peers[PEER_LOTTO])
        return check_lotto(contest, row, error);
    return check_kept(&stage->reference, contest->peer, &contest->asked.request,
                      *results_integers(&contest->results, SAMPLE_TOKEN, row), row, error);
}

bool contest_check(struct contest *contest, int64_t checked_rows, struct error *error) {
    bool good = fetch(contest, error);
    for (int64_t i = 0; i < checked_rows && good; i++)
        good = check_one(contest, check_row(contest->stage->input.rows, checked_rows, i), error);
    return good;
}

struct amount contest_amount(const struct contest *contest) {
    const struct input *input = &contest->stage->input;
    int64_t logits = input->rows * input->vocab, bytes = logits * (int64_t)dtype_bytes(input->dtype);
    int64_t written =
        input->rows * request_row_elements(&contest->asked.request, input->vocab) * (int64_t)sizeof(uint32_t);
    int64_t controls = contest->asked.control_bytes;
    return (struct amount){logits, bytes, controls, bytes + controls + written};
}
