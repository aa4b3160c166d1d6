/* Page-locked host memory, allocated or registered. */
#ifndef LOTTO_VGPU_HOST_MEMORY_H
#define LOTTO_VGPU_HOST_MEMORY_H

#include <stdbool.h>

bool host_memory_is_locked(const void *address);
int host_memory_device(const void *address); /* the current one when it was locked */
/* A finding for each piece that is left. */
void host_memory_report_leaks(void);

#endif
