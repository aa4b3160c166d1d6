/* The logits of a measurement: made up, or the rows of a file repeated to as many as are asked for. */
#ifndef LOTTO_BENCH_INPUT_H
#define LOTTO_BENCH_INPUT_H

#include "host/cli/logits_file.h"
#include "options.h"

struct input {
    const struct bench_options *options;
    struct logits_file file; /* name NULL: made up */

    lotto_dtype dtype;
    int64_t rows, vocab;
    void *values; /* [rows, vocab] of dtype */
    uint64_t *seeds;
    double distribution; /* what values were made by */
};

/* Opens the file, if there is one, and gives the axes what it says and the command line does not. */
bool input_open(struct input *input, struct bench_options *options, struct error *error);
void input_close(struct input *input);

/* What the rows are called in a table: a distribution, or the file's name without its folder. */
const char *input_name(const struct input *input, const struct point *point);

/* Makes or reads the rows that the point asks for; *changed tells whether they are others than before. */
bool input_load(struct input *input, const struct point *point, bool *changed, struct error *error);

#endif
