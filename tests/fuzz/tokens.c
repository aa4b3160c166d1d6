/*
 * Mutants of text: besides what the driver does to bytes, words and whole lines of the input are exchanged, repeated and left out. So
 * more of them stay well formed, and reach what lies behind the syntax.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t most); /* the driver's own */

struct span {
    size_t begin, end;
};

static int is_of_word(uint8_t byte) {
    return byte > 0x7f || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || strchr("_$%.:-", byte ? byte : ' ');
}

/* The word, sign or line at a place, blanks before it left out. */
static struct span span_at(const uint8_t *bytes, size_t count, size_t place, int is_line) {
    struct span span = {place, place};
    while (is_line && span.begin > 0 && bytes[span.begin - 1] != '\n')
        span.begin--;
    while (!is_line && span.begin < count && (bytes[span.begin] == ' ' || bytes[span.begin] == '\n'))
        span.begin++;
    while (!is_line && span.begin > 0 && span.begin < count && is_of_word(bytes[span.begin]) &&
           is_of_word(bytes[span.begin - 1]))
        span.begin--;
    span.end = span.begin;
    while (span.end < count && (is_line ? bytes[span.end] != '\n' : is_of_word(bytes[span.end])))
        span.end++;
    if (span.end < count && (is_line || span.end == span.begin))
        span.end++;
    return span;
}

/* Puts `by` where `old` is. */
static size_t put(uint8_t *bytes, size_t count, size_t most, struct span old, const uint8_t *by,
                  size_t length) {
    size_t removed = old.end - old.begin;
    if (count - removed + length > most)
        return count;
    memmove(bytes + old.begin + length, bytes + old.end, count - old.end);
    if (length > 0)
        memcpy(bytes + old.begin, by, length);
    return count - removed + length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t most, unsigned seed) {
    uint64_t state = (uint64_t)seed * 0x9e3779b97f4a7c15 + 1;
    if (count == 0 || seed % 4 == 0)
        return LLVMFuzzerMutate(bytes, count, most);
    for (unsigned times = 1 + seed / 4 % 3; times > 0 && count > 0; times--) {
        unsigned choice[3];
        for (int i = 0; i < 3; i++) {
            state = state * 6364136223846793005 + 1442695040888963407;
            choice[i] = (unsigned)(state >> 33);
        }
        int is_line = choice[2] % 4 == 0;
        struct span to = span_at(bytes, count, choice[0] % count, is_line);
        struct span from = span_at(bytes, count, choice[1] % count, is_line);
        size_t length = from.end - from.begin;
        uint8_t *copy = malloc(length + 1);
        memcpy(copy, bytes + from.begin, length);
        if (choice[2] / 4 % 4 == 0)
            to.end = to.begin; /* beside it */
        else if (choice[2] / 4 % 4 == 1)
            length = 0; /* away with it */
        count = put(bytes, count, most, to, copy, length);
        free(copy);
    }
    return count;
}
