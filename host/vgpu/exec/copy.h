/* Bulk copies, once their addresses are checked: what they do to memory, who is told, and what the checks must know of them. */
#ifndef LOTTO_VGPU_COPY_H
#define LOTTO_VGPU_COPY_H

#include "warp.h"

struct copy_end {
    uint8_t *bytes;     /* NULL: a fault was reported */
    struct block *home; /* whose shared memory it is; NULL: global memory */
    uint64_t at;        /* offset there, or global address */
};

struct copy {
    struct copy_end to, from;
    uint32_t bytes;
    uint64_t *barrier; /* the mbarrier that is told of the bytes; NULL: the copy is waited for in groups */
    /* Issued by: */
    struct warp *warp;
    const struct bound *i;
    unsigned lane;
};

/* False after a fault. */
bool copy_issue(const struct copy *copy);

#endif
