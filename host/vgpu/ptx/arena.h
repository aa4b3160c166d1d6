/* Memory that is freed all at once: everything a module or a program is made of. */
#ifndef LOTTO_VGPU_ARENA_H
#define LOTTO_VGPU_ARENA_H

#include <stddef.h>

struct ptx_arena;

struct ptx_arena *arena_create(void);
void arena_free(struct ptx_arena *arena);

/* Zeroed, aligned to 16 bytes, never NULL: the process ends with a sentence when the host has no memory left. */
void *arena_allocate(struct ptx_arena *arena, size_t bytes);
void *arena_copy(struct ptx_arena *arena, const void *source, size_t bytes);

#endif
