/* Columns of text that several commands print. */
#ifndef LOTTO_CLI_PRINT_TEXT_H
#define LOTTO_CLI_PRINT_TEXT_H

#include "vocabulary.h"

/* The token's text in quotes, cut to `columns`, or its id where there is none; "-" for token -1. Returns how wide it got. */
int print_token(const struct vocabulary *vocabulary, int32_t token, int columns);
/* The same, with spaces up to `columns`. */
void print_token_padded(const struct vocabulary *vocabulary, int32_t token, int columns);

/* A line of a list up to its number: the id and, where there are texts, the token's. */
void print_entry(const struct vocabulary *vocabulary, int32_t token);

/* Nothing if count is negative. */
void print_spaces(int count);

/* A probability in seven columns. */
void print_prob(float prob);

/* "  HAD_NAN"; nothing when clean. */
void print_status(uint32_t status);

#endif
