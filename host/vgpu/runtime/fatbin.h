/*
 * The PTX inside a fat binary: a 16-byte header (magic 0xBA55ED50, u16 version, u16 header bytes, u64 bytes that follow),
 * then entries, each a header of its stated size and a payload: PTX text or machine code for one architecture; the text is
 * plain, one zstd frame, or one raw LZ4 block.
 */
#ifndef LOTTO_VGPU_FATBIN_H
#define LOTTO_VGPU_FATBIN_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes the fat binary at image says it has, its header included; 0 if it is none. Reads 16 bytes. */
size_t fatbin_bytes(const void *image);

struct fatbin_ptx {
    char *text; /* NUL-terminated, to be freed */
    unsigned architecture;
};

/*
 * The newest PTX that a device of the given architecture can run. image has `bytes` readable bytes and may hold anything. False with
 * a sentence in `why` that names what the binary holds.
 */
bool fatbin_ptx(const void *image, size_t bytes, unsigned architecture, struct fatbin_ptx *ptx, char *why,
                size_t why_bytes);

#endif
