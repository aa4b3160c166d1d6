/* What a call of sample can have beside its filters: controls, results that are asked for, and all of each at once. */
#ifndef LOTTO_BENCH_EXTRA_H
#define LOTTO_BENCH_EXTRA_H

#include "host/cli/request.h"

enum {
    CONTROL_OFF = 1, /* adjustments are given, and each is off */
    CONTROL_MASK = 2,
    CONTROL_BANNED = 4,
    CONTROL_BIASED = 8,
    CONTROL_STOPS = 16,
    CONTROL_REPETITION = 32,
    CONTROL_FREQUENCY_PRESENCE = 64,
    CONTROL_TEMPERATURE_LAST = 128,
};

struct extra {
    const char *name, *what;
    unsigned controls;
    int64_t history;  /* tokens a row */
    unsigned results; /* 1u << SAMPLE_RANK */
    int64_t places;   /* of the likeliest tokens */
    lotto_logprobs_of top_of;
    int32_t draws;       /* a row, if more than 1 */
    int64_t row_sharers; /* requests for each row of logits, if more than 1 */
};

/* NULL after the last. The first is nothing. */
const struct extra *extra_at(int index);
bool extra_of_name(const char *name, int *index);

#endif
