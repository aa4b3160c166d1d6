/*
 * How a process on the virtual GPU ends: the report is written, also after a crash, and the exit status is 87 when the
 * virtual GPU could not do its work, else 86 when there are findings, else the program's own.
 */
#ifndef LOTTO_VGPU_ENDING_H
#define LOTTO_VGPU_ENDING_H

#include "options.h"

/* A program that uses the CUDA runtime is there: scripts/vgpu asks whether one was. */
void ending_reached(void);

/* The virtual GPU could not do something; the program goes on but its status will be 87. */
void ending_failed(void);

/* From now on crashes are seen and a report is owed. */
void ending_watch(const struct options *options);

#endif
