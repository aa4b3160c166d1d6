/* Lines of 32 words whose accesses are kept together, and the cells of single words. */
#include "race_marks.h"

enum { WORDS = LINE / WORD };

struct shadow race_lines, race_cells;

void race_open_lines(uint64_t first, uint64_t end) {
    shadow_close(&race_lines);
    shadow_close(&race_cells);
    shadow_open(&race_lines, first, end, sizeof(struct line) / WORDS);
    shadow_open(&race_cells, first, end, sizeof(struct cell));
}

static struct mark mark_of_word(struct mark mark, unsigned word) {
    unsigned first = mark.lanes & (WARP_LANES - 1), shift = mark.lanes >> LANE_BITS;
    mark.lanes = 1u << (first + (word >> shift));
    return mark;
}

void race_split_line(struct line *line, struct cell *words) {
    for (unsigned k = 0; k < WORDS; k++) {
        words[k].write = mark_of_word(line->all.write, k);
        for (unsigned r = 0; r < READS; r++)
            words[k].reads[r] = mark_of_word(line->all.reads[r], k);
    }
    line->split = race_now;
}

static bool is_of_same_warp(const struct mark *a, const struct mark *b) {
    return a->block == b->block && a->warp == b->warp;
}

/* Whether each lane's access is ordered behind what the mark says of its words: by the same lane, or so that no lane matters. */
static bool is_ordered(const struct warp *warp, const struct block *home, const struct mark *before,
                       const struct mark *mark) {
    unsigned other;
    if (before->time <= race_begin(warp, home))
        return true;
    if (is_of_same_warp(before, mark))
        return before->lanes == mark->lanes;
    struct mark first = mark_of_word(*before, 0);
    return race_is_ordered(warp, 0, home, &first, &other);
}

/* Whether the line can keep the access, which races with nothing. */
static bool suits(const struct warp *warp, const struct block *home, const struct line *line,
                  const struct mark *mark, bool writes) {
    const struct cell *all = &line->all;
    if (line->split > race_begin(warp, home) || !is_ordered(warp, home, &all->write, mark))
        return false;
    if (writes)
        return is_ordered(warp, home, &all->reads[0], mark) && is_ordered(warp, home, &all->reads[1], mark);
    return all->reads[0].time != mark->time || !is_of_same_warp(&all->reads[0], mark) ||
           all->reads[0].lanes == mark->lanes;
}

static void keep(struct cell *all, const struct mark *mark, bool writes) {
    if (writes)
        all->write = *mark;
    else if (all->reads[0].time != mark->time || !is_of_same_warp(&all->reads[0], mark))
        race_keep_read(all, mark);
}

bool race_note_lines(const struct warp *warp, const struct bound *i, const struct block *home, uint64_t at,
                     bool writes) {
    unsigned words = i->lane_bytes / WORD, shift = (unsigned)__builtin_ctz(words);
    struct mark mark = {.time = race_now,
                        .block = (uint32_t)warp->block->index,
                        .warp = warp->index & (WARP_LANES - 1),
                        .bytes = WORD_BYTES,
                        .origin = i->origin & 0xfffff};
    for (unsigned k = 0; k < words; k++) {
        mark.lanes = k * (WARP_LANES >> shift) | shift << LANE_BITS;
        if (!suits(warp, home, race_line(home, at + k * LINE), &mark, writes))
            return false;
    }
    for (unsigned k = 0; k < words; k++) {
        mark.lanes = k * (WARP_LANES >> shift) | shift << LANE_BITS;
        keep(&race_line(home, at + k * LINE)->all, &mark, writes);
    }
    return true;
}
