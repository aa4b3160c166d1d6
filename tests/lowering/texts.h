/* PTX texts, read and lowered; for Criterion's tests, which fail where that does. */
#ifndef LOTTO_TESTS_LOWERING_TEXTS_H
#define LOTTO_TESTS_LOWERING_TEXTS_H

#include "host/vgpu/ptx/program.h"

/* A file of tests/data, to be freed. */
char *load_text(const char *name);

struct ptx_module *read_text(const char *text);
struct program *lower_kernel(struct ptx_module *module, const char *name);

/* Slots lie in the file, aligned, and overlap only where they are the same bytes for each lane. */
void expect_sound_slots(const struct program *program);

#endif
