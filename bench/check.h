/* Is what was measured right? Each compares one row with the CPU reference. */
#ifndef LOTTO_BENCH_CHECK_H
#define LOTTO_BENCH_CHECK_H

#include "host/cli/run.h"
#include "peer.h"

/* Up to so many logits every row of a call is compared, above that so many rows. */
#define MOST_LOGITS_CHECKED_WHOLE (1 << 24)
#define ROWS_CHECKED 64

int64_t check_row_count(int64_t rows, int64_t vocab, int64_t asked);
/* The i-th of `checked` rows, spread evenly over all, the first and the last among them. */
int64_t check_row(int64_t rows, int64_t checked, int64_t i);

/* lotto's results: the same bits. The row is loaded in `reference`. */
bool check_equal(struct run *reference, const struct request *request, const struct results *got, int64_t row,
                 const char *device, struct error *error);

/*
 * A peer's token: its logit is at least that of the last token which the filters keep. Its float sums put the cut a little elsewhere, so
 * p counts as larger by TOP_P_SLACK. Of tokens that tie with the last one kept it may keep others, and those do that have the same
 * probability in binary32: logits up to LOGIT_SLACK of a temperature apart.
 */
#define TOP_P_SLACK 1e-4f
#define LOGIT_SLACK 1e-5f
bool check_kept(struct run *reference, const struct peer *peer, const struct request *request, int32_t token,
                int64_t row, struct error *error);

#endif
