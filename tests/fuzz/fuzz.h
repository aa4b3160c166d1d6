/* What the targets share. A target, one a reader, is the function that libFuzzer calls with each input: it must return. */
#ifndef LOTTO_FUZZ_H
#define LOTTO_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Ends the process as a crash does, with a sentence that says what was wrong. */
_Noreturn void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A reader that refuses says why: a sentence, not an empty one, nor one that fills its room and so has lost its end. */
void fuzz_check_sentence(const char *sentence, size_t room);

/* The path of a file that holds the bytes, the same one at each call; it lives in memory. */
const char *fuzz_file(const uint8_t *bytes, size_t count);

#endif
