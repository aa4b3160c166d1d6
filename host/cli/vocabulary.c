#include "vocabulary.h"

#include "json_file.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool load_texts(struct vocabulary *vocabulary, const char *path, int64_t vocab, struct error *error) {
    vocabulary->texts = json_file_load(path, error);
    if (vocabulary->texts == NULL)
        return false;
    if (!json_is_array(vocabulary->texts))
        return failure(error, "%s: must be a JSON array of strings", path);
    size_t count = json_array_size(vocabulary->texts);
    if (count != (size_t)vocab)
        return failure(error, "%s: it has %zu texts; must have one for each of the %lld tokens", path, count,
                       (long long)vocab);
    for (size_t i = 0; i < count; i++)
        if (!json_is_string(json_array_get(vocabulary->texts, i)))
            return failure(error, "%s: element %zu is not a string", path, i);
    return true;
}

/* X.json may be about anything; only a `rows` array is taken from it. */
static bool load_contexts(struct vocabulary *vocabulary, const char *path, struct error *error) {
    json_t *root = json_file_load(path, error);
    if (root == NULL)
        return false;
    json_t *rows = json_object_get(root, "rows");
    if (json_is_array(rows))
        vocabulary->rows = json_incref(rows);
    json_decref(root);
    return true;
}

/* X + ending, if the logits are X.safetensors and that file exists. */
static bool find_beside(char path[PATH_MAX], const char *logits_path, const char *ending) {
    const char *extension = strrchr(logits_path, '.');
    if (extension == NULL || strcmp(extension, ".safetensors") != 0)
        return false;
    int length = snprintf(path, PATH_MAX, "%.*s%s", (int)(extension - logits_path), logits_path, ending);
    return length < PATH_MAX && access(path, F_OK) == 0;
}

bool vocabulary_load(struct vocabulary *vocabulary, const char *text_path, const char *logits_path,
                     int64_t vocab, struct error *error) {
    char beside[PATH_MAX];
    *vocabulary = (struct vocabulary){0};
    if (text_path == NULL && find_beside(beside, logits_path, ".vocab.json"))
        text_path = beside;
    bool good = text_path == NULL || load_texts(vocabulary, text_path, vocab, error);
    good = good && (!find_beside(beside, logits_path, ".json") || load_contexts(vocabulary, beside, error));
    if (!good)
        vocabulary_free(vocabulary);
    return good;
}

void vocabulary_free(struct vocabulary *vocabulary) {
    json_decref(vocabulary->texts);
    json_decref(vocabulary->rows);
    *vocabulary = (struct vocabulary){0};
}

static struct text text_of(const json_t *string) {
    return (struct text){json_string_value(string), json_string_length(string)};
}

struct text vocabulary_text(const struct vocabulary *vocabulary, int64_t token) {
    if (vocabulary->texts == NULL || token < 0)
        return (struct text){0};
    return text_of(json_array_get(vocabulary->texts, (size_t)token));
}

struct text vocabulary_context_end(const struct vocabulary *vocabulary, int64_t row) {
    return text_of(json_object_get(json_array_get(vocabulary->rows, (size_t)row), "context_end"));
}
