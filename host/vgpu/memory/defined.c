#include "defined.h"
#include "shadow.h"

#include <string.h>

/* One byte for each byte: 1 once it was written. */
static struct shadow written;

void defined_open(uint64_t first, uint64_t end) { shadow_open(&written, first, end, 4); }
void defined_close(void) { shadow_close(&written); }

static uint8_t *bytes_at(uint64_t address) { return written.begin + (address - written.first); }

uint8_t *defined_bytes(uint64_t address) { return written.begin ? bytes_at(address) : NULL; }

void defined_set(uint64_t address, uint64_t bytes) {
    if (written.begin)
        memset(bytes_at(address), 1, bytes);
}

void defined_forget(uint64_t address, uint64_t bytes) {
    if (written.begin)
        shadow_clear(&written, address, address + bytes);
}

void defined_copy(uint64_t to, uint64_t from, uint64_t bytes) {
    if (written.begin)
        memmove(bytes_at(to), bytes_at(from), bytes);
}

bool defined_all(uint64_t address, uint64_t bytes) {
    return !written.begin || !memchr(bytes_at(address), 0, bytes);
}
