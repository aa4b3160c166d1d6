/* Text of a vocabulary or a context, made fit for a column of a terminal. */
#ifndef LOTTO_CLI_TEXT_H
#define LOTTO_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* UTF-8; may hold zeros. bytes is NULL where there is none. */
struct text {
    const char *bytes;
    size_t length;
};

enum text_part { TEXT_BEGIN, TEXT_END };

/* True if the terminal takes UTF-8, by the locale. */
bool text_is_utf8(void);

/*
 * Prints the text in quotes, cut to its beginning or its end where that is wider than `columns`, and returns how wide it got.
 * Control characters, and what this locale cannot print, are escaped; so are quotes and backslashes if escape_quotes.
 */
int text_print_quoted(FILE *stream, struct text text, int columns, enum text_part part, bool escape_quotes);

/* The text with control characters replaced, so that a file's name or contents cannot steer the terminal. */
void text_print_safe(FILE *stream, const char *text);

#endif
