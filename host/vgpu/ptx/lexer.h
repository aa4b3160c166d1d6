/*
 * PTX text as tokens. A name holds letters, digits, `_ $ % .` and `::` (modifiers such as shared::cluster); a directive
 * begins with a dot and holds no further one. A number is everything glued to a leading digit. Comments and blanks vanish.
 */
#ifndef LOTTO_VGPU_LEXER_H
#define LOTTO_VGPU_LEXER_H

#include <stdbool.h>
#include <stdint.h>

enum token_kind {
    TOKEN_END,
    TOKEN_NAME,
    TOKEN_DIRECTIVE,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_SIGN,
    TOKEN_BROKEN
};

struct token {
    enum token_kind kind;
    char sign; /* TOKEN_SIGN: the character */
    uint32_t line;
    uint32_t length;
    const char *start; /* a string without its quotes; TOKEN_BROKEN: an unfinished string or comment */
};

struct lexer {
    const char *at;
    uint32_t line;
};

struct token lexer_next(struct lexer *lexer);

/* Moves past the decimal integers, commas and blanks of `.b8 x[] = {1, 2, ...}`, writing one byte each; how many there were.
 * Stops before whatever is not a plain decimal from 0 to 255 followed by a comma or a brace, and at the limit. */
uint64_t lexer_bytes(struct lexer *lexer, uint8_t *bytes, uint64_t limit);

bool token_is(const struct token *token, const char *text); /* names and directives, whole */

#endif
