/*
 * Runs the README's examples on the CPU reference: readme.sh puts it behind their lines. Logits are 0 but for token 7 (8), token 5 (6) and token 3 (4).
 * Three greedy rows: the first has token 7; the mask of the second leaves out 7: token 5; the third has produced 7 three times at a penalty of 2, 8 - 3 * 2
 * = 2, and 5 once, 6 - 2 = 4, a tie with 3: the lower id. A fourth, at temperature 1, has k = 1: token 7, with certainty.
 * Then the four rows with a fifth are the target of a greedy sequence with drafts 7, 7, 5: the third is refused for 7.
 */
#include <stdlib.h>

enum { ROWS = 4, STRIDE = 5, WORDS = (VOCAB + 31) / 32 };

static int verifies(lotto_context *context, const void *logits) {
    static const int32_t drafts[ROWS] = {7, 7, 5}, length = 3, expected[ROWS + 1] = {7, 7, 7, -1, -1};
    static const uint64_t zero = 0;
    int32_t tokens[ROWS + 1], accepted;
    lotto_logits target = {logits, VOCAB, ROWS + 1, VOCAB, LOTTO_BF16};
    lotto_draws draws = LOTTO_DRAWS_INIT;
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    lotto_drafts shape = LOTTO_DRAFTS_INIT;
    draws.seeds = draws.positions = &zero;
    controls.default_temperature = 0;
    shape.count = ROWS;
    size_t bytes = 0;
    if (lotto_verify_workspace(context, &target, &shape, &draws, &controls, &bytes) != LOTTO_SUCCESS)
        return 0;
    void *workspace = aligned_alloc(256, bytes);
    lotto_status status = verify_drafts(context, &target, drafts, &length, NULL, &draws, &controls, tokens,
                                        &accepted, workspace, bytes, NULL);
    free(workspace);
    int right = status == LOTTO_SUCCESS && accepted == 2;
    for (int place = 0; place <= ROWS; place++)
        right = right && tokens[place] == expected[place];
    if (!right)
        printf("drafts: %d accepted, tokens %d %d %d; must be 2, 7 7 7\n", accepted, tokens[0], tokens[1],
               tokens[2]);
    return right;
}

int main(void) {
    uint16_t *logits = calloc((size_t)(ROWS + 1) * VOCAB, sizeof *logits);
    uint32_t *masks = malloc(WORDS * sizeof *masks);
    float temperature[ROWS] = {0, 0, 0, 1}, top_p[ROWS] = {1, 1, 1, 0.9f}, penalty[ROWS] = {0, 0, 2, 0},
          logprobs[ROWS];
    int32_t top_k[ROWS] = {0, 0, 0, 1}, mask_of_row[ROWS] = {-1, 0, -1, -1}, tokens[ROWS];
    int32_t history[ROWS * STRIDE] = {[2 * STRIDE] = 3, 7, 5, 7, 7}, lengths[ROWS] = {0, 0, STRIDE, 0},
                           prompt_lengths[ROWS] = {0, 0, 1, 0};
    uint64_t seeds[ROWS] = {1, 2, 3, 4}, positions[ROWS] = {0};
    uint32_t status[ROWS];
    static const int32_t expected[ROWS] = {7, 5, 3, 7};
    if (!logits || !masks)
        return 1;
    for (int row = 0; row <= ROWS; row++) {
        logits[row * VOCAB + 7] = 0x4100; /* 8 */
        logits[row * VOCAB + 5] = 0x40c0; /* 6 */
        logits[row * VOCAB + 3] = 0x4080; /* 4 */
    }
    for (int word = 0; word < WORDS; word++)
        masks[word] = word == 0 ? ~(1u << 7) : ~0u;

    lotto_context *context;
    if (lotto_context_create(&context, LOTTO_DEVICE_REFERENCE) != LOTTO_SUCCESS)
        return 1;
    lotto_logits shape = {NULL, VOCAB, ROWS, VOCAB, LOTTO_BF16};
    lotto_draws draws = LOTTO_DRAWS_INIT;
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    size_t bytes = 0;
    if (lotto_sample_workspace(context, &shape, &draws, &controls, &bytes) != LOTTO_SUCCESS)
        return 1;
    void *workspace = aligned_alloc(256, bytes);
    struct batch batch = {logits,      ROWS,     temperature, top_p,          penalty, top_k, masks,
                          mask_of_row, history,  lengths,     prompt_lengths, STRIDE,  seeds, positions,
                          tokens,      logprobs, status,      workspace,      bytes};
    if (sample_batch(context, &batch, NULL) != LOTTO_SUCCESS)
        return 1;
    int wrong = 0;
    for (int row = 0; row < ROWS; row++)
        if (tokens[row] != expected[row] || logprobs[row] != 0.0f || status[row] != 0) {
            printf("row %d: token %d, logprob %g, status %u; must be %d, 0, 0\n", row, tokens[row],
                   (double)logprobs[row], status[row], expected[row]);
            wrong = 1;
        }
    wrong |= !verifies(context, logits);
    lotto_context_destroy(context);
    free(workspace);
    free(masks);
    free(logits);
    return wrong;
}
