/* A settings file for two rows. */
#include "fuzz.h"
#include "host/cli/row_settings.h"

enum { ROWS = 2, VOCAB = 100 };

static void check(const struct settings *settings) {
    for (int i = 0; i < SETTINGS; i++) {
        const struct setting_key *key = settings_key(i);
        const void *value = settings_value((struct settings *)settings, i);
        const struct id_list *list = value;
        if (key->kind == KIND_REAL && !(*(const float *)value >= (float)key->real.least &&
                                        *(const float *)value <= (float)key->real.most))
            fuzz_fail("accepted %s %g", key->name, (double)*(const float *)value);
        if (key->kind == KIND_WHOLE && settings_give(settings, i) &&
            (*(const uint64_t *)value < key->whole.least || *(const uint64_t *)value > key->whole.most))
            fuzz_fail("accepted %s %llu", key->name, (unsigned long long)*(const uint64_t *)value);
        for (int64_t k = 0; key->kind >= KIND_IDS && k < list->count; k++)
            if (list->ids[k] < 0)
                fuzz_fail("accepted the token %d in %s", (int)list->ids[k], key->name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const struct settings options = SETTINGS_INIT;
    struct error error = {EXIT_DONE, ""};
    struct row_settings all;
    if (row_settings_open(&all, &options, fuzz_file(bytes, count), ROWS, VOCAB, &error)) {
        for (int64_t row = 0; row < ROWS; row++) {
            struct settings settings = row_settings_of(&all, row);
            check(&settings);
            row_settings_seed(&all, row);
        }
    } else {
        fuzz_check_sentence(error.text, sizeof error.text);
    }
    row_settings_close(&all);
    return 0;
}
