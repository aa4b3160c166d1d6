#include "arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chunk {
    struct chunk *next;
    alignas(16) unsigned char bytes[];
};

struct ptx_arena {
    struct chunk *chunks;
    unsigned char *free, *end;
};

enum { CHUNK_BYTES = 256 * 1024 };

static void *allocate_or_exit(size_t bytes) {
    void *memory = calloc(1, bytes);
    if (!memory) {
        fprintf(stderr, "vgpu: out of host memory while reading PTX (%zu bytes asked for)\n", bytes);
        exit(87);
    }
    return memory;
}

struct ptx_arena *arena_create(void) {
    return allocate_or_exit(sizeof(struct ptx_arena));
}

void arena_free(struct ptx_arena *arena) {
    if (!arena)
        return;
    for (struct chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

static unsigned char *add_chunk(struct ptx_arena *arena, size_t bytes) {
    struct chunk *chunk = allocate_or_exit(sizeof *chunk + bytes);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk->bytes;
}

void *arena_allocate(struct ptx_arena *arena, size_t bytes) {
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > CHUNK_BYTES / 4)
        return add_chunk(arena, bytes);
    if ((size_t)(arena->end - arena->free) < bytes || !arena->free) {
        arena->free = add_chunk(arena, CHUNK_BYTES);
        arena->end = arena->free + CHUNK_BYTES;
    }
    void *memory = arena->free;
    arena->free += bytes;
    return memory;
}

void *arena_copy(struct ptx_arena *arena, const void *source, size_t bytes) {
    void *memory = arena_allocate(arena, bytes);
    if (bytes)
        memcpy(memory, source, bytes);
    return memory;
}
