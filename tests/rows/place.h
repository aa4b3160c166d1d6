/* Where a request is carried out: a context and the memory it takes its pointers from. */
#ifndef TESTS_ROWS_PLACE_H
#define TESTS_ROWS_PLACE_H

#include "tests/rows/results.h"

struct place {
    lotto_context *context;
    void *(*allocate)(size_t bytes); /* NULL if there is no memory */
    void (*release)(void *memory);
    bool (*upload)(void *to, const void *from, size_t bytes);
    bool (*download)(void *to, const void *from, size_t bytes); /* after all work enqueued has finished */
};

/* The reference, on host memory. False if there is none, which text explains. */
bool place_reference(struct place *place, char *text, size_t text_bytes);

/* The current CUDA device. False if there is none, which text explains. */
bool place_device(struct place *place, char *text, size_t text_bytes);

void place_leave(struct place *place);

/*
 * Calls every operation of which the request wants results, each with exactly the workspace it asks for, filled with
 * rubbish. Beyond the results' own elements nothing may be written, and no input changed. False on a failure, which text
 * describes.
 */
bool place_answer(struct place *place, const struct request *request, struct results *results, char *text,
                  size_t text_bytes);

/* What the reference answers, to be destroyed. NULL on a failure, which text describes. */
struct results *place_reference_answer(const struct request *request, char *text, size_t text_bytes);

#endif
