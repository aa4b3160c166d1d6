/* A request's results as the oracle has them. */
#ifndef TESTS_ORACLE_ANSWER_H
#define TESTS_ORACLE_ANSWER_H

#include "tests/oracle/oracle.h"
#include "tests/rows/results.h"

/* Fills the results that the request wants. */
void oracle_answer(const struct request *request, struct results *results);

#endif
