/*
 * What every call of the API shares: one lock, the chosen profile, each thread's last error.
 *
 *     cudaError_t cudaX(...) {
 *         cudaError_t error = runtime_enter();
 *         if (error == cudaSuccess)
 *             error = ...;
 *         return runtime_leave(error);
 *     }
 *
 * Nothing happens before the first call: the library may be preloaded into programs that never use CUDA.
 */
#ifndef LOTTO_VGPU_RUNTIME_H
#define LOTTO_VGPU_RUNTIME_H

#include "api.h"
#include "profile.h"

#include <time.h>

extern _Thread_local cudaError_t last_error;

/* Set by the stubs of calls made under --default-stream per-thread: stream 0 is then the thread's own, until runtime_leave. */
extern _Thread_local bool runtime_default_is_own __attribute__((tls_model("initial-exec")));

/*
 * Takes the lock and, the first time, opens the virtual devices. Returns the current device's sticky fault, cudaErrorNotPermitted in
 * a host function, or cudaSuccess.
 */
cudaError_t runtime_enter(void);
/* Records error as the thread's last (success and cudaErrorNotReady are not recorded), gives the lock back, returns error. */
cudaError_t runtime_leave(cudaError_t error);

void runtime_lock(void);
void runtime_unlock(void);
/* Gives the lock up until another thread calls runtime_wake; false when that did not happen before the time. NULL: no time. */
bool runtime_sleep(const struct timespec *until);
void runtime_wake(void);

const struct profile *runtime_profile(void);
/* Says on standard error that `what` is not provided, makes the exit status 87, and returns cudaErrorNotSupported. */
cudaError_t runtime_not_provided(const char *what);

/* The virtual clock of events, in nanoseconds: it counts work done and is no estimate of a GPU's time. */
uint64_t runtime_clock(void);
void runtime_advance_clock(uint64_t nanoseconds);

#endif
