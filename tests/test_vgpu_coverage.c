/*
 * Every instruction of the executor's tables was executed by a suite that states its meaning: test_vgpu_coverage LOG..., the names
 * each suite executed (instruction/machine.c). Names those that no suite did, and fails.
 */
#include "host/vgpu/exec/instruction_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 32768, NAME_BYTES = 128 };
static char names[MAX_NAMES][NAME_BYTES];
static size_t count;

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static int read_log(const char *path) {
    FILE *log = fopen(path, "r");
    if (log == NULL) {
        fprintf(stderr, "cannot read %s: run the suite that writes it first\n", path);
        return 0;
    }
    while (count < MAX_NAMES && fscanf(log, "%127s", names[count]) == 1)
        count++;
    fclose(log);
    return count < MAX_NAMES;
}

int main(int argc, char **argv) {
    for (int k = 1; k < argc; k++)
        if (!read_log(argv[k]))
            return 1;
    qsort(names, count, NAME_BYTES, by_name);
    unsigned rows = 0, missing = 0;
    for (const struct instruction *const *family = instruction_families(); *family; family++) {
        for (const struct instruction *row = *family; row->name; row++, rows++) {
            if (bsearch(row->name, names, count, NAME_BYTES, by_name))
                continue;
            printf("no suite executes %s\n", row->name);
            missing++;
        }
    }
    printf("%u of the %u instructions of the tables were executed\n", rows - missing, rows);
    return missing != 0;
}
