/*
 * The pages under device memory: one sparse memfd, mapped readable for the virtual GPU; the addresses programs see are
 * reserved and unreadable. A chunk is filled with MEMORY_POISON the first time it is asked for.
 */
#ifndef LOTTO_VGPU_PAGES_H
#define LOTTO_VGPU_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#define PAGES_CHUNK ((uint64_t)256 << 10)
enum { PAGE_BYTES = 4096 };

/* bytes is a multiple of PAGES_CHUNK. Sets memory_distance. */
bool pages_open(uint64_t bytes, uint64_t *begin);
void pages_close(void);

/* Makes [begin, end) hold poison wherever nothing was written yet. */
void pages_fill(uint64_t begin, uint64_t end);

/* Widens the filled range [*begin, *end) over filled neighbours, within [lowest, highest). */
void pages_widen(uint64_t lowest, uint64_t highest, uint64_t *begin, uint64_t *end);

/* Lets the host touch [begin, end), whole pages, at the addresses that programs see, or not again. False when the host's kernel refuses. */
bool pages_show(uint64_t begin, uint64_t end, bool visible);

/* Makes [begin, end) hold poison again and gives whole chunks back to the host. */
void pages_forget(uint64_t begin, uint64_t end);

#endif
