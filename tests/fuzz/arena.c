/* In place of host/vgpu/ptx/arena.c: each allocation is one of the host's, so that a checked allocator sees any byte beyond it. */
#include "host/vgpu/ptx/arena.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    void *memory;
};

struct ptx_arena {
    struct block *blocks;
};

static void *allocate(size_t bytes) {
    void *memory = calloc(1, bytes ? bytes : 1);
    if (memory == NULL)
        fuzz_fail("the reader asks for %zu bytes at once", bytes);
    return memory;
}

struct ptx_arena *arena_create(void) {
    return allocate(sizeof(struct ptx_arena));
}

void arena_free(struct ptx_arena *arena) {
    if (arena == NULL)
        return;
    for (struct block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block->memory);
        free(block);
    }
    free(arena);
}

void *arena_allocate(struct ptx_arena *arena, size_t bytes) {
    struct block *block = allocate(sizeof *block);
    *block = (struct block){.next = arena->blocks, .memory = allocate(bytes)};
    arena->blocks = block;
    return block->memory;
}

void *arena_copy(struct ptx_arena *arena, const void *source, size_t bytes) {
    void *memory = arena_allocate(arena, bytes);
    if (bytes)
        memcpy(memory, source, bytes);
    return memory;
}
