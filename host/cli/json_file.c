#include "json_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Jansson does not say what is allowed. */
static const char *limit_of(const json_error_t *json_error) {
    return json_error_code(json_error) == json_error_numeric_overflow
               ? "; must be within 9223372036854775807, or 1.7e308 where it is not whole"
               : "";
}

json_t *json_file_load(const char *path, struct error *error) {
    json_error_t json_error;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        failure(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    errno = 0;
    json_t *root = json_loadf(file, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &json_error);
    if (root == NULL && ferror(file)) /* a directory, say, which Jansson takes for an empty file */
        failure(error, "%s: %s", path, strerror(errno));
    else if (root == NULL && json_error.line < 0)
        failure(error, "%s: not enough memory to read it", path);
    else if (root == NULL)
        failure(error, "%s: line %d: %s%s", path, json_error.line, json_error.text, limit_of(&json_error));
    fclose(file);
    return root;
}
