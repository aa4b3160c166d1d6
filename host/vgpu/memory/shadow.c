#define _GNU_SOURCE
#include "shadow.h"
#include "../check/finding.h"

#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };

void shadow_open(struct shadow *shadow, uint64_t first, uint64_t end, unsigned per_word) {
    uint64_t bytes = (end - first) / 4 * per_word;
    void *begin =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (begin == MAP_FAILED)
        vgpu_fail("the host refuses to reserve %llu GiB of address space for a check",
                  (unsigned long long)(bytes >> 30));
    madvise(begin, bytes, MADV_NOHUGEPAGE);
    *shadow = (struct shadow){begin, first, bytes, per_word};
}

void shadow_close(struct shadow *shadow) {
    if (shadow->begin)
        munmap(shadow->begin, shadow->bytes);
    *shadow = (struct shadow){0};
}

void shadow_clear(struct shadow *shadow, uint64_t begin, uint64_t end) {
    uint8_t *from = shadow_at(shadow, begin), *to = shadow_at(shadow, end + 3);
    uint8_t *pages = from + (PAGE - (uint64_t)from % PAGE) % PAGE, *pages_end = to - (uint64_t)to % PAGE;
    if (pages >= pages_end) {
        memset(from, 0, (size_t)(to - from));
        return;
    }
    memset(from, 0, (size_t)(pages - from));
    madvise(pages, (size_t)(pages_end - pages), MADV_DONTNEED);
    memset(pages_end, 0, (size_t)(to - pages_end));
}
