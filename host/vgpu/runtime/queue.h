/*
 * The work of all streams that has not run yet, and what may run when:
 * - a stream's work runs in the order of its submission;
 * - the legacy stream's waits for all earlier work of its device's blocking streams, and theirs for all earlier work of it;
 * - a wait for an event holds its stream until the moment of the event's last record is reached.
 *
 * By default what can run does so in the call that submits it, so that every run is the same; only a host function, which has a
 * thread of its own, keeps work pending. With a schedule (delay.h) work is held back at random until something needs it, and streams
 * take turns at random. All under the runtime's lock.
 */
#ifndef LOTTO_VGPU_QUEUE_H
#define LOTTO_VGPU_QUEUE_H

#include "moment.h"
#include "operation.h"
#include "stream.h"

/*
 * Runs the operation, or keeps a copy of it. An error is of this operation; what fails after it was kept is a fault of the device.
 */
cudaError_t queue_submit(struct CUstream_st *stream, const struct operation *operation);

/* To be called after submissions: gives host functions that have just begun the time to end, if they do so soon. */
void queue_settle(void);

/* Wait, running work, for everything submitted before. The legacy stream's is that of blocking streams too. */
void queue_wait_stream(const struct CUstream_st *stream);
void queue_wait_device(const struct device *device); /* NULL: every device */
void queue_wait_moment(const struct moment *moment);

/* Is there work that queue_wait_stream would wait for? A question lets some of it run. */
bool queue_is_idle(const struct CUstream_st *stream);
bool queue_has_reached(const struct moment *moment);

/* Runs what can run without waiting for a host function, and forgets the rest. */
void queue_finish(void);

#endif
