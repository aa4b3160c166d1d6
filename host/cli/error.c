#include "error.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool say(struct error *error, enum exit_status exit_status, const char *format, va_list arguments) {
    error->exit_status = exit_status;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    return false;
}

bool failure(struct error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(error, EXIT_FAILED, format, arguments);
    va_end(arguments);
    return false;
}

bool usage_error(struct error *error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    say(error, EXIT_USAGE, format, arguments);
    va_end(arguments);
    return false;
}

bool failure_in(struct error *error, const char *name) {
    char text[sizeof error->text];
    memcpy(text, error->text, sizeof text);
    int prefix = snprintf(error->text, sizeof error->text, "%s: ", name);
    if (prefix < (int)sizeof error->text)
        snprintf(error->text + prefix, sizeof error->text - (size_t)prefix, "%.*s",
                 (int)(sizeof error->text - 1 - (size_t)prefix), text);
    return false;
}

void *allocate(struct error *error, unsigned long long bytes) {
    void *memory = bytes <= SIZE_MAX ? malloc(bytes > 0 ? (size_t)bytes : 1) : NULL;
    if (memory == NULL)
        failure(error, "not enough memory: %llu bytes could not be allocated", bytes);
    return memory;
}
