#include "l2.h"

#include <stdlib.h>
#include <string.h>

enum {
    LANES = 32,
    SECTORS_OF_A_LINE = L2_LINE_BYTES / L2_SECTOR_BYTES,
    DIRTY = SECTORS_OF_A_LINE,
    WORDS = 256
};

struct l2 {
    uint32_t sets;
    enum l2_keeping keeping;
    uint64_t dirty_sectors;
    /* A set's ways, the one last used first. A state: one bit a sector present, above them one bit a sector dirty; 0: no line. */
    uint32_t (*lines)[L2_WAYS];
    uint8_t (*states)[L2_WAYS];
    /* Words with many atomics in this launch; a word holds its place until others have come as often as it. */
    struct {
        uint64_t word, atomics, lead;
    } words[WORDS];
};

struct l2 *l2_create(uint64_t bytes, enum l2_keeping keeping) {
    struct l2 *l2 = malloc(sizeof *l2);
    if (l2 == NULL)
        return NULL;
    uint32_t sets = (uint32_t)(bytes / (L2_LINE_BYTES * L2_WAYS));
    *l2 = (struct l2){sets, keeping, 0, calloc(sets, sizeof *l2->lines), calloc(sets, sizeof *l2->states),
                      {{0}}};
    if (l2->lines && l2->states)
        return l2;
    l2_free(l2);
    return NULL;
}

void l2_free(struct l2 *l2) {
    if (l2 == NULL)
        return;
    free(l2->lines);
    free(l2->states);
    free(l2);
}

static unsigned population(unsigned sectors) { return (unsigned)__builtin_popcount(sectors); }

/* A request's sectors of one line. True when DRAM has to be read. */
static bool touch(struct l2 *l2, uint32_t line, unsigned sectors, enum l2_use use,
                  struct l2_traffic *traffic) {
    uint32_t set = line % l2->sets;
    uint32_t *lines = l2->lines[set], found = 0;
    uint8_t *states = l2->states[set];
    for (unsigned k = 0; k < L2_WAYS; k++)
        found |= (uint32_t)(lines[k] == line) << k;
    unsigned way = found ? (unsigned)__builtin_ctz(found) : L2_WAYS - 1, state = states[way];
    if (!found) {
        unsigned dirty = population(state >> DIRTY);
        traffic->dram_write_bytes += dirty * L2_SECTOR_BYTES;
        l2->dirty_sectors -= dirty;
        state = 0;
    }
    unsigned missing = sectors & ~state;
    bool reads = use != L2_STORE && missing;
    traffic->sectors += population(sectors);
    traffic->hits += population(sectors & state);
    traffic->dram_read_bytes += reads ? population(missing) * L2_SECTOR_BYTES : 0;
    state |= sectors;
    if (use == L2_STORE || use == L2_ATOMIC) {
        l2->dirty_sectors += population(sectors & ~(state >> DIRTY));
        state |= sectors << DIRTY;
    }
    memmove(lines + 1, lines, way * sizeof *lines);
    memmove(states + 1, states, way * sizeof *states);
    lines[0] = line;
    states[0] = (uint8_t)state;
    return reads;
}

static void count_word(struct l2 *l2, uint64_t word) {
    unsigned place = (unsigned)(word * 0x9e3779b97f4a7c15u >> 56);
    if (l2->words[place].word == word) {
        l2->words[place].atomics++;
        l2->words[place].lead++;
    } else if (l2->words[place].lead > 0) {
        l2->words[place].lead--;
    } else {
        l2->words[place].word = word;
        l2->words[place].atomics = l2->words[place].lead = 1;
    }
}

bool l2_request(struct l2 *l2, const uint64_t *at, uint32_t mask, enum l2_use use,
                struct l2_traffic *traffic) {
    /* Line numbers fit 32 bits: device memory is one range of less than 512 GiB. */
    uint32_t lines[LANES];
    uint8_t sectors[LANES];
    unsigned count = 0;
    for (uint32_t left = mask; left; left &= left - 1) {
        uint64_t address = at[__builtin_ctz(left)];
        uint32_t line = (uint32_t)(address / L2_LINE_BYTES);
        unsigned k = count;
        while (k > 0 && lines[k - 1] != line)
            k--;
        if (k == 0) {
            lines[count] = line;
            sectors[count] = 0;
            k = ++count;
        }
        if (use == L2_ATOMIC)
            count_word(l2, address / 4);
        sectors[k - 1] |= (uint8_t)(1u << (address / L2_SECTOR_BYTES % SECTORS_OF_A_LINE));
    }
    bool waits = false;
    for (unsigned k = 0; k < count; k++)
        waits |= touch(l2, lines[k], sectors[k], use, traffic);
    return !waits;
}

bool l2_request_range(struct l2 *l2, uint64_t begin, uint64_t end, enum l2_use use,
                      struct l2_traffic *traffic) {
    uint64_t first = begin / L2_SECTOR_BYTES, last = (end - 1) / L2_SECTOR_BYTES;
    bool waits = false;
    while (first <= last) {
        unsigned offset = first % SECTORS_OF_A_LINE;
        unsigned count = SECTORS_OF_A_LINE - offset;
        if (count > last - first + 1)
            count = (unsigned)(last - first + 1);
        waits |=
            touch(l2, (uint32_t)(first / SECTORS_OF_A_LINE), ((1u << count) - 1) << offset, use, traffic);
        first += count;
    }
    return !waits;
}

void l2_set_keeping(struct l2 *l2, enum l2_keeping keeping) { l2->keeping = keeping; }

void l2_empty(struct l2 *l2) {
    l2->dirty_sectors = 0;
    memset(l2->states, 0, l2->sets * sizeof *l2->states);
}

static void clean(struct l2 *l2) {
    l2->dirty_sectors = 0;
    for (uint32_t set = 0; set < l2->sets; set++)
        for (unsigned way = 0; way < L2_WAYS; way++)
            l2->states[set][way] &= (1u << DIRTY) - 1;
}

void l2_end_launch(struct l2 *l2, struct l2_traffic *traffic) {
    for (unsigned k = 0; k < WORDS; k++)
        if (l2->words[k].atomics > traffic->atomics_of_one_word)
            traffic->atomics_of_one_word = l2->words[k].atomics;
    memset(l2->words, 0, sizeof l2->words);
    if (l2->keeping == L2_KEEPS)
        return;
    traffic->dram_write_bytes += l2->dirty_sectors * L2_SECTOR_BYTES;
    if (l2->keeping == L2_EMPTIES)
        l2_empty(l2);
    else
        clean(l2);
}

/* Lines of a set that are in the range go; the others close up, in their order. */
static void forget_in_set(struct l2 *l2, uint32_t set, uint32_t first, uint32_t count) {
    uint32_t *lines = l2->lines[set];
    uint8_t *states = l2->states[set];
    unsigned kept = 0;
    for (unsigned k = 0; k < L2_WAYS; k++) {
        if (lines[k] - first < count) {
            l2->dirty_sectors -= population(states[k] >> DIRTY);
            continue;
        }
        lines[kept] = lines[k];
        states[kept++] = states[k];
    }
    memset(states + kept, 0, (L2_WAYS - kept) * sizeof *states);
}

void l2_forget(struct l2 *l2, uint64_t address, uint64_t bytes) {
    uint32_t first = (uint32_t)(address / L2_LINE_BYTES);
    uint32_t count = (uint32_t)((address + bytes - 1) / L2_LINE_BYTES) - first + 1;
    for (uint32_t k = 0; k < (count < l2->sets ? count : l2->sets); k++)
        forget_in_set(l2, (first + k) % l2->sets, first, count);
}
