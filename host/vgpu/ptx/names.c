#include "names.h"

#include <stdlib.h>
#include <string.h>

/* Pages that no name falls into are never touched. */
enum { BUCKETS = 1 << 15 };

struct interned {
    struct interned *next;
    uint32_t hash;
    uint32_t length;
    char text[];
};

struct ptx_names {
    struct ptx_arena *arena;
    struct interned *interned[BUCKETS];
    struct binding *bound[BUCKETS];
    struct binding *last;
    uint32_t depth;
};

static uint32_t hash_of(const char *start, size_t length) {
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)start[i]) * 16777619u;
    return hash ^ hash >> 15;
}

struct ptx_names *names_create(struct ptx_arena *arena) {
    struct ptx_names *names = arena_allocate(arena, sizeof *names);
    names->arena = arena;
    return names;
}

const char *names_intern(struct ptx_names *names, const char *start, size_t length) {
    uint32_t hash = hash_of(start, length);
    struct interned **bucket = &names->interned[hash % BUCKETS];
    for (struct interned *entry = *bucket; entry; entry = entry->next)
        if (entry->hash == hash && entry->length == length && memcmp(entry->text, start, length) == 0)
            return entry->text;
    struct interned *entry = arena_allocate(names->arena, sizeof *entry + length + 1);
    *entry = (struct interned){.next = *bucket, .hash = hash, .length = (uint32_t)length};
    memcpy(entry->text, start, length);
    *bucket = entry;
    return entry->text;
}

void names_enter(struct ptx_names *names) { names->depth++; }

void names_leave(struct ptx_names *names) {
    while (names->last && names->last->depth == names->depth) {
        names->bound[names->last->hash % BUCKETS] = names->last->next;
        names->last = names->last->previous;
    }
    names->depth--;
}

static struct binding *find(const struct ptx_names *names, const char *start, size_t length, uint32_t hash) {
    for (struct binding *binding = names->bound[hash % BUCKETS]; binding; binding = binding->next)
        if (binding->hash == hash && binding->length == length && memcmp(binding->name, start, length) == 0)
            return binding;
    return NULL;
}

struct binding *names_bind(struct ptx_names *names, const char *start, size_t length,
                           enum binding_kind kind) {
    uint32_t hash = hash_of(start, length);
    const struct binding *shadowed = find(names, start, length, hash);
    if (shadowed && shadowed->depth == names->depth)
        return NULL;
    struct binding *binding = arena_allocate(names->arena, sizeof *binding);
    struct binding **bucket = &names->bound[hash % BUCKETS];
    *binding = (struct binding){.next = *bucket,
                                .previous = names->last,
                                .name = start,
                                .length = length,
                                .hash = hash,
                                .depth = names->depth,
                                .kind = kind};
    *bucket = binding;
    names->last = binding;
    return binding;
}

struct binding *names_find(const struct ptx_names *names, const char *start, size_t length) {
    return find(names, start, length, hash_of(start, length));
}
