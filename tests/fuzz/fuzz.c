#define _GNU_SOURCE /* memfd_create */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "fuzz: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    abort();
}

void fuzz_check_sentence(const char *sentence, size_t room) {
    size_t length = strnlen(sentence, room);
    if (length == 0)
        fuzz_fail("a refusal without a sentence");
    if (length + 1 >= room)
        fuzz_fail("a sentence that was cut: %.*s", (int)length, sentence);
}

const char *fuzz_file(const uint8_t *bytes, size_t count) {
    static char path[40];
    static int descriptor;
    if (path[0] == '\0') {
        descriptor = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    }
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, bytes, count, 0) != (ssize_t)count)
        fuzz_fail("the input could not be put into a file");
    return path;
}
