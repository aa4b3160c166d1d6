#include "lexer.h"

#include <string.h>

enum { IN_NAME = 1, STARTS_NAME = 2, DIGIT = 4 };

static const uint8_t character_class[256] = {
    ['a' ... 'z'] = IN_NAME | STARTS_NAME, ['A' ... 'Z'] = IN_NAME | STARTS_NAME,
    ['0' ... '9'] = IN_NAME | DIGIT,       ['_'] = IN_NAME | STARTS_NAME,
    ['$'] = IN_NAME | STARTS_NAME,         ['%'] = IN_NAME | STARTS_NAME,
};

static bool is(char character, int class) { return character_class[(unsigned char)character] & class; }

/* False when a comment does not end. */
static bool skip_blanks(struct lexer *lexer) {
    for (;;) {
        char c = *lexer->at;
        if (c == '\n') {
            lexer->line++;
            lexer->at++;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
            lexer->at++;
        } else if (c == '/' && lexer->at[1] == '/') {
            lexer->at += strcspn(lexer->at, "\n");
        } else if (c == '/' && lexer->at[1] == '*') {
            const char *end = strstr(lexer->at + 2, "*/");
            if (!end)
                return false;
            for (; lexer->at < end; lexer->at++)
                lexer->line += *lexer->at == '\n';
            lexer->at += 2;
        } else {
            return true;
        }
    }
}

static const char *name_end(const char *at, bool with_dots) {
    for (;; at++) {
        if (is(*at, IN_NAME) || (with_dots && *at == '.'))
            continue;
        if (at[0] == ':' && at[1] == ':' && is(at[2], IN_NAME)) {
            at++;
            continue;
        }
        return at;
    }
}

static const char *number_end(const char *at) {
    bool hexadecimal = at[0] == '0' && at[1] && strchr("xXfFdD", at[1]);
    for (;; at++) {
        bool exponent_sign = !hexadecimal && (*at == '+' || *at == '-') && (at[-1] == 'e' || at[-1] == 'E');
        if (!is(*at, IN_NAME) && *at != '.' && !exponent_sign)
            return at;
    }
}

struct token lexer_next(struct lexer *lexer) {
    struct token token = {.line = lexer->line, .start = lexer->at};
    if (!skip_blanks(lexer)) {
        token.kind = TOKEN_BROKEN;
        return token;
    }
    const char *start = lexer->at, *end;
    token.line = lexer->line;
    token.start = start;
    if (!*start) {
        token.kind = TOKEN_END;
        end = start;
    } else if (is(*start, STARTS_NAME)) {
        token.kind = TOKEN_NAME;
        end = name_end(start, true);
    } else if (*start == '.' && is(start[1], STARTS_NAME)) {
        token.kind = TOKEN_DIRECTIVE;
        end = name_end(start + 1, false);
    } else if (is(*start, DIGIT)) {
        token.kind = TOKEN_NUMBER;
        end = number_end(start + 1);
    } else if (*start == '"') {
        end = start + 1;
        while (*end && *end != '"' && *end != '\n')
            end += end[0] == '\\' && end[1] ? 2 : 1;
        token.kind = *end == '"' ? TOKEN_STRING : TOKEN_BROKEN;
        token.start = start + 1;
        token.length = (uint32_t)(end - token.start);
        lexer->at = *end == '"' ? end + 1 : end;
        return token;
    } else {
        token.kind = TOKEN_SIGN;
        token.sign = *start;
        end = start + 1;
    }
    token.length = (uint32_t)(end - start);
    lexer->at = end;
    return token;
}

uint64_t lexer_bytes(struct lexer *lexer, uint8_t *bytes, uint64_t limit) {
    uint64_t count = 0;
    while (count < limit) {
        const char *at = lexer->at;
        uint32_t lines = 0;
        for (; *at == ' ' || *at == ',' || *at == '\n'; at++)
            lines += *at == '\n';
        unsigned value = 0;
        const char *digits = at;
        while (is(*at, DIGIT) && at - digits < 4)
            value = value * 10 + (unsigned)(*at++ - '0');
        bool octal = digits[0] == '0' && at - digits > 1;
        if (at == digits || octal || value > 255 || (*at != ',' && *at != '}'))
            break;
        bytes[count++] = (uint8_t)value;
        lexer->at = at;
        lexer->line += lines;
    }
    return count;
}

bool token_is(const struct token *token, const char *text) {
    return (token->kind == TOKEN_NAME || token->kind == TOKEN_DIRECTIVE) &&
           strncmp(token->start, text, token->length) == 0 && text[token->length] == '\0';
}
