/* One peer at one point: what it needs, its call, its results and whether they are right. */
#ifndef LOTTO_BENCH_CONTEST_H
#define LOTTO_BENCH_CONTEST_H

#include "asked.h"
#include "peer.h"
#include "record.h"

#include "host/cli/run.h"

/* What all of a process's measurements share. */
struct stage {
    const struct bench_options *options;
    struct input input;
    struct run run, reference;
    struct device_memory random, tokens, workspace; /* of the peers other than lotto */
    bool is_virtual;
};

struct contest {
    struct stage *stage;
    const struct peer *peer;
    const struct point *point;
    struct asked asked;
    struct results results;
    struct peer_call call; /* not lotto's */
};

/* The point's rows must be in stage->input and on the device. *lacks is why the peer cannot do this, or NULL; then nothing is open. */
bool contest_open(struct contest *contest, struct stage *stage, const struct peer *peer,
                  const struct point *point, const char **lacks, struct error *error);
void contest_close(struct contest *contest);

/* For timing.h: self is a contest. */
bool contest_enqueue(const void *self, lotto_stream stream, struct error *error);

/* Waits for the last call and compares so many of its rows with the reference. */
bool contest_check(struct contest *contest, int64_t checked_rows, struct error *error);

struct amount contest_amount(const struct contest *contest);

#endif
