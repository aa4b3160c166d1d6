/* What one record of an event stands for: shared by the event, the work that reaches it and the work that waits for it. */
#ifndef LOTTO_VGPU_MOMENT_H
#define LOTTO_VGPU_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

struct moment {
    unsigned references;
    bool is_reached;
    uint64_t time; /* of the virtual clock, once it is reached */
};

struct moment *moment_create(void); /* with one reference; NULL without memory */
struct moment *moment_keep(struct moment *moment);
void moment_release(struct moment *moment); /* NULL is none */

#endif
