/* The settings of each row of a file of logits: what a settings file says of it, and over that what the options say. */
#ifndef LOTTO_CLI_ROW_SETTINGS_H
#define LOTTO_CLI_ROW_SETTINGS_H

#include "settings.h"

struct row_settings {
    const struct settings *options;
    struct settings *each; /* NULL: no settings file; else what it says of each row, or once for all */
    int64_t count;
    bool is_one_a_row;
    uint32_t given; /* by the options or for any row */
    uint64_t most_position, most_draws, most_top_logprobs;
    /* Elements of the longest list of any row. */
    int64_t most_banned, most_biased, most_stops, most_history;
};

/*
 * path, NULL for none, is JSON: an object with a value for some of the keys, which holds for every row, or an array with such an
 * object for each of the file's rows. Checked against the vocabulary's size, too.
 */
bool row_settings_open(struct row_settings *all, const struct settings *options, const char *path,
                       int64_t rows, int64_t vocab, struct error *error);
void row_settings_close(struct row_settings *all);

/* The row's, counted from the file's first; its lists are not to be freed. */
struct settings row_settings_of(const struct row_settings *all, int64_t row);

bool row_settings_give(const struct row_settings *all, enum setting setting);

/* Whether the seeds of all rows count on from one. */
bool row_settings_shares_seed(const struct row_settings *all);
/* Its own if an array gives it one; else the seed of all rows, 0 if none is given, plus the row. */
uint64_t row_settings_seed(const struct row_settings *all, int64_t row);

#endif
