/* A program outside the project, valid C11 and C++17: greedy tokens of two rows on the CPU reference. */
#include <lotto/lotto.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING_OF(x) #x
#define STRING(x) STRING_OF(x)
#define HEADER_VERSION                                                                                       \
    STRING(LOTTO_VERSION_MAJOR) "." STRING(LOTTO_VERSION_MINOR) "." STRING(LOTTO_VERSION_PATCH)

int main(void) {
    const float logits[2][3] = {{1.0f, 3.0f, 3.0f}, {-2.0f, -5.0f, -4.0f}};
    lotto_logits input;
    input.data = logits;
    input.row_stride = 3;
    input.rows = 2;
    input.vocab = 3;
    input.dtype = LOTTO_F32;

    if (strcmp(lotto_version(), HEADER_VERSION) != 0) {
        fprintf(stderr, "the header is %s, the library %s\n", HEADER_VERSION, lotto_version());
        return 1;
    }
    lotto_context *context;
    lotto_status status = lotto_context_create(&context, LOTTO_DEVICE_REFERENCE);
    if (status != LOTTO_SUCCESS) {
        fprintf(stderr, "lotto_context_create: %s\n", lotto_status_string(status));
        return 1;
    }
    size_t bytes = 0;
    status = lotto_argmax_workspace(context, &input, &bytes);
    if (status != LOTTO_SUCCESS) {
        fprintf(stderr, "lotto_argmax_workspace: %s\n", lotto_context_error(context));
        return 1;
    }
    void *workspace = aligned_alloc(256, bytes);
    int32_t tokens[2] = {-1, -1};
    status = lotto_argmax(context, &input, tokens, NULL, workspace, bytes, NULL);
    if (status != LOTTO_SUCCESS) {
        fprintf(stderr, "lotto_argmax: %s\n", lotto_context_error(context));
        return 1;
    }
    free(workspace);
    lotto_context_destroy(context);

    printf("%d %d\n", (int)tokens[0], (int)tokens[1]);
    return 0;
}
