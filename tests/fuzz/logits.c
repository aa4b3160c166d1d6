/* A file of logits, .npy, .safetensors or raw, as its first bytes say; opened and read to its last value. */
#include "fuzz.h"
#include "host/cli/dtype.h"
#include "host/cli/logits_file.h"

#include <stdlib.h>
#include <string.h>

static void read_as(const char *path, size_t count, const struct logits_hint *hint) {
    struct error error = {EXIT_DONE, ""};
    struct logits_file file;
    if (!logits_file_open(&file, path, hint, &error)) {
        fuzz_check_sentence(error.text, sizeof error.text);
        return;
    }
    const struct logits_layout *layout = &file.layout;
    uint64_t bytes = logits_layout_bytes(layout);
    if (layout->rows < 1 || layout->vocab < 1 || layout->vocab > MAX_VOCAB || layout->offset > count ||
        bytes > count - layout->offset)
        fuzz_fail("accepted %lld rows of %lld values from byte %llu on, which the file does not hold",
                  (long long)layout->rows, (long long)layout->vocab, (unsigned long long)layout->offset);
    void *values = malloc(bytes);
    if (!logits_file_read(&file, 0, layout->rows, values, &error))
        fuzz_fail("accepted, and then not read: %s", error.text);
    free(values);
    logits_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const char *path = fuzz_file(bytes, count);
    read_as(path, count, &(struct logits_hint){.raw_options = "--raw"});
    read_as(path, count, &(struct logits_hint){.tensor = "other", .raw_options = "--raw"});
    read_as(path, count, &(struct logits_hint){.is_raw = true, .raw_dtype = LOTTO_F16, .raw_vocab = 3});
    return 0;
}
