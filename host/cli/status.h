/* Names of what a row reports. */
#ifndef LOTTO_CLI_STATUS_H
#define LOTTO_CLI_STATUS_H

#include <stdint.h>

/* The name of the bit `index` (0 for the first) of a row's status; NULL beyond the last. */
const char *status_name(int index);
uint32_t status_bit(int index);

/* "HAD_NAN,EMPTY"; "" when clean. Valid until the next call. */
const char *status_text(uint32_t status);

#endif
