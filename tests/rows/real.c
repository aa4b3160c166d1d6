#include "tests/rows/real.h"

#include "tests/oracle/oracle.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the folder of further logits held when these tests were last changed, for the note that they were skipped. */
#define FURTHER_ROWS 36

_Noreturn static void fail(const char *path, const char *why) {
    fprintf(stderr, "%s: %s\n", path, why);
    abort();
}

static unsigned char *contents(const char *path, size_t *bytes) {
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail(path, "cannot be read");
    fseek(file, 0, SEEK_END);
    *bytes = (size_t)ftell(file);
    rewind(file);
    unsigned char *memory = malloc(*bytes + 1);
    if (memory == NULL || fread(memory, 1, *bytes, file) != *bytes)
        fail(path, "cannot be read whole");
    fclose(file);
    return memory;
}

static struct real_rows named(const char *path, json_int_t rows, json_int_t vocab) {
    struct real_rows real = {.rows = rows, .vocab = vocab};
    if (rows < 1 || vocab < 1)
        fail(path, "has no rows or no vocabulary");
    real.x = malloc((size_t)(rows * vocab) * sizeof *real.x);
    if (real.x == NULL)
        fail(path, "no memory");
    const char *name = strrchr(path, '/') + 1;
    snprintf(real.name, sizeof real.name, "%s", name);
    return real;
}

/* A header's length, the header as JSON, the data. */
static struct real_rows read_safetensors(const char *path) {
    size_t bytes;
    unsigned char *file = contents(path, &bytes);
    uint64_t header_bytes = 0;
    if (bytes >= 8)
        memcpy(&header_bytes, file, 8);
    if (bytes < 8 || header_bytes > bytes - 8)
        fail(path, "is truncated");
    json_t *header = json_loadb((const char *)file + 8, header_bytes, 0, NULL),
           *tensor = json_object_get(header, "logits");
    const char *dtype = "";
    json_int_t rows = 0, vocab = 0, begin = 0, end = 0;
    if (json_unpack(tensor, "{s:s, s:[I, I], s:[I, I]}", "dtype", &dtype, "shape", &rows, &vocab,
                    "data_offsets", &begin, &end) ||
        strcmp(dtype, "F16") != 0 || (uint64_t)end > bytes - 8 - header_bytes ||
        end - begin != rows * vocab * 2)
        fail(path, "does not hold an F16 tensor named logits");
    struct real_rows real = named(path, rows, vocab);
    for (int64_t i = 0; i < rows * vocab; i++)
        real.x[i] = oracle_float(file + 8 + header_bytes + begin, LOTTO_F16, i);
    json_decref(header);
    free(file);
    return real;
}

static struct real_rows read_raw(const char *path) {
    char sidecar[4096];
    snprintf(sidecar, sizeof sidecar, "%.*s.json", (int)(strlen(path) - strlen(".f32.bin")), path);
    json_t *description = json_load_file(sidecar, 0, NULL);
    json_int_t rows = 0, vocab = 0;
    if (json_unpack(description, "{s:I, s:I}", "rows", &rows, "vocab", &vocab))
        fail(sidecar, "does not tell rows and vocab");
    struct real_rows real = named(path, rows, vocab);
    size_t bytes;
    unsigned char *file = contents(path, &bytes);
    if (bytes != (size_t)(rows * vocab) * sizeof *real.x)
        fail(path, "is not as long as its description says");
    memcpy(real.x, file, bytes);
    json_decref(description);
    free(file);
    return real;
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), ending_length = strlen(ending);
    return length > ending_length && strcmp(name + length - ending_length, ending) == 0;
}

/* Appends what the folder holds of files with this ending, by name. */
static struct real_rows *append(struct real_rows *files, size_t *count, const char *folder,
                                const char *ending, struct real_rows (*read)(const char *path)) {
    struct dirent **entries;
    int entry_count = scandir(folder, &entries, NULL, alphasort);
    if (entry_count < 0)
        fail(folder, "cannot be listed");
    for (int i = 0; i < entry_count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (ends_with(entries[i]->d_name, ending)) {
            files = realloc(files, (*count + 2) * sizeof *files);
            if (files == NULL)
                fail(path, "no memory");
            files[(*count)++] = read(path);
        }
        free(entries[i]);
    }
    free(entries);
    return files;
}

struct real_rows *real_rows_load(const char *shipped, const char *further) {
    size_t count = 0;
    struct real_rows *files = append(NULL, &count, shipped, ".safetensors", read_safetensors);
    if (further && further[0])
        files = append(files, &count, further, ".f32.bin", read_raw);
    else
        printf("skipped: %d rows of further models, since LOTTO_TEST_LOGITS names no folder\n", FURTHER_ROWS);
    if (count == 0)
        fail(shipped, "holds no logits");
    files[count].name[0] = '\0';
    return files;
}

void real_rows_destroy(struct real_rows *files) {
    for (struct real_rows *file = files; file->name[0]; file++)
        free(file->x);
    free(files);
}

struct request *real_rows_request(const struct real_rows *file, lotto_dtype dtype, uint64_t seed) {
    void *rows = malloc((size_t)(file->rows * file->vocab) * dtype_bytes(dtype));
    if (rows == NULL)
        fail(file->name, "no memory");
    for (int64_t i = 0; i < file->rows * file->vocab; i++)
        row_store(rows, dtype, i, file->x[i]);
    struct request *request = request_of(rows, dtype, file->rows, file->vocab);
    free(rows);
    struct random random = random_of_seed(seed);
    request->seed = seed;
    request_set_random_controls(request, &random);
    for (int64_t row = 0; row < file->rows; row++)
        request->kinds[row] = ROW_REAL;
    request->k_max = request->capacity = 1000;
    return request;
}
