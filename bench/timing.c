#include "timing.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>

struct timer {
    cudaStream_t stream;
    cudaEvent_t *events; /* [repeats][2]: before and after */
    float *us;           /* [repeats] */
    int64_t repeats;
    void *flushed; /* NULL: the L2 stays as it is */
    size_t flushed_bytes;
};

static bool done(cudaError_t status, struct error *error) {
    return status == cudaSuccess || failure(error, "timing: %s", cudaGetErrorString(status));
}

static bool l2_bytes(size_t *bytes, struct error *error) {
    int device, size;
    if (!done(cudaGetDevice(&device), error) ||
        !done(cudaDeviceGetAttribute(&size, cudaDevAttrL2CacheSize, device), error))
        return false;
    *bytes = (size_t)size;
    return true;
}

static bool timer_open(struct timer *timer, int64_t repeats, struct error *error) {
    *timer = (struct timer){.repeats = repeats};
    timer->events = calloc((size_t)repeats * 2, sizeof *timer->events);
    timer->us = calloc((size_t)repeats, sizeof *timer->us);
    if (timer->events == NULL || timer->us == NULL)
        return failure(error, "not enough memory for %lld timed calls", (long long)repeats);
    for (int64_t i = 0; i < 2 * repeats; i++)
        if (!done(cudaEventCreate(&timer->events[i]), error))
            return false;
    return done(cudaStreamCreateWithFlags(&timer->stream, cudaStreamNonBlocking), error);
}

static void timer_close(struct timer *timer) {
    for (int64_t i = 0; timer->events != NULL && i < 2 * timer->repeats; i++)
        if (timer->events[i] != NULL)
            cudaEventDestroy(timer->events[i]);
    if (timer->stream != NULL)
        cudaStreamDestroy(timer->stream);
    cudaFree(timer->flushed);
    free(timer->events);
    free(timer->us);
}

static int by_size(const void *a, const void *b) {
    float first = *(const float *)a, second = *(const float *)b;
    return (first > second) - (first < second);
}

static bool median(struct timer *timer, double *us, struct error *error) {
    if (!done(cudaStreamSynchronize(timer->stream), error))
        return false;
    for (int64_t i = 0; i < timer->repeats; i++) {
        if (!done(cudaEventElapsedTime(&timer->us[i], timer->events[2 * i], timer->events[2 * i + 1]), error))
            return false;
        timer->us[i] *= 1000;
    }
    qsort(timer->us, (size_t)timer->repeats, sizeof *timer->us, by_size);
    *us = (double)timer->us[timer->repeats / 2];
    return true;
}

/* The first calls, untimed, load the code and wake the clocks. */
enum { UNTIMED = 10 };

static bool time_calls(struct timer *timer, const struct subject *subject, double *us, struct error *error) {
    for (int64_t i = -UNTIMED; i < timer->repeats; i++) {
        if (timer->flushed != NULL &&
            !done(cudaMemsetAsync(timer->flushed, (int)(i & 1), timer->flushed_bytes, timer->stream), error))
            return false;
        if (i >= 0 && !done(cudaEventRecord(timer->events[2 * i], timer->stream), error))
            return false;
        if (!subject->enqueue(subject->self, timer->stream, error))
            return false;
        if (i >= 0 && !done(cudaEventRecord(timer->events[2 * i + 1], timer->stream), error))
            return false;
    }
    return median(timer, us, error);
}

static bool launch_graph(const void *graph, lotto_stream stream, struct error *error) {
    return done(cudaGraphLaunch((cudaGraphExec_t)(uintptr_t)graph, stream), error);
}

static bool time_graph(struct timer *timer, const struct subject *subject, double *us, struct error *error) {
    cudaGraph_t graph = NULL;
    cudaGraphExec_t executable = NULL;
    if (!done(cudaStreamBeginCapture(timer->stream, cudaStreamCaptureModeThreadLocal), error))
        return false;
    bool good = subject->enqueue(subject->self, timer->stream, error);
    good = done(cudaStreamEndCapture(timer->stream, &graph), error) && good &&
           done(cudaGraphInstantiate(&executable, graph, 0), error) &&
           time_calls(timer, &(struct subject){launch_graph, executable}, us, error);
    if (executable != NULL)
        cudaGraphExecDestroy(executable);
    if (graph != NULL)
        cudaGraphDestroy(graph);
    return good;
}

struct copy {
    void *to, *from;
    size_t bytes;
};

static bool enqueue_copy(const void *self, lotto_stream stream, struct error *error) {
    const struct copy *copy = self;
    return done(cudaMemcpyAsync(copy->to, copy->from, copy->bytes, cudaMemcpyDeviceToDevice, stream), error);
}

static bool time_copy(struct timer *timer, size_t bytes, double *bytes_per_second, struct error *error) {
    struct copy copy = {NULL, NULL, bytes};
    double us;
    bool good = done(cudaMalloc(&copy.to, bytes), error) && done(cudaMalloc(&copy.from, bytes), error) &&
                time_calls(timer, &(struct subject){enqueue_copy, &copy}, &us, error);
    if (good)
        *bytes_per_second = 2.0 * (double)bytes / us * 1e6;
    cudaFree(copy.to);
    cudaFree(copy.from);
    return good;
}

bool timing_take(const struct subject *subject, bool warm_l2, int64_t repeats, struct timing *timing,
                 struct error *error) {
    struct timer timer;
    size_t l2 = 0;
    bool good = timer_open(&timer, repeats, error) && l2_bytes(&l2, error) &&
                time_copy(&timer, 4 * l2, &timing->copy_bytes_per_second, error);
    timer.flushed_bytes = 2 * l2;
    good = good && (warm_l2 || done(cudaMalloc(&timer.flushed, timer.flushed_bytes), error)) &&
           time_graph(&timer, subject, &timing->graph_us, error) &&
           time_calls(&timer, subject, &timing->stream_us, error);
    timer_close(&timer);
    return good;
}
