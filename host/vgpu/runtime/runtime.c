#include "runtime.h"
#include "../check/finding.h"
#include "../exec/schedule.h"
#include "../exec/ulp.h"
#include "../memory/memory.h"
#include "device.h"
#include "ending.h"
#include "host_function.h"
#include "options.h"

#include <pthread.h>
#include <stdio.h>

_Thread_local cudaError_t last_error = cudaSuccess;
_Thread_local bool runtime_default_is_own;

/* For programs that want to know whether they run on the virtual GPU. */
__attribute__((visibility("default"))) const int lotto_vgpu_present = 1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;
static struct options options;
static bool is_open;
static uint64_t clock_now;

void runtime_lock(void) { pthread_mutex_lock(&lock); }
void runtime_unlock(void) { pthread_mutex_unlock(&lock); }
void runtime_wake(void) { pthread_cond_broadcast(&woken); }

bool runtime_sleep(const struct timespec *until) {
    int result = until ? pthread_cond_timedwait(&woken, &lock, until) : pthread_cond_wait(&woken, &lock);
    memory_use_device((unsigned)device_current()->ordinal);
    return result == 0;
}

static void open_devices(void) {
    ending_reached();
    options_read(&options);
    checks_enabled = options.checks;
    if (options.has_schedule)
        schedule_set_seed(options.schedule);
    if (options.has_ulp)
        ulp_set_seed(options.ulp);
    ending_watch(&options);
    if (!memory_open_devices(options.profile->memory_bytes, (unsigned)options.devices))
        vgpu_fail("the host refuses to reserve address space for the %llu GiB of %s, %d times",
                  (unsigned long long)(options.profile->memory_bytes >> 30), options.profile->name,
                  options.devices);
    devices_open(options.devices, options.warm_l2, options.report != NULL);
    is_open = true;
}

cudaError_t runtime_enter(void) {
    runtime_lock();
    if (!is_open)
        open_devices();
    memory_use_device((unsigned)device_current()->ordinal);
    return host_function_is_here() ? cudaErrorNotPermitted : device_current()->fault;
}

cudaError_t runtime_leave(cudaError_t error) {
    if (error != cudaSuccess && error != cudaErrorNotReady)
        last_error = error;
    runtime_default_is_own = false;
    runtime_unlock();
    return error;
}

const struct profile *runtime_profile(void) { return options.profile; }
uint64_t runtime_clock(void) { return clock_now; }
void runtime_advance_clock(uint64_t nanoseconds) { clock_now += nanoseconds; }

cudaError_t runtime_not_provided(const char *what) {
    ending_reached();
    fprintf(stderr, "vgpu: %s is not provided by the virtual GPU\n", what);
    ending_failed();
    runtime_default_is_own = false;
    last_error = cudaErrorNotSupported;
    return cudaErrorNotSupported;
}
