#include "print_text.h"

#include "status.h"

#include <stdio.h>

void print_token(const struct vocabulary *vocabulary, int32_t token, int columns) {
    struct text text = vocabulary_text(vocabulary, token);
    if (token < 0)
        printf("%-*s", columns, "-");
    else if (text.bytes != NULL)
        text_print_quoted(stdout, text, columns, TEXT_BEGIN, true);
    else
        printf("%-*d", columns, (int)token);
}

void print_prob(float prob) { printf(prob == 0 || prob >= 0.0001f ? "%7.4f" : "%7.1e", (double)prob); }

void print_status(uint32_t status) {
    if (status != 0)
        printf("  %s", status_text(status));
}
