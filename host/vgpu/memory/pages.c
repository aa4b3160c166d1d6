#define _GNU_SOURCE
#include "pages.h"
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Asked for so that device addresses, and with them findings and reports, are the same in every run. */
#define PREFERRED_BEGIN ((void *)((uint64_t)1 << 45))

ptrdiff_t memory_distance;

static uint64_t first, length;
static uint8_t *filled; /* one byte a chunk: 1 once it was filled */

bool pages_open(uint64_t bytes, uint64_t *begin) {
    int file = memfd_create("vgpu-memory", MFD_CLOEXEC);
    if (file < 0)
        return false;
    int map = MAP_SHARED | MAP_NORESERVE;
    void *seen = MAP_FAILED, *view = MAP_FAILED;
    if (ftruncate(file, (off_t)bytes) == 0) {
        seen = mmap(PREFERRED_BEGIN, bytes, PROT_NONE, map | MAP_FIXED_NOREPLACE, file, 0);
        if (seen == MAP_FAILED)
            seen = mmap(NULL, bytes, PROT_NONE, map, file, 0);
        view = mmap(NULL, bytes, PROT_READ | PROT_WRITE, map, file, 0);
    }
    close(file);
    filled = calloc(bytes / PAGES_CHUNK, 1);
    first = (uint64_t)seen;
    length = bytes;
    memory_distance = (uint8_t *)view - (uint8_t *)seen;
    if (seen == MAP_FAILED || view == MAP_FAILED || !filled) {
        if (seen != MAP_FAILED)
            munmap(seen, bytes);
        if (view != MAP_FAILED)
            munmap(view, bytes);
        free(filled);
        filled = NULL;
        length = 0;
        return false;
    }
    *begin = first;
    return true;
}

void pages_close(void) {
    if (!length)
        return;
    munmap((void *)(first + (uint64_t)memory_distance), length);
    munmap((void *)first, length);
    free(filled);
    filled = NULL;
    length = 0;
}

static void *view_of(uint64_t address) { return (void *)(address + (uint64_t)memory_distance); }
static uint64_t chunk_of(uint64_t address) { return (address - first) / PAGES_CHUNK; }
static uint64_t chunk_begin(uint64_t chunk) { return first + chunk * PAGES_CHUNK; }

void pages_fill(uint64_t begin, uint64_t end) {
    uint64_t chunk = chunk_of(begin), last = chunk_of(end - 1);
    while (chunk <= last) {
        uint8_t *unfilled = memchr(filled + chunk, 0, last - chunk + 1);
        if (!unfilled)
            return;
        chunk = (uint64_t)(unfilled - filled);
        memset(view_of(chunk_begin(chunk)), MEMORY_POISON, PAGES_CHUNK);
        filled[chunk++] = 1;
    }
}

void pages_widen(uint64_t lowest, uint64_t highest, uint64_t *begin, uint64_t *end) {
    uint64_t low = chunk_of(lowest), high = chunk_of(highest - 1) + 1;
    uint64_t left = chunk_of(*begin), right = chunk_of(*end - 1) + 1;
    uint8_t *gap_left = memrchr(filled + low, 0, left - low);
    uint8_t *gap_right = memchr(filled + right, 0, high - right);
    *begin = gap_left ? chunk_begin((uint64_t)(gap_left - filled) + 1) : lowest;
    *end = gap_right ? chunk_begin((uint64_t)(gap_right - filled)) : highest;
}

bool pages_show(uint64_t begin, uint64_t end, bool visible) {
    return mprotect((void *)begin, end - begin, visible ? PROT_READ | PROT_WRITE : PROT_NONE) == 0;
}

static void poison_filled(uint64_t begin, uint64_t end) {
    if (begin < end && filled[chunk_of(begin)])
        memset(view_of(begin), MEMORY_POISON, end - begin);
}

void pages_forget(uint64_t begin, uint64_t end) {
    uint64_t whole = chunk_of(begin + PAGES_CHUNK - 1), whole_end = chunk_of(end);
    if (whole >= whole_end) { /* no chunk lies wholly inside: one or two partial ones */
        uint64_t seam = chunk_begin(whole_end) > begin ? chunk_begin(whole_end) : begin;
        poison_filled(begin, seam);
        poison_filled(seam, end);
        return;
    }
    poison_filled(begin, chunk_begin(whole));
    if (memchr(filled + whole, 1, whole_end - whole)) {
        madvise(view_of(chunk_begin(whole)), (whole_end - whole) * PAGES_CHUNK, MADV_REMOVE);
        memset(filled + whole, 0, whole_end - whole);
    }
    poison_filled(chunk_begin(whole_end), end);
}
