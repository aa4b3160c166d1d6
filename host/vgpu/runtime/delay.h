/* With a schedule, pending work of streams is held back and chosen at random; without one, nothing is. */
#ifndef LOTTO_VGPU_DELAY_H
#define LOTTO_VGPU_DELAY_H

#include <stdbool.h>

bool delay_is_on(void);
unsigned delay_below(unsigned limit); /* 0 without a schedule */

#endif
