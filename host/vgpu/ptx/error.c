/* The sentences of refusals. */
#define _GNU_SOURCE /* vasprintf */
#include "ptx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ptx_refuse(struct ptx_error *error, uint32_t line, const char *format, va_list arguments) {
    char *sentence;
    int length = vasprintf(&sentence, format, arguments), room = (int)sizeof error->message;
    error->line = line;
    if (length < 0) {
        snprintf(error->message, sizeof error->message, "the host has no memory left to say why");
        return;
    }
    int half = (room - 8) / 2;
    if (length < room)
        memcpy(error->message, sentence, (size_t)length + 1);
    else
        snprintf(error->message, sizeof error->message, "%.*s ... %s", half, sentence,
                 sentence + length - half);
    free(sentence);
    for (char *at = error->message; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
}
