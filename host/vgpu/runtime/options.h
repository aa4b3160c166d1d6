/* What LOTTO_VGPU_GPU, _ARCH, _CHECK, _SCHEDULE, _ULP, _L2 and _REPORT ask for. */
#ifndef LOTTO_VGPU_OPTIONS_H
#define LOTTO_VGPU_OPTIONS_H

#include "profile.h"

struct options {
    const struct profile *profile;
    unsigned checks;
    const char *report; /* a file's name, or NULL */
    bool warm_l2;       /* L2 is kept between launches */
};

/* Ends the process with a sentence when an option is unknown or not there yet. */
void options_read(struct options *options);

#endif
