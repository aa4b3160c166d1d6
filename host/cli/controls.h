/* The controls that the options ask for, as the library takes them and as people read them. */
#ifndef LOTTO_CLI_CONTROLS_H
#define LOTTO_CLI_CONTROLS_H

#include "options.h"

lotto_controls controls_of(const struct options *options);

/* "temperature 0.8 top-k 50 top-p 0.95": what is not off. */
void controls_describe(char *text, size_t bytes, const lotto_controls *controls);

#endif
