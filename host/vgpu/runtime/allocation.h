/* What the program has allocated and not given back. */
#ifndef LOTTO_VGPU_ALLOCATION_H
#define LOTTO_VGPU_ALLOCATION_H

#include <stdint.h>

/* A finding for each; module variables belong to their modules and are none. */
void allocations_report_leaks(void);
void allocation_report_leak(const char *kind, uint64_t address, uint64_t bytes, uint64_t serial);

#endif
