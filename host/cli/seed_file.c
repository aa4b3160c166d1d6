#include "seed_file.h"

#include "number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_seeds(FILE *file, const char *path, int64_t rows, uint64_t *seeds, struct error *error) {
    char line[64]; /* longer than any seed */
    int64_t count = 0;
    for (; fgets(line, sizeof line, file) != NULL; count++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (count == rows)
            return failure(error, "%s: it has more than %lld lines, one for each row", path, (long long)rows);
        if (!number_parse_whole(line, 0, UINT64_MAX, &seeds[count]))
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
