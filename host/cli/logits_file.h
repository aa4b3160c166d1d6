/*
 * Logits in a file: .npy, .safetensors or raw. Opening reads and checks the header and that the file holds what the header
 * says; the values are read a few rows at a time, so a file may be larger than memory.
 */
#ifndef LOTTO_CLI_LOGITS_FILE_H
#define LOTTO_CLI_LOGITS_FILE_H

#include "error.h"

#include <lotto/lotto.h>

#define MAX_VOCAB (1 << 20)

/* Where the logits lie in a file: rows * vocab values of dtype from `offset` on, row-major, little-endian. */
struct logits_layout {
    lotto_dtype dtype;
    int64_t rows;
    int64_t vocab;
    uint64_t offset;
};

/* What a file does not say about itself. */
struct logits_hint {
    const char *tensor; /* NULL: `logits`, else the only two-dimensional one */
    bool is_raw;
    lotto_dtype raw_dtype;
    int64_t raw_vocab;
    const char *raw_options; /* which say so, for a sentence */
};

struct logits_file {
    int descriptor;
    const char *name;
    struct logits_layout layout;
};

/* "-" is standard input. A pipe is first copied to an unnamed temporary file. */
bool logits_file_open(struct logits_file *file, const char *path, const struct logits_hint *hint,
                      struct error *error);
void logits_file_close(struct logits_file *file);

/* values receives rows * vocab values of the file's dtype. */
bool logits_file_read(const struct logits_file *file, int64_t first_row, int64_t rows, void *values,
                      struct error *error);

/*
 * The formats. Each reads a header that lies whole in memory, `file_bytes` being the size of the file it begins, and reads
 * nothing beyond header_bytes whatever the bytes are. Sentences do not name the file.
 */
#define HEADER_PREFIX_BYTES 12

/* How long the header is, from the file's first bytes, prefix_bytes <= HEADER_PREFIX_BYTES of them. */
bool npy_header_bytes(const uint8_t *prefix, size_t prefix_bytes, uint64_t file_bytes, uint64_t *header_bytes,
                      struct error *error);
bool npy_parse(const uint8_t *header, size_t header_bytes, uint64_t file_bytes, struct logits_layout *layout,
               struct error *error);

bool safetensors_header_bytes(const uint8_t *prefix, size_t prefix_bytes, uint64_t file_bytes,
                              uint64_t *header_bytes, struct error *error);
bool safetensors_parse(const uint8_t *header, size_t header_bytes, uint64_t file_bytes, const char *tensor,
                       struct logits_layout *layout, struct error *error);

bool raw_layout(uint64_t file_bytes, lotto_dtype dtype, int64_t vocab, struct logits_layout *layout,
                struct error *error);

/* Checks what every format must: at least one row, a vocabulary that is allowed. rows and vocab are as the file says. */
bool logits_layout_set(struct logits_layout *layout, lotto_dtype dtype, uint64_t rows, uint64_t vocab,
                       uint64_t offset, struct error *error);

/* rows * vocab * the dtype's size. */
uint64_t logits_layout_bytes(const struct logits_layout *layout);

#endif
