/*
 * What a check remembers of device memory: some bytes for each of its 32-bit words, zero until they are written, in a sparse
 * mapping of their own.
 */
#ifndef LOTTO_VGPU_SHADOW_H
#define LOTTO_VGPU_SHADOW_H

#include <stddef.h>
#include <stdint.h>

struct shadow {
    uint8_t *begin; /* NULL while it is not open */
    uint64_t first; /* the device address it begins with */
    uint64_t bytes;
    unsigned per_word;
};

/* Over the device addresses [first, end). Ends the process when the host refuses the mapping. */
void shadow_open(struct shadow *shadow, uint64_t first, uint64_t end, unsigned per_word);
void shadow_close(struct shadow *shadow);

/* What is kept for the word that holds address. */
static inline void *shadow_at(const struct shadow *shadow, uint64_t address) {
    return shadow->begin + (address - shadow->first) / 4 * shadow->per_word;
}

/* Makes all of the words from begin up to end zero again. */
void shadow_clear(struct shadow *shadow, uint64_t begin, uint64_t end);

#endif
