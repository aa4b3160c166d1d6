/* The axes of a run: each holds the values that the command line gives it, and a run measures every combination. */
#ifndef LOTTO_BENCH_AXES_H
#define LOTTO_BENCH_AXES_H

#include "host/cli/request.h"

enum axis_name {
    AXIS_OPERATION, /* enum operation */
    AXIS_ROWS,
    AXIS_VOCAB,
    AXIS_DTYPE, /* lotto_dtype */
    AXIS_TEMPERATURE,
    AXIS_TOP_K,
    AXIS_TOP_P,
    AXIS_MIN_P,
    AXIS_EXTRA,        /* a place in extra.h's list */
    AXIS_DISTRIBUTION, /* enum distribution */
    AXIS_L2,           /* 0: cold, 1: warm */
    AXES
};

enum { MAX_VALUES = 32 };

/* Every value is held as a number; a double holds each of them exactly. */
struct axis {
    int count;
    double values[MAX_VALUES];
};

struct axes {
    struct axis axis[AXES];
};

/* What an axis is called on the command line, and what it says of itself there. */
struct axis_words {
    const char *option, *argument, *allowed, *help, *standard;
};
const struct axis_words *axis_words(enum axis_name name);

/* "8,64": replaces the axis's values. False where a value is not allowed or there are too many. */
bool axis_take(struct axes *axes, enum axis_name name, const char *list);
/* Every axis has its standard value. */
void axes_reset(struct axes *axes);

/* One combination. */
struct point {
    double value[AXES];
};

/* The first point after `index` earlier ones; false after the last. An axis that an operation does not use is off there. */
bool axes_point(const struct axes *axes, int64_t index, struct point *point);

const char *operation_name(enum operation operation);
/* "sample top-k 50 top-p 0.9": the operation and what of its controls is not off. */
void point_describe(const struct point *point, char *text, size_t bytes);

#endif
