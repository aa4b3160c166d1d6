#include "queue.h"
#include "../check/finding.h"
#include "delay.h"
#include "device.h"
#include "host_function.h"
#include "runtime.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

/* A program whose host functions end within this time sees its work run in the same order every time. */
enum { SETTLING_NANOSECONDS = 50000000 };
/* With a schedule: how much is held back, and how many streams' next pieces of work are chosen from. */
enum { PENDING_MAX = 64, CHOICES = 32, IDLE_NANOSECONDS = 500000000 };

struct work {
    struct operation operation;
    struct CUstream_st *stream;
    uint64_t serial;
    bool is_running; /* a host function is, on its thread */
    bool is_young;   /* it has just begun */
    TAILQ_ENTRY(work) link;
};

static TAILQ_HEAD(, work) pending = TAILQ_HEAD_INITIALIZER(pending);
static size_t pending_count;
static uint64_t last_serial, walk, runs;

static bool is_blocking(const struct CUstream_st *stream) { return !(stream->flags & cudaStreamNonBlocking); }

static bool is_held(const struct CUstream_st *stream) {
    const struct device *device = stream->device;
    return stream->held == walk || (stream->is_legacy ? device->blocking_held == walk
                                                      : is_blocking(stream) && device->legacy_held == walk);
}

static void hold(struct CUstream_st *stream) {
    stream->held = walk;
    if (stream->is_legacy)
        stream->device->legacy_held = walk;
    else if (is_blocking(stream))
        stream->device->blocking_held = walk;
}

static bool can_start(const struct work *work) {
    return !work->is_running &&
           (work->operation.kind != OPERATION_WAIT || work->operation.moment->is_reached);
}

/* The first few pieces of work that nothing holds back, in order of submission. */
static unsigned find_ready(struct work **ready, unsigned most) {
    unsigned count = 0;
    struct work *work;
    walk++;
    TAILQ_FOREACH (work, &pending, link) {
        if (count == most)
            break;
        if (!is_held(work->stream) && can_start(work))
            ready[count++] = work;
        hold(work->stream);
    }
    return count;
}

static void forget(struct work *work) {
    TAILQ_REMOVE(&pending, work, link);
    pending_count--;
    operation_discard(&work->operation);
    stream_release(work->stream);
    free(work);
}

static void run(struct work *work);

/* What waited for a host function is run on its thread: the program may have no call in progress that would. */
static void end_host_function(void *work) {
    struct work *next;
    forget(work);
    while (!delay_is_on() && find_ready(&next, 1))
        run(next);
    runtime_wake();
}

static void run(struct work *work) {
    runs++;
    if (operation_has_host_function(&work->operation, work->stream->device)) {
        runtime_advance_clock(NANOSECONDS_PER_OPERATION);
        work->is_running = work->is_young = true;
        host_function_start(&work->operation, work->stream->device, end_host_function, work);
        return;
    }
    cudaError_t error = operation_run(&work->operation, work->stream->device);
    if (error != cudaSuccess)
        device_fault(work->stream->device, error);
    forget(work);
}

static bool run_one(void) {
    struct work *ready[CHOICES];
    unsigned count = find_ready(ready, delay_is_on() ? CHOICES : 1);
    if (count)
        run(ready[delay_below(count)]);
    return count > 0;
}

/* With a schedule, more or less of what could run. */
static void run_some(void) {
    if (!delay_is_on()) {
        while (run_one())
            ;
        return;
    }
    unsigned pieces = delay_below(4) == 0 ? delay_below(8) : pending_count > PENDING_MAX;
    while (pieces-- > 0 && run_one())
        ;
}

static struct timespec in(long nanoseconds) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_nsec += nanoseconds;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

/* With a schedule, a program that calls CUDA no more but looks whether something has happened shall see it happen. */
static void *run_when_idle(void *unused) {
    runtime_lock();
    for (;;) {
        uint64_t serial_before = last_serial, runs_before = runs;
        struct timespec end = in(IDLE_NANOSECONDS);
        while (runtime_sleep(&end))
            ;
        while (last_serial == serial_before && runs == runs_before && run_one())
            runs_before = runs;
    }
    return unused;
}

static void begin_to_watch(void) {
    static bool is_watched;
    pthread_t thread;
    if (is_watched)
        return;
    is_watched = true;
    if (pthread_create(&thread, NULL, run_when_idle, NULL) != 0)
        vgpu_fail("the host refuses a thread for a schedule");
    pthread_detach(thread);
}

static cudaError_t keep(struct CUstream_st *stream, const struct operation *operation) {
    struct work *work = calloc(1, sizeof *work);
    cudaError_t error = work ? operation_check(operation) : cudaErrorMemoryAllocation;
    if (error == cudaSuccess && !operation_keep_pending(operation, &work->operation))
        error = cudaErrorMemoryAllocation;
    if (error != cudaSuccess) {
        free(work);
        return error;
    }
    work->stream = stream;
    work->serial = ++last_serial;
    stream_keep(stream);
    TAILQ_INSERT_TAIL(&pending, work, link);
    pending_count++;
    if (delay_is_on())
        begin_to_watch();
    return cudaSuccess;
}

cudaError_t queue_submit(struct CUstream_st *stream, const struct operation *operation) {
    bool is_first = TAILQ_EMPTY(&pending) && !delay_is_on();
    if (is_first && !operation_has_host_function(operation, stream->device))
        return operation_run(operation, stream->device);
    cudaError_t error = keep(stream, operation);
    run_some();
    return error;
}

static struct work *young_work(void) {
    struct work *work;
    TAILQ_FOREACH (work, &pending, link)
        if (work->is_young)
            return work;
    return NULL;
}

void queue_settle(void) {
    struct work *work;
    if (delay_is_on() || !young_work())
        return;
    struct timespec end = in(SETTLING_NANOSECONDS);
    while (young_work() && runtime_sleep(&end))
        ;
    while ((work = young_work()))
        work->is_young = false;
}

/* Does work count for one who waits for these? NULL: any. The legacy stream stands for all blocking ones. */
static bool concerns(const struct work *work, const struct device *device, const struct CUstream_st *stream) {
    const struct CUstream_st *of = work->stream;
    if (stream)
        return of == stream || (stream->is_legacy && is_blocking(of) && of->device == stream->device);
    return !device || of->device == device;
}

static bool is_pending(uint64_t last, const struct device *device, const struct CUstream_st *stream) {
    const struct work *work;
    TAILQ_FOREACH (work, &pending, link)
        if (work->serial <= last && concerns(work, device, stream))
            return true;
    return false;
}

/* What cannot run is behind a host function, whose end wakes. */
static void go_on(void) {
    if (!run_one())
        runtime_sleep(NULL);
}

void queue_wait_stream(const struct CUstream_st *stream) {
    for (uint64_t last = last_serial; is_pending(last, NULL, stream);)
        go_on();
}

void queue_wait_device(const struct device *device) {
    for (uint64_t last = last_serial; is_pending(last, device, NULL);)
        go_on();
}

void queue_wait_moment(const struct moment *moment) {
    while (!moment->is_reached)
        go_on();
}

bool queue_is_idle(const struct CUstream_st *stream) {
    run_some();
    return !is_pending(last_serial, NULL, stream);
}

bool queue_has_reached(const struct moment *moment) {
    run_some();
    return moment->is_reached;
}

void queue_finish(void) {
    while (run_one())
        ;
    for (struct work *work = TAILQ_FIRST(&pending), *next; work; work = next) {
        next = TAILQ_NEXT(work, link);
        if (!work->is_running)
            forget(work);
    }
}
