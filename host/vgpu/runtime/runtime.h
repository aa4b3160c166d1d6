/*
 * What every call of the API shares: one lock, the chosen virtual device, its sticky fault, each thread's last error.
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

extern _Thread_local cudaError_t last_error;

/* Takes the lock and, the first time, opens the virtual device. Returns the device's sticky fault, or cudaSuccess. */
cudaError_t runtime_enter(void);
/* Records error as the thread's last (success and cudaErrorNotReady are not recorded), gives the lock back, returns error. */
cudaError_t runtime_leave(cudaError_t error);

/* Around a program's own function that a call runs. */
void runtime_lock(void);
void runtime_unlock(void);

const struct profile *runtime_profile(void);
/* The L2 that launches go through; NULL when no report is asked for, which alone needs it. */
struct l2 *runtime_l2(void);

/* Every later call returns this error, until cudaDeviceReset. */
void runtime_fault(cudaError_t error);
void runtime_clear_fault(void);
bool runtime_has_fault(void);

/* Says on standard error that `what` is not provided, makes the exit status 87, and returns cudaErrorNotSupported. */
cudaError_t runtime_not_provided(const char *what);

/* The virtual clock of events, in nanoseconds: it counts work done and is no estimate of a GPU's time. */
uint64_t runtime_clock(void);
void runtime_advance_clock(uint64_t nanoseconds);

#endif
