/*
 * Logits made up for a measurement. The number of a token is the same for the same (seed, row, id) in every run:
 *
 *   normal      z: standard normal
 *   llm         2 z - 2, and over it 300 tokens at random ids with 17 - 2.2 ln(j + 1), j = 0 .. 299: the likeliest token has two thirds
 *               of the mass, nine tenths are 4 or 5 tokens, the last hundredth is spread over tens of thousands
 *   constant    0
 *   two-valued  0 or 1, each with probability one half
 */
#ifndef LOTTO_BENCH_DISTRIBUTION_H
#define LOTTO_BENCH_DISTRIBUTION_H

#include <stdbool.h>
#include <stdint.h>

enum distribution { DISTRIBUTION_NORMAL, DISTRIBUTION_LLM, DISTRIBUTION_CONSTANT, DISTRIBUTION_TWO_VALUED };

const char *distribution_name(enum distribution distribution);
bool distribution_of_name(const char *name, enum distribution *distribution);

/* Random bits for place `index` of a stream. */
uint64_t distribution_bits(uint64_t stream, uint64_t index);

/* logits [vocab] of one row */
void distribution_fill(enum distribution distribution, uint64_t seed, int64_t row, int64_t vocab,
                       float *logits);

#endif
