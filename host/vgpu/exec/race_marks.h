/*
 * What the race check keeps of a word: its last write and its last reads, in a cell of its own. Most words need none: while every access to
 * a line of 32 words was a plain one by a whole warp, lane after lane, its words share what the line has (race_lines.c).
 */
#ifndef LOTTO_VGPU_RACE_MARKS_H
#define LOTTO_VGPU_RACE_MARKS_H

#include "../memory/shadow.h"
#include "race_state.h"

enum { WORD = 4, WORD_BYTES = 15 /* a bit each */, LINE = RACE_LINE, READS = 2, LANE_BITS = 5 };

/* An access that was made. */
struct mark {
    uint32_t time;  /* 0: none */
    uint32_t block; /* of the thread */
    /*
     * Of a copy: its actor, and below that the lane that issued it. Of a line: the lane of its first word, and above that how often the
     * words of a lane can be halved.
     */
    uint32_t lanes;
    uint32_t warp : 5, bytes : WORD, strong : 1, copied : 1, is_bulk : 1, origin : 20;
};
struct cell {
    struct mark write, reads[READS];
};
struct line {
    struct cell all;
    /* When its words came to have cells of their own. It is whole again once that was before all that matters now. */
    _Alignas(16) uint32_t split;
};

/* Adds a read to what is kept. */
static inline void race_keep_read(struct cell *cell, const struct mark *mark) {
    struct mark *last = &cell->reads[0];
    bool same_warp = last->block == mark->block && last->warp == mark->warp && last->copied == mark->copied;
    if (!same_warp)
        cell->reads[1] = *last;
    *last = *mark;
}

/* Accesses up to then are ordered before any: shared memory is handed from one block to the next. */
static inline uint32_t race_begin(const struct warp *warp, const struct block *home) {
    return home ? home->race->begin : warp->grid->race->begin;
}

/* The rest of race_is_ordered: what takes longer to see. */
bool race_is_known(const struct warp *warp, unsigned lane, const struct mark *mark, unsigned *other);

/* Whether lane knows of the access to memory of that block, or global memory; else *other is a lane that made it. */
static inline bool race_is_ordered(const struct warp *warp, unsigned lane, const struct block *home,
                                   const struct mark *mark, unsigned *other) {
    if (mark->time <= race_begin(warp, home))
        return true;
    if (mark->block == (uint32_t)warp->block->index && !mark->copied &&
        (mark->time <= warp->block->race->barrier ||
         (mark->warp == warp->index && mark->lanes == 1u << lane)))
        return true;
    return race_is_known(warp, lane, mark, other);
}

/* race_lines.c. Those of device memory; a run begins with nothing. */
extern struct shadow race_lines, race_cells;
void race_open_lines(uint64_t first, uint64_t end);
/* Gives each word of the line a cell of its own. */
void race_split_line(struct line *line, struct cell *words);

static inline struct line *race_line(const struct block *home, uint64_t at) {
    return home ? &home->race->lines[at / LINE] : shadow_at(&race_lines, at & ~(uint64_t)(LINE - 1));
}

static inline struct cell *race_own_cell(const struct block *home, uint64_t at) {
    return home ? &home->race->shared[at / WORD] : shadow_at(&race_cells, at);
}

/* The word's own cell. */
static inline struct cell *race_cell(const struct warp *warp, const struct block *home, uint64_t at) {
    struct line *line = race_line(home, at);
    if (line->split <= race_begin(warp, home))
        race_split_line(line, race_own_cell(home, at & ~(uint64_t)(LINE - 1)));
    return race_own_cell(home, at);
}

#endif
