/* How long calls take on a GPU: by events round each call, once as a graph and once as a stream enqueues it. */
#ifndef LOTTO_BENCH_TIMING_H
#define LOTTO_BENCH_TIMING_H

#include "host/cli/error.h"

#include <lotto/lotto.h>
#include <stdint.h>

/* Something that enqueues a call on a stream, the same each time. */
struct subject {
    bool (*enqueue)(const void *self, lotto_stream stream, struct error *error);
    const void *self;
};

/* Medians. */
struct timing {
    double graph_us, stream_us;
    double copy_bytes_per_second; /* read and written by a copy within the device, larger than the L2 */
};

/* Not warm_l2: before each call a buffer of twice the L2 is written over, which leaves nothing of the call's data there. */
bool timing_take(const struct subject *subject, bool warm_l2, int64_t repeats, struct timing *timing,
                 struct error *error);

#endif
