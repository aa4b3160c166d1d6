/* Draws that end exactly on a boundary between two tokens: random rows meet one in 2^40. */
#ifndef TESTS_ROWS_BOUNDARY_H
#define TESTS_ROWS_BOUNDARY_H

#include "tests/rows/request.h"

/*
 * Two rows, all masked before id `at`, where the maximum stands; a few tokens follow it. Seed 0 at position 0 draws the target 2^40 in the
 * first row, which is the maximum's weight, so that its successor is the token; in the second row, less: the maximum. at < vocab - 64.
 */
struct request *request_on_boundary(int64_t vocab, int64_t at);

#endif
