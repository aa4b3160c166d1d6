#include "axes.h"

#include "distribution.h"
#include "extra.h"
#include "host/cli/dtype.h"
#include "host/cli/logits_file.h"
#include "host/cli/number.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which operations an axis matters to. */
enum {
    FOR_ALL = ~0,
    FOR_EXTRAS = 1 << OPERATION_SAMPLE,
    FOR_FILTERS = 1 << OPERATION_SAMPLE | 1 << OPERATION_PROBS,
    FOR_TEMPERATURE = FOR_FILTERS | 1 << OPERATION_SOFTMAX | 1 << OPERATION_TOP_P,
    FOR_TOP_K = FOR_FILTERS | 1 << OPERATION_TOP_K,
    FOR_TOP_P = FOR_FILTERS | 1 << OPERATION_TOP_P,
};

static const char *const operations[] = {
    [OPERATION_SAMPLE] = "sample",     [OPERATION_ARGMAX] = "argmax", [OPERATION_SOFTMAX] = "softmax",
    [OPERATION_PROBS] = "probs",       [OPERATION_TOP_K] = "top-k",   [OPERATION_TOP_P] = "top-p",
    [OPERATION_LOGPROBS] = "logprobs",
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

const char *operation_name(enum operation operation) { return operations[operation]; }

static bool take_operation(const char *word, double *value) {
    for (int i = 0; i < OPERATIONS; i++) {
        if (strcmp(word, operations[i]) == 0) {
            *value = i;
            return true;
        }
    }
    return false;
}

static bool take_whole(const char *word, uint64_t least, uint64_t most, double *value) {
    uint64_t number;
    bool good = number_parse_whole(word, least, most, &number);
    *value = (double)number;
    return good;
}
static bool take_rows(const char *word, double *value) { return take_whole(word, 1, 1 << 20, value); }
static bool take_vocab(const char *word, double *value) { return take_whole(word, 1, MAX_VOCAB, value); }
static bool take_top_k(const char *word, double *value) { return take_whole(word, 0, INT32_MAX, value); }

static bool take_dtype(const char *word, double *value) {
    lotto_dtype dtype;
    bool good = dtype_of_name(word, &dtype);
    *value = good ? dtype : 0;
    return good;
}

/* The value as it was written, not as binary32 holds it. */
static bool take_real(const char *word, double most, double *value) {
    float number;
    *value = strtod(word, NULL);
    return number_parse_real(word, 0, most, &number);
}
static bool take_temperature(const char *word, double *value) { return take_real(word, FLT_MAX, value); }
static bool take_share(const char *word, double *value) { return take_real(word, 1, value); }

static bool take_extra(const char *word, double *value) {
    int index;
    bool good = extra_of_name(word, &index);
    *value = index;
    return good;
}

static bool take_distribution(const char *word, double *value) {
    enum distribution distribution;
    bool good = distribution_of_name(word, &distribution);
    *value = good ? distribution : 0;
    return good;
}

static bool take_l2(const char *word, double *value) {
    *value = strcmp(word, "warm") == 0;
    return *value == 1 || strcmp(word, "cold") == 0;
}

static const struct {
    struct axis_words words;
    int operations;
    bool (*take)(const char *word, double *value);
    double off; /* its value in operations that it does not matter to */
} about[AXES] = {
    [AXIS_OPERATION] = {{"operation", "NAMES", "sample, argmax, softmax, probs, top-k, top-p or logprobs",
                         "sample, argmax, softmax, probs, top-k, top-p, logprobs (default sample)", "sample"},
                        FOR_ALL,
                        take_operation},
    [AXIS_ROWS] = {{"rows", "COUNTS", "a whole number from 1 to 1048576",
                    "rows of a call (default 64; with FILE: as many as it has)", "64"},
                   FOR_ALL,
                   take_rows},
    [AXIS_VOCAB] = {{"vocab", "SIZES", "a whole number from 1 to 1048576",
                     "tokens of a row (default 128256; with FILE: its own)", "128256"},
                    FOR_ALL,
                    take_vocab},
    [AXIS_DTYPE] = {{"dtype", "TYPES", "f32, f16 or bf16", "f32, f16, bf16 (default f32; with FILE: its own)",
                     "f32"},
                    FOR_ALL,
                    take_dtype},
    [AXIS_TEMPERATURE] = {{"temperature", "TS", "a finite number, 0 or more", "default 1; 0 is greedy", "1"},
                          FOR_TEMPERATURE,
                          take_temperature,
                          1},
    [AXIS_TOP_K] = {{"top-k", "KS", "a whole number from 0 (off) to 2147483647",
                     "default 50; 0: off, and for the operation top-k every token", "50"},
                    FOR_TOP_K,
                    take_top_k},
    [AXIS_TOP_P] = {{"top-p", "PS", "a number from 0 to 1", "default 0.9; 1: off", "0.9"},
                    FOR_TOP_P,
                    take_share,
                    1},
    [AXIS_MIN_P] = {{"min-p", "MS", "a number from 0 to 1", "default 0, off", "0"}, FOR_FILTERS, take_share},
    [AXIS_EXTRA] = {{"extra", "NAMES", "one of those that lotto bench --help lists",
                     "what sample has beside its filters, see below (default none)", "none"},
                    FOR_EXTRAS,
                    take_extra},
    [AXIS_DISTRIBUTION] = {{"distribution", "NAMES", "llm, normal, constant or two-valued",
                            "llm, normal, constant, two-valued (default llm)", "llm"},
                           FOR_ALL,
                           take_distribution},
    [AXIS_L2] = {{"l2", "STATES", "cold or warm",
                  "cold: nothing of the call's data in the L2 before it (default); warm: after the same call",
                  "cold"},
                 FOR_ALL,
                 take_l2},
};

const struct axis_words *axis_words(enum axis_name name) { return &about[name].words; }

bool axis_take(struct axes *axes, enum axis_name name, const char *list) {
    struct axis *axis = &axes->axis[name];
    axis->count = 0;
    for (const char *word = list;; word++) {
        char value[32];
        size_t length = strcspn(word, ",");
        if (length >= sizeof value || axis->count == MAX_VALUES)
            return false;
        memcpy(value, word, length);
        value[length] = '\0';
        if (!about[name].take(value, &axis->values[axis->count++]))
            return false;
        word += length;
        if (*word == '\0')
            return true;
    }
}

void axes_reset(struct axes *axes) {
    for (int name = 0; name < AXES; name++)
        axis_take(axes, (enum axis_name)name, about[name].words.standard);
}

static bool matters(enum axis_name name, enum operation operation) {
    return about[name].operations >> operation & 1;
}

static int count_for(const struct axes *axes, enum axis_name name, enum operation operation) {
    return matters(name, operation) ? axes->axis[name].count : 1;
}

static int64_t points_of(const struct axes *axes, enum operation operation) {
    int64_t points = 1;
    for (int name = AXIS_OPERATION + 1; name < AXES; name++)
        points *= count_for(axes, (enum axis_name)name, operation);
    return points;
}

bool axes_point(const struct axes *axes, int64_t index, struct point *point) {
    const struct axis *operations_asked = &axes->axis[AXIS_OPERATION];
    for (int i = 0; i < operations_asked->count; i++) {
        enum operation operation = (enum operation)operations_asked->values[i];
        int64_t points = points_of(axes, operation);
        if (index >= points) {
            index -= points;
            continue;
        }
        point->value[AXIS_OPERATION] = operation;
        for (int name = AXES - 1; name > AXIS_OPERATION; name--) {
            int count = count_for(axes, (enum axis_name)name, operation);
            point->value[name] = matters((enum axis_name)name, operation)
                                     ? axes->axis[name].values[index % count]
                                     : about[name].off;
            index /= count;
        }
        return true;
    }
    return false;
}

void point_describe(const struct point *point, char *text, size_t bytes) {
    const double *value = point->value;
    enum operation operation = (enum operation)value[AXIS_OPERATION];
    bool is_greedy = operation == OPERATION_SAMPLE && value[AXIS_TEMPERATURE] < 1e-6;
    size_t length =
        (size_t)snprintf(text, bytes, "%s%s", operation_name(operation), is_greedy ? " greedy" : "");
    static const enum axis_name controls[] = {AXIS_TEMPERATURE, AXIS_TOP_K, AXIS_TOP_P, AXIS_MIN_P};
    for (int i = 0; i < 4 && !is_greedy; i++) {
        enum axis_name name = controls[i];
        if (value[name] != about[name].off && length < bytes)
            length += (size_t)snprintf(text + length, bytes - length, " %s %g", about[name].words.option,
                                       value[name]);
    }
    if (value[AXIS_EXTRA] != 0 && length < bytes)
        snprintf(text + length, bytes - length, " with %s", extra_at((int)value[AXIS_EXTRA])->name);
}
