#include "fatbin.h"

#include <lz4.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define FATBIN_MAGIC 0xBA55ED50u

enum { FILE_HEADER_BYTES = 16, ENTRY_HEADER_BYTES = 64 };
enum { KIND_PTX = 1, KIND_MACHINE_CODE = 2 };
enum { FLAG_LZ4 = 0x2000, FLAG_ZSTD = 0x8000 };
enum { TEXT_MAX = 1 << 30 }; /* more than any PTX; a corrupt size must not take the host's memory */

struct entry {
    unsigned kind, architecture;
    uint64_t flags;
    const uint8_t *payload;
    uint64_t payload_bytes; /* without the padding, where compressed */
    uint64_t text_bytes;    /* after decompression */
};

static uint64_t field(const uint8_t *from, unsigned bytes) {
    uint64_t value = 0;
    memcpy(&value, from, bytes);
    return value;
}

size_t fatbin_bytes(const void *image) {
    const uint8_t *header = image;
    uint64_t following = field(header + 8, 8);
    if (field(header, 4) != FATBIN_MAGIC || following > SIZE_MAX - 65536)
        return 0;
    return field(header + 6, 2) + following;
}

/* The entry at *at, which moves on to the next; false at the end and where the binary is damaged. */
static bool next_entry(const uint8_t **at, const uint8_t *end, struct entry *entry) {
    const uint8_t *header = *at;
    uint64_t left = (uint64_t)(end - header);
    if (left < ENTRY_HEADER_BYTES)
        return false;
    uint64_t header_bytes = field(header + 4, 4), payload_bytes = field(header + 8, 8);
    if (header_bytes < ENTRY_HEADER_BYTES || header_bytes > left || payload_bytes > left - header_bytes)
        return false;
    *entry = (struct entry){
        .kind = (unsigned)field(header, 2),
        .architecture = (unsigned)field(header + 28, 4),
        .flags = field(header + 40, 8),
        .payload = header + header_bytes,
        .payload_bytes = payload_bytes,
        .text_bytes = payload_bytes,
    };
    if (entry->flags & (FLAG_LZ4 | FLAG_ZSTD)) {
        uint64_t compressed_bytes = field(header + 16, 4);
        if (compressed_bytes > payload_bytes)
            return false;
        entry->payload_bytes = compressed_bytes;
        entry->text_bytes = field(header + 56, 8);
    }
    *at = header + header_bytes + payload_bytes;
    return true;
}

/* The entry's text; NULL when it is damaged. */
static char *text_of(const struct entry *entry) {
    if (entry->text_bytes > TEXT_MAX || entry->payload_bytes > TEXT_MAX)
        return NULL;
    char *text = calloc(entry->text_bytes + 1, 1);
    if (!text)
        return NULL;
    bool good = true;
    if (entry->flags & FLAG_ZSTD) {
        size_t got = ZSTD_decompress(text, entry->text_bytes, entry->payload, entry->payload_bytes);
        good = !ZSTD_isError(got) && got == entry->text_bytes;
    } else if (entry->flags & FLAG_LZ4) {
        int got = LZ4_decompress_safe((const char *)entry->payload, text, (int)entry->payload_bytes,
                                      (int)entry->text_bytes);
        good = got >= 0 && (uint64_t)got == entry->text_bytes;
    } else {
        memcpy(text, entry->payload, entry->payload_bytes);
    }
    if (!good) {
        free(text);
        return NULL;
    }
    return text;
}

/*
 * ".target sm_90a" runs on that architecture alone, "sm_100f" on its family (the same major number), and plain targets on every
 * later architecture.
 */
static bool target_allows(const char *text, unsigned architecture) {
    const char *target = strstr(text, ".target");
    unsigned number;
    char suffix = 0;
    if (!target || sscanf(target, ".target sm_%u%c", &number, &suffix) < 1)
        return true;
    if (suffix == 'a')
        return number == architecture;
    if (suffix == 'f')
        return number / 10 == architecture / 10;
    return true;
}

struct listing {
    char text[200];
    size_t length;
};

static void list(struct listing *listing, const struct entry *entry) {
    const char *format = entry->kind == KIND_PTX ? "%sPTX for %u" : "%smachine code for sm_%u";
    int added = snprintf(listing->text + listing->length, sizeof listing->text - listing->length, format,
                         listing->length ? ", " : "", entry->architecture);
    if (added > 0 && listing->length + (size_t)added < sizeof listing->text)
        listing->length += (size_t)added;
    else
        listing->text[listing->length] = 0;
}

bool fatbin_ptx(const void *image, size_t bytes, unsigned architecture, struct fatbin_ptx *ptx, char *why,
                size_t why_bytes) {
    const uint8_t *begin = image;
    if (bytes < FILE_HEADER_BYTES || fatbin_bytes(image) == 0 || field(begin + 6, 2) < FILE_HEADER_BYTES) {
        snprintf(why, why_bytes, "it is not a fat binary");
        return false;
    }
    uint64_t header_bytes = field(begin + 6, 2), following = field(begin + 8, 8);
    if (header_bytes > bytes || following > bytes - header_bytes) {
        snprintf(why, why_bytes, "the fat binary says it has %llu bytes; there are %llu",
                 (unsigned long long)fatbin_bytes(image), (unsigned long long)bytes);
        return false;
    }
    const uint8_t *at = begin + header_bytes, *end = at + following;
    struct listing holds = {.text = ""};
    struct entry entry;
    bool damaged = false;
    *ptx = (struct fatbin_ptx){0};
    while (next_entry(&at, end, &entry)) {
        list(&holds, &entry);
        if (entry.kind != KIND_PTX || entry.architecture > architecture ||
            (ptx->text && entry.architecture < ptx->architecture))
            continue;
        char *text = text_of(&entry);
        if (!text) {
            damaged = true;
        } else if (!target_allows(text, architecture)) {
            free(text);
        } else {
            free(ptx->text);
            *ptx = (struct fatbin_ptx){text, entry.architecture};
        }
    }
    if (at != end || damaged) {
        free(ptx->text);
        *ptx = (struct fatbin_ptx){0};
        snprintf(why, why_bytes, "the fat binary is damaged");
        return false;
    }
    if (!ptx->text) {
        snprintf(why, why_bytes, "no PTX that architecture %u can run: the binary holds %s", architecture,
                 holds.length ? holds.text : "nothing");
        return false;
    }
    return true;
}
