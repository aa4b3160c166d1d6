#include "print_json.h"

#include "status.h"

#include <math.h>

/* Nine digits tell every binary32 from every other. */
#define LINE_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(9))

json_t *json_of_real(float value) { return isfinite(value) ? json_real((double)value) : json_null(); }

json_t *json_of_text(struct text text) {
    return text.bytes != NULL ? json_stringn(text.bytes, text.length) : json_null();
}

json_t *json_of_status(uint32_t status) {
    json_t *names = json_array();
    for (int i = 0; status_name(i) != NULL; i++)
        if (status & status_bit(i))
            json_array_append_new(names, json_string(status_name(i)));
    return names;
}

json_t *json_of_ids(const int32_t *ids, int64_t count) {
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(array, json_integer(ids[i]));
    return array;
}

json_t *json_of_reals(const float *values, int64_t count) {
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(array, json_of_real(values[i]));
    return array;
}

json_t *json_of_texts(const struct vocabulary *vocabulary, const int32_t *ids, int64_t count) {
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(array, json_of_text(vocabulary_text(vocabulary, ids[i])));
    return array;
}

bool print_json(json_t *object, struct error *error) {
    if (object == NULL)
        return failure(error, "not enough memory for a line of JSON");
    json_dumpf(object, stdout, LINE_FLAGS);
    putchar('\n');
    json_decref(object);
    return true;
}
