/* Rows of logits on one device, and requests run on them. */
#ifndef LOTTO_CLI_RUN_H
#define LOTTO_CLI_RUN_H

#include "device.h"
#include "request.h"

struct run {
    struct device device;
    lotto_logits logits;
    struct device_memory logits_memory, seeds, positions, logits_rows, tokens, workspace;
    struct device_memory outputs[MAX_OUTPUTS];
    lotto_controls controls; /* those of the request prepared last, their arrays on the device */
    lotto_adjustments adjustments;
    struct device_memory control_arrays[20];
};

/* Both take or give up the device that was opened into run->device. */
void run_open(struct run *run, struct device device);
void run_close(struct run *run);

/* Brings dense rows to the device, and a seed for each. */
bool run_load(struct run *run, const void *values, lotto_dtype dtype, int64_t rows, int64_t vocab,
              const uint64_t *seeds, struct error *error);

/* Brings the request's controls and makes room for its outputs and workspace. */
bool run_prepare(struct run *run, const struct request *request, struct error *error);
/* Enqueues the request that was prepared last, and nothing else. */
bool run_enqueue(struct run *run, const struct request *request, lotto_stream stream, struct error *error);
/* Waits for the request enqueued last. */
bool run_fetch(struct run *run, const struct request *request, struct results *results, struct error *error);

/* All three. */
bool run_request(struct run *run, const struct request *request, struct results *results,
                 struct error *error);

#endif
