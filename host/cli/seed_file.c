#include "seed_file.h"

#include "number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 64 }; /* longer than any seed */

/* A line without its end, as text; of a longer one its beginning. False where there is none. */
static bool read_line(FILE *file, char line[LINE_BYTES]) {
    int c, length = 0;
    while ((c = getc(file)) != EOF && c != '\n' && length < LINE_BYTES - 1)
        line[length++] = c != '\0' ? (char)c : '?';
    line[length] = '\0';
    bool has_ended = c == '\n' || c == EOF;
    if (has_ended && length > 0 && line[length - 1] == '\r')
        line[length - 1] = '\0';
    return c != EOF || length > 0;
}

static bool read_seeds(FILE *file, const char *path, int64_t rows, uint64_t *seeds, struct error *error) {
    char line[LINE_BYTES];
    int64_t count = 0;
    for (; read_line(file, line); count++) {
        if (count == rows)
            return failure(error, "%s: it has more than %lld lines, one for each row", path, (long long)rows);
        if (strlen(line) == LINE_BYTES - 1 || !number_parse_whole(line, 0, UINT64_MAX, &seeds[count]))
            return failure(error,
                           "%s: line %lld is '%s'; must be a whole number from 0 to 18446744073709551615",
                           path, (long long)count + 1, line);
    }
    if (ferror(file))
        return failure(error, "%s: %s", path, strerror(errno));
    if (count < rows)
        return failure(error, "%s: it has %lld lines; must have %lld, one for each row", path,
                       (long long)count, (long long)rows);
    return true;
}

uint64_t *seed_file_read(const char *path, int64_t rows, struct error *error) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        failure(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    uint64_t *seeds = allocate(error, (uint64_t)rows * sizeof *seeds);
    if (seeds != NULL && !read_seeds(file, path, rows, seeds, error)) {
        free(seeds);
        seeds = NULL;
    }
    fclose(file);
    return seeds;
}
