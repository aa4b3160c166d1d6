#include "moment.h"

#include <stdlib.h>

struct moment *moment_create(void) {
    struct moment *moment = calloc(1, sizeof *moment);
    if (moment)
        moment->references = 1;
    return moment;
}

struct moment *moment_keep(struct moment *moment) {
    moment->references++;
    return moment;
}

void moment_release(struct moment *moment) {
    if (moment && --moment->references == 0)
        free(moment);
}
