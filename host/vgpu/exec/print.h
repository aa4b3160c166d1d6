/*
 * What kernels print. Each call's text is kept, in the order of execution, until print_flush writes all to standard output. Beyond
 * print_limit bytes the oldest calls' texts are lost, as a device overwrites its buffer (which holds arguments, not text).
 */
#ifndef LOTTO_VGPU_PRINT_H
#define LOTTO_VGPU_PRINT_H

#include "warp.h"

/*
 * One lane's printf: generic addresses of the format and of the arguments, which lie there as in a structure. Returns what the
 * device's printf does: the number of arguments, or -1 without a format. A string that cannot be read is a fault.
 */
int32_t print_call(struct warp *warp, const struct bound *i, unsigned lane, uint64_t format,
                   uint64_t arguments);

extern size_t print_limit;
void print_flush(void);

#endif
