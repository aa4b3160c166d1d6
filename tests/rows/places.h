/* A request on the device and on the reference: every result must be the same, bit for bit. For Criterion's tests. */
#ifndef TESTS_ROWS_PLACES_H
#define TESTS_ROWS_PLACES_H

#include "tests/rows/place.h"

struct places {
    struct place device, reference;
};

/*
 * False if there is no device, and none is required: LOTTO_REQUIRE_GPU=1 makes that a failure; otherwise it is a skip, which
 * is printed.
 */
bool places_enter(struct places *places);
void places_leave(struct places *places);

/* Fails the test at the first difference. */
void places_agree(struct places *places, const struct request *request);

#endif
