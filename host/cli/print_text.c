#include "print_text.h"

#include "status.h"

#include <stdio.h>

int print_token(const struct vocabulary *vocabulary, int32_t token, int columns) {
    struct text text = vocabulary_text(vocabulary, token);
    if (token < 0)
        return printf("-");
    if (text.bytes == NULL)
        return printf("%d", (int)token);
    return text_print_quoted(stdout, text, columns, TEXT_BEGIN, true);
}

void print_token_padded(const struct vocabulary *vocabulary, int32_t token, int columns) {
    print_spaces(columns - print_token(vocabulary, token, columns));
}

void print_entry(const struct vocabulary *vocabulary, int32_t token) {
    printf("%8d  ", (int)token);
    if (vocabulary->texts != NULL) {
        print_token_padded(vocabulary, token, 24);
        printf("  ");
    }
}

void print_spaces(int count) {
    if (count > 0)
        printf("%*s", count, "");
}

void print_prob(float prob) { printf(prob == 0 || prob >= 0.0001f ? "%7.4f" : "%7.1e", (double)prob); }

void print_status(uint32_t status) {
    if (status != 0)
        printf("  %s", status_text(status));
}
