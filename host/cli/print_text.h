/* Columns of text that several commands print. */
#ifndef LOTTO_CLI_PRINT_TEXT_H
#define LOTTO_CLI_PRINT_TEXT_H

#include "vocabulary.h"

/* The token's text in quotes, or its id where there is none, `columns` wide; "-" for token -1. */
void print_token(const struct vocabulary *vocabulary, int32_t token, int columns);

/* A probability in seven columns. */
void print_prob(float prob);

/* "  HAD_NAN"; nothing when clean. */
void print_status(uint32_t status);

#endif
