/* What LOTTO_VGPU_GPU, _ARCH, _DEVICES, _CHECK, _SCHEDULE, _ULP, _L2 and _REPORT ask for. */
#ifndef LOTTO_VGPU_OPTIONS_H
#define LOTTO_VGPU_OPTIONS_H

#include "profile.h"

struct options {
    const struct profile *profile;
    int devices;
    unsigned checks;
    const char *report; /* a file's name, or NULL */
    bool warm_l2;       /* L2 is kept between launches */
    bool has_schedule, has_ulp;
    uint64_t schedule, ulp; /* seeds */
};

/* Ends the process with a sentence when a value is not one of those allowed. */
void options_read(struct options *options);

#endif
