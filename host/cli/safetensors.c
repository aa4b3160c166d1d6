/*
 * .safetensors: the header's length (eight bytes), a JSON object {"name": {"dtype", "shape", "data_offsets": [begin, end]}}, then
 * the tensors, offsets counted from the header's end. https://huggingface.co/docs/safetensors
 */
#include "dtype.h"
#include "logits_file.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* The format's own limit. */
#define MAX_SAFETENSORS_HEADER_BYTES 100000000

bool safetensors_header_bytes(const uint8_t *prefix, size_t prefix_bytes, uint64_t file_bytes,
                              uint64_t *header_bytes, struct error *error) {
    if (prefix_bytes < 8)
        return failure(error, "truncated: it ends within the .safetensors header");
    uint64_t length = 0;
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)prefix[i] << (8 * i);
    if (length < 2 || length > MAX_SAFETENSORS_HEADER_BYTES)
        return failure(error, "not a .safetensors file: its header claims %llu bytes; must be from 2 to %d",
                       (unsigned long long)length, MAX_SAFETENSORS_HEADER_BYTES);
    *header_bytes = 8 + length;
    if (*header_bytes > file_bytes)
        return failure(error, "truncated: it ends within the .safetensors header");
    return true;
}

static bool is_two_dimensional(json_t *tensor) {
    return json_array_size(json_object_get(tensor, "shape")) == 2;
}

/* The tensor asked for by name; else `logits`, else the only two-dimensional one. */
static json_t *choose_tensor(json_t *root, const char *wanted, const char **name, struct error *error) {
    *name = wanted != NULL ? wanted : "logits";
    json_t *tensor = strcmp(*name, "__metadata__") == 0 ? NULL : json_object_get(root, *name);
    if (tensor != NULL)
        return tensor;
    if (wanted != NULL) {
        failure(error, "it has no tensor named '%s'", wanted);
        return NULL;
    }
    int candidates = 0;
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value) {
        if (strcmp(key, "__metadata__") == 0 || !is_two_dimensional(value))
            continue;
        candidates++;
        tensor = value;
        *name = key;
    }
    if (candidates == 1)
        return tensor;
    failure(error, "it has no tensor named 'logits' and %s; name one with --tensor",
            candidates == 0 ? "none of two dimensions" : "more than one of two dimensions");
    return NULL;
}

/* The length of an axis or an offset, which JSON could also make negative or a text. */
static bool take_number(json_t *array, size_t index, uint64_t *number) {
    json_t *value = json_array_get(array, index);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *number = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_dtype(json_t *tensor, const char *name, lotto_dtype *dtype, struct error *error) {
    const char *text = json_string_value(json_object_get(tensor, "dtype"));
    if (text == NULL)
        return failure(error, "its tensor '%s' has no dtype", name);
    if (strcmp(text, "F32") == 0)
        *dtype = LOTTO_F32;
    else if (strcmp(text, "F16") == 0)
        *dtype = LOTTO_F16;
    else if (strcmp(text, "BF16") == 0)
        *dtype = LOTTO_BF16;
    else
        return failure(error, "the dtype of its tensor '%s' is %.20s; must be F32, F16 or BF16", name, text);
    return true;
}

static bool read_shape(json_t *tensor, const char *name, uint64_t shape[2], struct error *error) {
    json_t *axes = json_object_get(tensor, "shape");
    size_t dimensions = json_array_size(axes);
    if (!json_is_array(axes) || dimensions < 1 || dimensions > 2)
        return failure(error, "its tensor '%s' has %zu dimensions; must have 2, or 1 for a single row", name,
                       dimensions);
    shape[0] = 1;
    if ((dimensions == 2 && !take_number(axes, 0, &shape[0])) ||
        !take_number(axes, dimensions - 1, &shape[1]))
        return failure(error, "the shape of its tensor '%s' is not made of whole numbers", name);
    return true;
}

static bool read_tensor(json_t *tensor, const char *whole_name, uint64_t header_bytes, uint64_t file_bytes,
                        struct logits_layout *layout, struct error *error) {
    lotto_dtype dtype = LOTTO_F32;
    char name[101]; /* a sentence has room for no more */
    snprintf(name, sizeof name, "%s", whole_name);
    uint64_t shape[2] = {0}, begin, end;
    if (!json_is_object(tensor))
        return failure(error, "its header does not describe the tensor '%s'", name);
    if (!read_dtype(tensor, name, &dtype, error) || !read_shape(tensor, name, shape, error))
        return false;
    json_t *offsets = json_object_get(tensor, "data_offsets");
    if (json_array_size(offsets) != 2 || !take_number(offsets, 0, &begin) || !take_number(offsets, 1, &end) ||
        end < begin)
        return failure(error, "its tensor '%s' has no data_offsets", name);
    if (end > file_bytes - header_bytes)
        return failure(error, "truncated: its tensor '%s' ends at byte %llu of the data, which has %llu",
                       name, (unsigned long long)end, (unsigned long long)(file_bytes - header_bytes));
    if (!logits_layout_set(layout, dtype, shape[0], shape[1], header_bytes + begin, error))
        return false;
    if (end - begin != logits_layout_bytes(layout))
        return failure(
            error, "the shape of its tensor '%s' needs %llu bytes and its data_offsets give it %llu", name,
            (unsigned long long)logits_layout_bytes(layout), (unsigned long long)(end - begin));
    return true;
}

bool safetensors_parse(const uint8_t *header, size_t header_bytes, uint64_t file_bytes,
                       const char *tensor_name, struct logits_layout *layout, struct error *error) {
    json_error_t json_error;
    json_t *root =
        json_loadb((const char *)header + 8, header_bytes - 8, JSON_REJECT_DUPLICATES, &json_error);
    if (root == NULL)
        return failure(error, "its .safetensors header is not JSON: %s", json_error.text);
    const char *name;
    json_t *tensor = json_is_object(root) ? choose_tensor(root, tensor_name, &name, error) : NULL;
    bool good = tensor != NULL && read_tensor(tensor, name, header_bytes, file_bytes, layout, error);
    if (!json_is_object(root))
        failure(error, "its .safetensors header is not a JSON object");
    json_decref(root);
    return good;
}
