/*
 * What becomes of drafts, written from the law's page (kernels/ARITHMETIC.md, section 7) alone: each sequence's rows one after another, the history put
 * together as a list of its own, the draft's mass by integers alone.
 */
#ifndef TESTS_ORACLE_VERIFY_H
#define TESTS_ORACLE_VERIFY_H

#include "tests/rows/results.h"

/* The results of lotto_verify(). */
void oracle_verify(const struct request *request, struct results *results);

/* How much of a mass a probability of binary32 is. */
uint64_t oracle_draft_mass(float prob, uint64_t mass);

#endif
