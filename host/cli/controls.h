/* The controls that settings ask for, as the library takes them and as people read them. */
#ifndef LOTTO_CLI_CONTROLS_H
#define LOTTO_CLI_CONTROLS_H

#include "row_settings.h"

/* Every value that all rows can share; the lists are not in it. */
lotto_controls controls_of(const struct settings *settings);

/* The controls of some rows, with their arrays, in host memory. */
struct row_controls {
    lotto_controls controls; /* controls.adjustments is &adjustments, or NULL where there are none */
    lotto_adjustments adjustments;
    uint64_t *positions; /* of each row's first draw */
    void *arrays[24];
    int array_count;
};

/* Of `rows` rows, `first` being the first of them in the file. Stays where it is: it points into itself. */
bool controls_load(struct row_controls *loaded, const struct row_settings *settings, int64_t first,
                   int64_t rows, int64_t vocab, struct error *error);
void controls_free(struct row_controls *loaded);

/* Elements of four bytes that they take for each row, at most. */
int64_t controls_row_elements(const struct row_settings *settings, int64_t vocab);

/* "temperature 0.8 top-k 50 top-p 0.95": what is not off. */
void controls_describe(char *text, size_t bytes, const struct row_settings *settings);

#endif
