/*
 * The readers of logits files: what they accept, what they refuse, and that no bytes whatever make them read beyond the header
 * or accept a layout that the file does not hold. Headers end at an unreadable page, so that one byte too far is a crash.
 */
#include "host/cli/dtype.h"
#include "host/cli/logits_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_HEADER 4096

/* `count` bytes, the last of them just before a page that cannot be read. */
static uint8_t *at_the_edge(const uint8_t *bytes, size_t count) {
    static uint8_t *pages;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), readable = (MOST_HEADER + page - 1) / page * page;
    if (pages == NULL) {
        pages = mmap(NULL, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert(pages != MAP_FAILED);
        cr_assert(mprotect(pages + readable, page, PROT_NONE) == 0);
    }
    cr_assert(count <= MOST_HEADER);
    return memcpy(pages + readable - count, bytes, count);
}

enum format { NPY, SAFETENSORS };

/* As logits_file.c reads the beginning of a file of file_bytes bytes, `held` of which are given. */
static bool read_layout(enum format format, const uint8_t *bytes, size_t held, uint64_t file_bytes,
                        struct logits_layout *layout, struct error *error) {
    size_t prefix_bytes = held < HEADER_PREFIX_BYTES ? held : HEADER_PREFIX_BYTES;
    const uint8_t *prefix = at_the_edge(bytes, prefix_bytes);
    uint64_t header_bytes;
    *error = (struct error){0};
    if (format == NPY ? !npy_header_bytes(prefix, prefix_bytes, file_bytes, &header_bytes, error)
                      : !safetensors_header_bytes(prefix, prefix_bytes, file_bytes, &header_bytes, error))
        return false;
    cr_assert(header_bytes <= file_bytes);
    if (header_bytes > held) /* only where a mutation claims more than the test holds */
        return failure(error, "not held");
    const uint8_t *header = at_the_edge(bytes, (size_t)header_bytes);
    return format == NPY ? npy_parse(header, (size_t)header_bytes, file_bytes, layout, error)
                         : safetensors_parse(header, (size_t)header_bytes, file_bytes, NULL, layout, error);
}

/* Accepts only what the file holds, and refuses with a sentence. */
static bool check(enum format format, const uint8_t *bytes, size_t held, uint64_t file_bytes) {
    struct logits_layout layout;
    struct error error;
    if (!read_layout(format, bytes, held, file_bytes, &layout, &error)) {
        cr_assert(error.exit_status == EXIT_FAILED && error.text[0] != '\0');
        return false;
    }
    cr_assert(layout.rows >= 1 && layout.vocab >= 1 && layout.vocab <= MAX_VOCAB);
    cr_assert(layout.offset <= file_bytes && logits_layout_bytes(&layout) <= file_bytes - layout.offset);
    return true;
}

struct file {
    enum format format;
    const char *dictionary;
    int npy_version;
    uint64_t data_bytes;
    lotto_dtype dtype;
    int64_t rows, vocab;
};

static const struct file valid[] = {
    {NPY, "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", 1, 60, LOTTO_F32, 3, 5},
    {NPY, "{'descr': '<f2', 'fortran_order': False, 'shape': (7,), }", 1, 14, LOTTO_F16, 1, 7},
    {NPY, "{\"shape\": (2, 3), \"fortran_order\": False, \"descr\": \"<f2\"}", 2, 12, LOTTO_F16, 2, 3},
    {NPY, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1048576), }\n", 3, 4194304, LOTTO_F32, 1,
     1048576},
    {SAFETENSORS, "{\"logits\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[0,60]}}", 0, 60,
     LOTTO_F32, 3, 5},
    {SAFETENSORS, "{\"logits\":{\"dtype\":\"F16\",\"shape\":[7],\"data_offsets\":[2,16]}}   ", 0, 20,
     LOTTO_F16, 1, 7},
    {SAFETENSORS,
     "{\"__metadata__\":{\"a\":\"b\"},\"bias\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]},"
     "\"out\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[4,16]}}",
     0, 16, LOTTO_BF16, 2, 3},
};
enum { VALID = sizeof valid / sizeof *valid };

static size_t header_of(const struct file *file, const char *dictionary, uint8_t *bytes) {
    size_t length = strlen(dictionary), start;
    if (file->format == SAFETENSORS) {
        start = 8;
        for (int i = 0; i < 8; i++)
            bytes[i] = (uint8_t)((uint64_t)length >> (8 * i));
    } else {
        start = file->npy_version > 1 ? 12 : 10;
        memcpy(bytes, "\x93NUMPY", 6);
        bytes[6] = (uint8_t)file->npy_version;
        bytes[7] = 0;
        for (size_t i = 8; i < start; i++)
            bytes[i] = (uint8_t)(length >> (8 * (i - 8)));
    }
    memcpy(bytes + start, dictionary, length);
    return start + length;
}

Test(cli_formats, valid_headers_give_their_layout) {
    for (int i = 0; i < VALID; i++) {
        uint8_t bytes[MOST_HEADER];
        struct logits_layout layout;
        struct error error;
        size_t count = header_of(&valid[i], valid[i].dictionary, bytes);
        cr_assert(read_layout(valid[i].format, bytes, count, count + valid[i].data_bytes, &layout, &error),
                  "%s: %s", valid[i].dictionary, error.text);
        cr_assert(layout.dtype == valid[i].dtype && layout.rows == valid[i].rows &&
                  layout.vocab == valid[i].vocab);
        uint64_t skipped = strstr(valid[i].dictionary, "[2,16]")   ? 2
                           : strstr(valid[i].dictionary, "[4,16]") ? 4
                                                                   : 0;
        cr_assert(layout.offset == count + skipped);
    }
}

Test(cli_formats, every_truncation_is_refused) {
    for (int i = 0; i < VALID; i++) {
        uint8_t bytes[MOST_HEADER];
        size_t count = header_of(&valid[i], valid[i].dictionary, bytes);
        for (size_t held = 1; held <= count; held++)
            cr_assert(!check(valid[i].format, bytes, held, held));
        /* Offsets of .safetensors may leave bytes unused at the end, so only its needed ones are cut. */
        uint64_t needed = valid[i].data_bytes - (strstr(valid[i].dictionary, "[2,16]") ? 4 : 0);
        for (uint64_t cut = 1; cut < needed && cut < 100; cut++)
            cr_assert(!check(valid[i].format, bytes, count, count + needed - cut));
        cr_assert(check(valid[i].format, bytes, count, count + needed));
    }
}

Test(cli_formats, every_change_of_one_byte_is_survived) {
    int tried = 0, accepted = 0;
    for (int i = 0; i < VALID; i++) {
        uint8_t bytes[MOST_HEADER];
        size_t count = header_of(&valid[i], valid[i].dictionary, bytes);
        for (size_t at = 0; at < count; at++) {
            uint8_t before = bytes[at];
            for (int value = 0; value < 256; value++) {
                bytes[at] = (uint8_t)value;
                accepted += check(valid[i].format, bytes, count, count + valid[i].data_bytes);
                tried++;
            }
            bytes[at] = before;
        }
    }
    printf("%d changed headers, %d of them still valid\n", tried, accepted);
}

static uint64_t random_state = 20240607;
static uint32_t random_below(uint32_t bound) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % bound);
}

/* Overwrites, doubles or drops a piece, or plants a number that overflows. */
static size_t mutate(uint8_t *bytes, size_t count) {
    static const char *const planted[] = {"18446744073709551615",
                                          "9223372036854775807",
                                          "4294967296",
                                          "-1",
                                          "0",
                                          "1e30",
                                          "[",
                                          "(",
                                          "{",
                                          "\"",
                                          "\\u0000",
                                          "True",
                                          "null",
                                          ","};
    size_t at = random_below((uint32_t)count), length = 1 + random_below(8);
    if (at + length > count)
        length = count - at;
    switch (random_below(4)) {
    case 0:
        for (size_t i = 0; i < length; i++)
            bytes[at + i] = (uint8_t)random_below(256);
        return count;
    case 1:
        memmove(bytes + at + length, bytes + at, count - at);
        return count + length;
    case 2:
        memmove(bytes + at, bytes + at + length, count - at - length);
        return count - length;
    default: {
        const char *text = planted[random_below(sizeof planted / sizeof *planted)];
        memmove(bytes + at + strlen(text), bytes + at, count - at);
        memcpy(bytes + at, text, strlen(text));
        return count + strlen(text);
    }
    }
}

Test(cli_formats, random_headers_are_survived) {
    enum { ROUNDS = 300000 };
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        const struct file *file = &valid[random_below(VALID)];
        uint8_t bytes[MOST_HEADER], dictionary[MOST_HEADER];
        size_t length = strlen(file->dictionary);
        memcpy(dictionary, file->dictionary, length);
        for (uint32_t changes = 1 + random_below(4); changes > 0 && length > 16; changes--)
            length = mutate(dictionary, length);
        /* The length in the header is made right again, so that the dictionary itself is reached. */
        size_t start = header_of(file, "", bytes);
        size_t length_at = file->format == NPY ? 8 : 0, length_bytes = start - length_at;
        for (size_t i = 0; i < length_bytes; i++)
            bytes[length_at + i] = (uint8_t)((uint64_t)length >> (8 * i));
        memcpy(bytes + start, dictionary, length);
        accepted += check(file->format, bytes, start + length, start + length + random_below(200));
        accepted += check(file->format, bytes, start + length, start + length + file->data_bytes);
    }
    printf("%d random headers, %d accepted\n", 2 * ROUNDS, accepted);
    cr_assert(accepted > 0);
}

struct refused {
    const char *dictionary, *because;
};

static void refuse_each(enum format format, const struct refused *cases, size_t count) {
    struct file file = {.format = format, .npy_version = 1};
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[MOST_HEADER];
        struct logits_layout layout;
        struct error error;
        size_t held = header_of(&file, cases[i].dictionary, bytes);
        cr_assert(!read_layout(format, bytes, held, held + 60, &layout, &error), "accepted: %s",
                  cases[i].dictionary);
        cr_assert(strstr(error.text, cases[i].because) != NULL, "%s: '%s' does not say '%s'",
                  cases[i].dictionary, error.text, cases[i].because);
    }
}

Test(cli_formats, npy_refusals_say_why) {
    static const struct refused cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (3, 5), }", "'>f4'"},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3, 5), }", "'<f8'"},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (3, 5), }", "float32"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3, 5), }", "dictionary"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (3, 5), }", "Fortran"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5, 1), }", "more than 2"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", "no dimensions"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5), }", "no rows"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0), }", "0 tokens"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1048577), }", "1048577 tokens"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 5), }", "truncated"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 5), }", "too long"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387905, 4), }",
         "more than any file"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (18446744073709551616, 4), }", "dictionary"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3 5), }", "dictionary"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (15), }", "dictionary"},
        {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), }", "dictionary"},
        {"{'descr': '<f4', 'fortran_order': False, }", "dictionary"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 5), } x", "dictionary"},
    };
    refuse_each(NPY, cases, sizeof cases / sizeof *cases);
}

Test(cli_formats, safetensors_refusals_say_why) {
    static const struct refused cases[] = {
        {"[]", "not a JSON object"},
        {"{\"logits\":", "not JSON"},
        {"{\"logits\":{},\"logits\":{}}", "duplicate"},
        {"{\"logits\":{\"dtype\":\"\xff\"}}", "decode byte 0xff"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[15],\"data_offsets\":[0,60]}}", "no tensor named 'logits'"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[0,60]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[0,60]}}",
         "more than one"},
        {"{\"logits\":{\"dtype\":\"F64\",\"shape\":[3,5],\"data_offsets\":[0,60]}}", "F64"},
        {"{\"logits\":{\"shape\":[3,5],\"data_offsets\":[0,60]}}", "no dtype"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[1,3,5],\"data_offsets\":[0,60]}}", "3 dimensions"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[-3,5],\"data_offsets\":[0,60]}}", "whole numbers"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[0,5],\"data_offsets\":[0,0]}}", "no rows"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[1,1048577],\"data_offsets\":[0,60]}}", "1048577 tokens"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[3,5]}}", "data_offsets"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[60,0]}}", "data_offsets"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[4,64]}}", "truncated"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[3,5],\"data_offsets\":[0,56]}}", "needs 60"},
        {"{\"logits\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,5],\"data_offsets\":[0,60]}}",
         "more than any"},
        {"{\"logits\":7}", "does not describe"},
    };
    refuse_each(SAFETENSORS, cases, sizeof cases / sizeof *cases);
}

Test(cli_formats, raw_is_whole_rows) {
    struct logits_layout layout;
    struct error error;
    cr_assert(raw_layout(60, LOTTO_F32, 5, &layout, &error) && layout.rows == 3 && layout.offset == 0);
    cr_assert(raw_layout(60, LOTTO_BF16, 5, &layout, &error) && layout.rows == 6);
    cr_assert(!raw_layout(61, LOTTO_F32, 5, &layout, &error) && strstr(error.text, "61 bytes") != NULL);
    cr_assert(!raw_layout(10, LOTTO_F32, 5, &layout, &error));
}

/* Rows come from their places, whatever lies before and after them. */
Test(cli_formats, rows_are_read_where_they_lie) {
    static const char header[] = "{\"logits\":{\"dtype\":\"F32\",\"shape\":[3,2],\"data_offsets\":[8,32]}}";
    static const float values[] = {-1, -1, 0, 1, 10, 11, 20, 21, -1};
    char path[] = "/tmp/lotto-formats-XXXXXX.safetensors";
    struct logits_file file;
    struct logits_hint hint = {0};
    struct error error;
    uint64_t length = strlen(header);
    int descriptor = mkstemps(path, (int)strlen(".safetensors"));
    cr_assert(write(descriptor, &length, 8) == 8 && write(descriptor, header, length) == (ssize_t)length);
    cr_assert(write(descriptor, values, sizeof values) == sizeof values);
    cr_assert(logits_file_open(&file, path, &hint, &error), "%s", error.text);

    float row[4];
    cr_assert(logits_file_read(&file, 1, 2, row, &error));
    cr_assert(row[0] == 10 && row[1] == 11 && row[2] == 20 && row[3] == 21);
    cr_assert(ftruncate(descriptor, 100) == 0);
    cr_assert(!logits_file_read(&file, 1, 2, row, &error) && strstr(error.text, "shorter") != NULL);
    logits_file_close(&file);
    close(descriptor);
    unlink(path);
}
