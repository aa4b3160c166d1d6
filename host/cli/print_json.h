/* JSON Lines: one object a line on standard output. */
#ifndef LOTTO_CLI_PRINT_JSON_H
#define LOTTO_CLI_PRINT_JSON_H

#include "error.h"
#include "text.h"
#include "vocabulary.h"

#include <jansson.h>

/* Shortest enough to give the binary32 back; null if infinite, which JSON cannot say. */
json_t *json_of_real(float value);
/* null where there is no text. */
json_t *json_of_text(struct text text);
/* The names of the bits, [] when clean. */
json_t *json_of_status(uint32_t status);
/* Arrays of `count` elements. */
json_t *json_of_ids(const int32_t *ids, int64_t count);
json_t *json_of_reals(const float *values, int64_t count);
json_t *json_of_texts(const struct vocabulary *vocabulary, const int32_t *ids, int64_t count);

/* Prints and frees the object; NULL, a json_pack that found no memory, is a failure. */
bool print_json(json_t *object, struct error *error);

#endif
