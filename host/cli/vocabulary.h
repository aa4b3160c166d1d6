/* What is known in words: each token's text, and the end of each row's context. */
#ifndef LOTTO_CLI_VOCABULARY_H
#define LOTTO_CLI_VOCABULARY_H

#include "error.h"
#include "text.h"

#include <stdint.h>

struct vocabulary {
    struct json_t *texts; /* NULL: ids are all there is */
    struct json_t *rows;  /* NULL: no contexts */
};

/*
 * Reads text_path, a JSON array of `vocab` strings, or, where that is NULL, X.vocab.json if it stands beside X.safetensors;
 * and the context ends from X.json beside it: {"rows": [{"context_end": "..."}]}.
 */
bool vocabulary_load(struct vocabulary *vocabulary, const char *text_path, const char *logits_path,
                     int64_t vocab, struct error *error);
void vocabulary_free(struct vocabulary *vocabulary);

/* bytes is NULL where there is no text: no vocabulary, or token -1. */
struct text vocabulary_text(const struct vocabulary *vocabulary, int64_t token);
struct text vocabulary_context_end(const struct vocabulary *vocabulary, int64_t row);

#endif
