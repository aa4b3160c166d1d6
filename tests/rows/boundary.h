/* Draws that end exactly on a boundary between two tokens: random rows meet one in 2^40. */
#ifndef TESTS_ROWS_BOUNDARY_H
#define TESTS_ROWS_BOUNDARY_H

#include "tests/rows/request.h"

enum { BOUNDARY_MARGIN = 64 };

/*
 * Two rows of the maximum and a few tokens, on the two sides of the boundary before id `after`; all others are masked. Seed 0 at position 0
 * draws a target that in the first row is what lies before the boundary, so that the token is `after`; in the second row, 1 less than
 * that: `after` - 1. BOUNDARY_MARGIN <= after, but 1 <= after if the maximum comes first; after <= vocab - BOUNDARY_MARGIN.
 */
struct request *request_on_boundary(int64_t vocab, int64_t after, bool maximum_first);

#endif
