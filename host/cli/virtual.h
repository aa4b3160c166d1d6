/* The virtual GPU's stand-in for the CUDA runtime, which the command can start itself under. */
#ifndef LOTTO_CLI_VIRTUAL_H
#define LOTTO_CLI_VIRTUAL_H

#include "error.h"

#include <limits.h>

/* True if the CUDA runtime of this process is the stand-in. */
bool virtual_is_loaded(void);

/* The stand-in that belongs to this executable; failure says where it was looked for. */
bool virtual_find(char path[PATH_MAX], struct error *error);

/*
 * Starts this program again with the same arguments under the stand-in; returns only on failure. `reason` is why, for
 * virtual_reason() of the new process.
 */
bool virtual_restart(char **arguments, const char *reason, struct error *error);

/* Why this process runs under the stand-in though nobody asked for it; NULL if somebody did. */
const char *virtual_reason(void);

#endif
