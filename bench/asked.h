/* What a point asks of lotto, for some of its rows: the request, and made-up arrays for what it has beside its filters. */
#ifndef LOTTO_BENCH_ASKED_H
#define LOTTO_BENCH_ASKED_H

#include "axes.h"
#include "input.h"

struct asked {
    struct request request;
    lotto_adjustments adjustments;
    void *arrays[16];
    int array_count;
    int64_t control_bytes; /* of the adjustments' arrays */
};

/* For `rows` rows from `first` on; what a row gets does not depend on them. Stays where it is: it points into itself. */
bool asked_open(struct asked *asked, const struct point *point, const struct input *input, int64_t first,
                int64_t rows, struct error *error);
void asked_close(struct asked *asked);

/* Which row of logits a row of the point samples. */
int64_t asked_logits_row(const struct point *point, int64_t row);

#endif
