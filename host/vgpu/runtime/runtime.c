#include "runtime.h"
#include "../check/finding.h"
#include "../exec/schedule.h"
#include "../exec/ulp.h"
#include "../memory/memory.h"
#include "ending.h"
#include "options.h"

#include <pthread.h>
#include <stdio.h>

_Thread_local cudaError_t last_error = cudaSuccess;

/* For programs that want to know whether they run on the virtual GPU. */
__attribute__((visibility("default"))) const int lotto_vgpu_present = 1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct options options;
static bool is_open;
static struct l2 *l2;
static cudaError_t fault = cudaSuccess;
static uint64_t clock_now;

void runtime_lock(void) { pthread_mutex_lock(&lock); }
void runtime_unlock(void) { pthread_mutex_unlock(&lock); }

static void open_device(void) {
    ending_reached();
    options_read(&options);
    checks_enabled = options.checks;
    if (options.has_schedule)
        schedule_set_seed(options.schedule);
    if (options.has_ulp)
        ulp_set_seed(options.ulp);
    ending_watch(&options);
    if (!memory_open(options.profile->memory_bytes))
        vgpu_fail("the host refuses to reserve address space for the %llu GiB of %s",
                  (unsigned long long)(options.profile->memory_bytes >> 30), options.profile->name);
    if (options.report && !(l2 = l2_create(options.profile->l2_bytes, options.warm_l2)))
        vgpu_fail("not enough host memory for the L2 of %s", options.profile->name);
    is_open = true;
}

cudaError_t runtime_enter(void) {
    runtime_lock();
    if (!is_open)
        open_device();
    return fault;
}

cudaError_t runtime_leave(cudaError_t error) {
    if (error != cudaSuccess && error != cudaErrorNotReady)
        last_error = error;
    runtime_unlock();
    return error;
}

const struct profile *runtime_profile(void) { return options.profile; }
struct l2 *runtime_l2(void) {
    return l2;
}
void runtime_fault(cudaError_t error) { fault = error; }
void runtime_clear_fault(void) { fault = cudaSuccess; }
bool runtime_has_fault(void) { return fault != cudaSuccess; }
uint64_t runtime_clock(void) { return clock_now; }
void runtime_advance_clock(uint64_t nanoseconds) { clock_now += nanoseconds; }

cudaError_t runtime_not_provided(const char *what) {
    ending_reached();
    fprintf(stderr, "vgpu: %s is not provided by the virtual GPU\n", what);
    ending_failed();
    last_error = cudaErrorNotSupported;
    return cudaErrorNotSupported;
}
