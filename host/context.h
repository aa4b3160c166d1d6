/* One device's properties and the text of the last error. Used by one thread at a time. */
#ifndef LOTTO_CONTEXT_H
#define LOTTO_CONTEXT_H

#include <lotto/lotto.h>

#include "plan.h"

struct lotto_context {
    lotto_device device;
    struct lotto_limits limits;
    char error[400];
};

bool lotto_context_is_reference(const lotto_context *context);

/* Makes the context's device current; *caller_device is what lotto_context_leave restores. */
lotto_status lotto_context_enter(lotto_context *context, int *caller_device);

/* Makes the caller's device current again; error, from what was done in between, becomes the call's status. */
lotto_status lotto_context_leave(lotto_context *context, int caller_device, cudaError_t error);

#endif
