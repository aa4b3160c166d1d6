/*
 * NumPy's .npy, versions 1 to 3: "\x93NUMPY", two version bytes, the length of the rest of the header (two bytes, from version
 * 2 on four), a Python dictionary of descr, fortran_order and shape, a newline; then the values.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
#include "dtype.h"
#include "logits_file.h"

#include <string.h>

/* NumPy itself refuses to evaluate a longer one. */
#define MAX_NPY_HEADER_BYTES 10000

bool npy_header_bytes(const uint8_t *prefix, size_t prefix_bytes, uint64_t file_bytes, uint64_t *header_bytes,
                      struct error *error) {
    static const char magic[] = "\x93NUMPY";
    size_t compared = prefix_bytes < 6 ? prefix_bytes : 6;
    if (memcmp(prefix, magic, compared) != 0)
        return failure(error, "not a .npy file: it does not begin with \\x93NUMPY");
    if (prefix_bytes < HEADER_PREFIX_BYTES)
        return failure(error, "truncated: it ends within the .npy header");
    int version = prefix[6];
    if (version < 1 || version > 3 || prefix[7] != 0)
        return failure(error, "its .npy version is %d.%d; must be 1.0, 2.0 or 3.0", version, prefix[7]);
    uint64_t length = (uint64_t)prefix[8] | (uint64_t)prefix[9] << 8;
    if (version > 1)
        length |= (uint64_t)prefix[10] << 16 | (uint64_t)prefix[11] << 24;
    if (length > MAX_NPY_HEADER_BYTES)
        return failure(error, "its .npy header claims %llu bytes; must be at most %d",
                       (unsigned long long)length, MAX_NPY_HEADER_BYTES);
    *header_bytes = (version > 1 ? 12 : 10) + length;
    if (*header_bytes > file_bytes)
        return failure(error, "truncated: it ends within the .npy header");
    return true;
}

/* A place in the header's dictionary. */
struct cursor {
    const char *at;
    const char *end;
};

static void skip_space(struct cursor *cursor) {
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\n' || *cursor->at == '\t'))
        cursor->at++;
}

static bool take(struct cursor *cursor, char expected) {
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != expected)
        return false;
    cursor->at++;
    return true;
}

static bool take_word(struct cursor *cursor, const char *word) {
    skip_space(cursor);
    size_t length = strlen(word);
    if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

struct span {
    const char *begin;
    int length;
};

/* A quoted string without escapes, which is all that NumPy writes here. */
static bool take_string(struct cursor *cursor, struct span *string) {
    skip_space(cursor);
    if (cursor->at == cursor->end || (*cursor->at != '\'' && *cursor->at != '"'))
        return false;
    char quote = *cursor->at++;
    string->begin = cursor->at;
    while (cursor->at < cursor->end && *cursor->at != quote) {
        if (*cursor->at == '\\')
            return false;
        cursor->at++;
    }
    if (cursor->at == cursor->end)
        return false;
    string->length = (int)(cursor->at++ - string->begin);
    return true;
}

static bool take_number(struct cursor *cursor, uint64_t *number) {
    skip_space(cursor);
    const char *begin = cursor->at;
    for (*number = 0; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++)
        if (__builtin_mul_overflow(*number, 10, number) ||
            __builtin_add_overflow(*number, (uint64_t)(*cursor->at - '0'), number))
            return false;
    return cursor->at > begin;
}

static bool is(struct span span, const char *text) {
    return (size_t)span.length == strlen(text) && memcmp(span.begin, text, strlen(text)) == 0;
}

struct npy_dictionary {
    struct span descr;
    bool fortran_order;
    uint64_t shape[2];
    int dimensions; /* 3: more than two */
    bool has_descr, has_fortran_order, has_shape;
};

static bool take_shape(struct cursor *cursor, struct npy_dictionary *dictionary) {
    if (!take(cursor, '('))
        return false;
    dictionary->dimensions = 0;
    while (!take(cursor, ')')) {
        uint64_t length;
        if (!take_number(cursor, &length))
            return false;
        if (dictionary->dimensions < 2)
            dictionary->shape[dictionary->dimensions] = length;
        if (dictionary->dimensions < 3)
            dictionary->dimensions++;
        if (!take(cursor, ','))
            return take(cursor, ')') && dictionary->dimensions > 1;
    }
    return true;
}

static bool take_entry(struct cursor *cursor, struct npy_dictionary *dictionary) {
    struct span key;
    if (!take_string(cursor, &key) || !take(cursor, ':'))
        return false;
    if (is(key, "descr") && !dictionary->has_descr) {
        dictionary->has_descr = true;
        return take_string(cursor, &dictionary->descr);
    }
    if (is(key, "fortran_order") && !dictionary->has_fortran_order) {
        dictionary->has_fortran_order = true;
        dictionary->fortran_order = take_word(cursor, "True");
        return dictionary->fortran_order || take_word(cursor, "False");
    }
    if (is(key, "shape") && !dictionary->has_shape) {
        dictionary->has_shape = true;
        return take_shape(cursor, dictionary);
    }
    return false;
}

static bool take_dictionary(struct cursor *cursor, struct npy_dictionary *dictionary) {
    if (!take(cursor, '{'))
        return false;
    while (!take(cursor, '}')) {
        if (!take_entry(cursor, dictionary))
            return false;
        if (!take(cursor, ',')) {
            if (!take(cursor, '}'))
                return false;
            break;
        }
    }
    skip_space(cursor);
    return cursor->at == cursor->end && dictionary->has_descr && dictionary->has_fortran_order &&
           dictionary->has_shape;
}

bool npy_parse(const uint8_t *header, size_t header_bytes, uint64_t file_bytes, struct logits_layout *layout,
               struct error *error) {
    size_t start = header[6] > 1 ? 12 : 10;
    struct cursor cursor = {(const char *)header + start, (const char *)header + header_bytes};
    struct npy_dictionary dictionary = {0};
    if (!take_dictionary(&cursor, &dictionary))
        return failure(error, "its .npy header is not a dictionary of one descr, fortran_order and shape");

    lotto_dtype dtype;
    if (is(dictionary.descr, "<f4"))
        dtype = LOTTO_F32;
    else if (is(dictionary.descr, "<f2"))
        dtype = LOTTO_F16;
    else
        return failure(error, "its dtype is '%.*s'; must be little-endian float32 ('<f4') or float16 ('<f2')",
                       dictionary.descr.length < 20 ? dictionary.descr.length : 20, dictionary.descr.begin);
    if (dictionary.fortran_order)
        return failure(error, "it is in Fortran order; must be in C order");
    if (dictionary.dimensions != 1 && dictionary.dimensions != 2)
        return failure(error, "it has %s dimensions; must have 2, or 1 for a single row",
                       dictionary.dimensions == 0 ? "no" : "more than 2");
    uint64_t rows = dictionary.dimensions == 1 ? 1 : dictionary.shape[0];
    uint64_t vocab = dictionary.dimensions == 1 ? dictionary.shape[0] : dictionary.shape[1];
    if (!logits_layout_set(layout, dtype, rows, vocab, header_bytes, error))
        return false;
    uint64_t held = file_bytes - header_bytes;
    if (held != logits_layout_bytes(layout))
        return failure(error, "%s: its shape needs %llu bytes of values and it holds %llu",
                       held < logits_layout_bytes(layout) ? "truncated" : "too long",
                       (unsigned long long)logits_layout_bytes(layout), (unsigned long long)held);
    return true;
}
