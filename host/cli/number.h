/* Numbers written by people: the whole text or nothing, no leading space, no NaN, no infinity. */
#ifndef LOTTO_CLI_NUMBER_H
#define LOTTO_CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* Decimal digits alone, least <= number <= most. */
bool number_parse_whole(const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* Rounded to nearest; least <= number <= most, judged before rounding; both are finite as a float. */
bool number_parse_real(const char *text, double least, double most, float *number);

#endif
