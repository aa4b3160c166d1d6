/* The processor this runs on. */
#ifndef LOTTO_VGPU_PROCESSOR_H
#define LOTTO_VGPU_PROCESSOR_H

#include <stdbool.h>

/* Whether it has the vectors of x86-64-v4. Without those of x86-64-v3 the virtual GPU fails. */
bool processor_is_v4(void);

#endif
