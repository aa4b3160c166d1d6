/* A vocabulary of three tokens, each text printed. */
#include "host/cli/vocabulary.h"
#include "fuzz.h"

#include <locale.h>
#include <stdio.h>

enum { VOCAB = 3, COLUMNS = 20 };

static void print(FILE *stream, struct text text) {
    if (text.bytes == NULL)
        fuzz_fail("accepted without a text for each token");
    for (int quotes = 0; quotes < 2; quotes++) {
        text_print_quoted(stream, text, COLUMNS, TEXT_BEGIN, quotes);
        text_print_quoted(stream, text, COLUMNS, TEXT_END, quotes);
    }
    text_print_safe(stream, text.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static FILE *nowhere;
    if (nowhere == NULL) {
        setlocale(LC_ALL, "C.UTF-8");
        nowhere = fopen("/dev/null", "w");
    }
    struct error error = {EXIT_DONE, ""};
    struct vocabulary vocabulary;
    if (!vocabulary_load(&vocabulary, fuzz_file(bytes, count), "logits.npy", VOCAB, &error)) {
        fuzz_check_sentence(error.text, sizeof error.text);
        return 0;
    }
    for (int64_t token = 0; token < VOCAB; token++)
        print(nowhere, vocabulary_text(&vocabulary, token));
    vocabulary_free(&vocabulary);
    return 0;
}
