/* A measurement as it is printed: an object of named figures, which is also a line of a table. */
#ifndef LOTTO_BENCH_RECORD_H
#define LOTTO_BENCH_RECORD_H

#include "counts.h"
#include "input.h"
#include "peer.h"
#include "timing.h"

#include <jansson.h>

/* What a call must at least move: the logits, the arrays of its adjustments, and the rows that it writes. */
struct amount {
    int64_t logits, logits_bytes, control_bytes, moved_bytes;
};

/* Who did what, to which rows, and how many were compared with the reference. */
json_t *record_create(const char *device, const struct peer *peer, const struct point *point,
                      const char *input, int64_t checked_rows);
void record_add_counts(json_t *record, const struct counts *counts, int64_t rows, struct amount amount);
void record_add_timing(json_t *record, const struct timing *timing, struct amount amount);

/* Prints the record; the first also prints what stands above it. */
void record_print(const json_t *record, enum format format);

#endif
