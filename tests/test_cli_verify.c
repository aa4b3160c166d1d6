/* --verify finds any one bit of any output, and says where it is. */
#include "host/cli/verify.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 3, VOCAB = 5, PLACES = 2, DRAWS = 4 };

static struct request request_of(enum operation operation) {
    return (struct request){
        .operation = operation, .controls = LOTTO_CONTROLS_INIT, .places = PLACES, .draws = DRAWS};
}

static void fill(struct results *results, const struct request *request) {
    struct error error;
    cr_assert(results_allocate(results, request, VOCAB, ROWS, &error));
    for (int output = 0; output < request_output_count(request); output++)
        for (int64_t i = 0; i < ROWS * request_output_width(request, output, VOCAB); i++)
            results->outputs[output][i] = (uint32_t)(0x3f000000 + 100 * output + i);
}

Test(cli_verify, finds_every_bit) {
    int found = 0;
    for (int operation = OPERATION_SAMPLE; operation <= OPERATION_LOGPROBS; operation++) {
        struct request request = request_of((enum operation)operation);
        struct results got, expected;
        struct verify_place place = {"a device", 40};
        struct error error;
        fill(&got, &request);
        fill(&expected, &request);
        cr_assert(verify_results(&got, 0, &expected, ROWS, place, &error));
        for (int output = 0; output < request_output_count(&request); output++) {
            int64_t width = request_output_width(&request, output, VOCAB);
            for (int64_t i = 0; i < ROWS * width; i++) {
                char row[32];
                snprintf(row, sizeof row, "row %d", (int)(40 + i / width));
                for (int bit = 0; bit < 32; bit++, found++) {
                    got.outputs[output][i] ^= 1u << bit;
                    cr_assert(!verify_results(&got, 0, &expected, ROWS, place, &error));
                    cr_assert(strstr(error.text, row) &&
                              strstr(error.text, request_output(&request, output).name));
                    got.outputs[output][i] ^= 1u << bit;
                }
            }
        }
        results_free(&got);
        results_free(&expected);
    }
    printf("%d single bits found\n", found);
}

Test(cli_verify, shows_both_values) {
    struct request request = request_of(OPERATION_SAMPLE);
    struct results got, expected;
    struct error error;
    fill(&got, &request);
    fill(&expected, &request);
    float zero = 0, minus_zero = -0.0f;
    memcpy(&got.outputs[SAMPLE_PROB][DRAWS + 2], &minus_zero, sizeof zero);
    memcpy(&expected.outputs[SAMPLE_PROB][DRAWS + 2], &zero, sizeof zero);
    cr_assert(!verify_results(&got, 0, &expected, ROWS, (struct verify_place){"sm_90", 0}, &error));
    cr_assert_str_eq(
        error.text,
        "verification failed: row 1, position 0: prob of draw 2 is -0 (0x80000000) on sm_90 and 0 "
        "(0x00000000) on the CPU reference");
    request.positions = (const uint64_t[ROWS]){100, 200, 300};
    cr_assert(!verify_results(&got, 0, &expected, ROWS, (struct verify_place){"sm_90", 40}, &error));
    cr_assert(strstr(error.text, "row 41, position 200:"), "%s", error.text);
    results_free(&got);
    results_free(&expected);
}
