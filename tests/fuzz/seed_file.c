/* A file of seeds, one a line, for three rows. */
#include "host/cli/seed_file.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 3 };

/* Lines as every editor counts them. */
static int lines_of(const uint8_t *bytes, size_t count) {
    int lines = count > 0 && bytes[count - 1] != '\n';
    for (size_t i = 0; i < count; i++)
        lines += bytes[i] == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct error error = {EXIT_DONE, ""};
    uint64_t *seeds = seed_file_read(fuzz_file(bytes, count), ROWS, &error);
    if (seeds == NULL)
        fuzz_check_sentence(error.text, sizeof error.text);
    else if (lines_of(bytes, count) != ROWS || memchr(bytes, '\0', count) != NULL)
        fuzz_fail("accepted %d lines for %d rows, or a NUL in one", lines_of(bytes, count), ROWS);
    free(seeds);
    return 0;
}
