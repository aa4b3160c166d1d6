#include "json_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
    else if (root == NULL)
        failure(error, "%s: line %d: %s", path, json_error.line, json_error.text);
    fclose(file);
    return root;
}
