/*
 * The second-level cache, as far as its traffic goes. What every request of a kernel for global memory finds in it, in the
 * order of execution, decides what DRAM reads and writes.
 *
 * Lines of 128 bytes in sectors of 32, 16 ways, line number modulo the number of sets, the least recently used line goes
 * first. A load or atomic reads the sectors that are absent; a store fills its sectors without reading them. Sectors stored
 * to are written to DRAM when their line is evicted.
 */
#ifndef LOTTO_VGPU_L2_H
#define LOTTO_VGPU_L2_H

#include <stdbool.h>
#include <stdint.h>

enum { L2_LINE_BYTES = 128, L2_SECTOR_BYTES = 32, L2_WAYS = 16 };

struct l2;

/* L2_COPY: a load that no warp waits for at once. */
enum l2_use { L2_NO_USE, L2_LOAD, L2_COPY, L2_STORE, L2_ATOMIC };

struct l2_traffic {
    uint64_t sectors, hits; /* asked for, each once a request; found */
    uint64_t dram_read_bytes, dram_write_bytes;
    uint64_t atomics_of_one_word; /* of the word that had the most, as near as a small table tells */
};

/* What becomes of the lines at a launch's end. */
enum l2_keeping {
    L2_EMPTIES, /* dirty sectors are written, nothing stays */
    L2_KEEPS,   /* everything stays as it is */
    L2_CLEANS   /* dirty sectors are written and stay, clean */
};

/* Empty. NULL when there is no memory. */
struct l2 *l2_create(uint64_t bytes, enum l2_keeping keeping);
void l2_free(struct l2 *l2);

/* What is dirty stays so. */
void l2_set_keeping(struct l2 *l2, enum l2_keeping keeping);
/* Nothing is in it, and nothing was written. */
void l2_empty(struct l2 *l2);

/* One request: the bytes at[lane] of the lanes in mask, none across a sector's end. False when it has to wait for DRAM. */
bool l2_request(struct l2 *l2, const uint64_t *at, uint32_t mask, enum l2_use use,
                struct l2_traffic *traffic);

/* The same for bytes that follow one another, [begin, end), but for atomics. */
bool l2_request_range(struct l2 *l2, uint64_t begin, uint64_t end, enum l2_use use,
                      struct l2_traffic *traffic);

void l2_end_launch(struct l2 *l2, struct l2_traffic *traffic);

/* [address, address + bytes) was written past the cache: its lines are gone, unwritten. */
void l2_forget(struct l2 *l2, uint64_t address, uint64_t bytes);

#endif
