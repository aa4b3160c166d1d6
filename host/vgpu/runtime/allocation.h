/* What the program has allocated and not given back. */
#ifndef LOTTO_VGPU_ALLOCATION_H
#define LOTTO_VGPU_ALLOCATION_H

/* A finding for each; module variables belong to their modules and are none. */
void allocations_report_leaks(void);

#endif
