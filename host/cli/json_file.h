/* JSON that a user gives as a file. */
#ifndef LOTTO_CLI_JSON_FILE_H
#define LOTTO_CLI_JSON_FILE_H

#include "error.h"

#include <jansson.h>

/* The file's one value, to be given back with json_decref(); NULL on failure. A key that stands twice in an object is refused. */
json_t *json_file_load(const char *path, struct error *error);

#endif
