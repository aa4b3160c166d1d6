/* Why a command ends early: one sentence and the exit status it means. */
#ifndef LOTTO_CLI_ERROR_H
#define LOTTO_CLI_ERROR_H

#include <stdbool.h>

enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct error {
    enum exit_status exit_status;
    char text[1024];
};

/* Both write the sentence, cut to fit, and return false, so that a function can say `return failure(error, ...)`. */
bool failure(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool usage_error(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "name: " before the sentence; returns false. */
bool failure_in(struct error *error, const char *name);

/* malloc that says how much could not be had. */
void *allocate(struct error *error, unsigned long long bytes);

#endif
