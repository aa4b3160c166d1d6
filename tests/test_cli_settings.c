/*
 * Settings files: every key is read, none is taken for another; whatever the bytes are, the answer is settings within what is
 * allowed or a sentence.
 */
#include "host/cli/row_settings.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 2, VOCAB = 100 };

static const char whole[] =
    "[{\"temperature\": 0.5, \"temperature_last\": true, \"top_k\": 7, \"top_p\": 0.25, \"min_p\": 0.125,"
    " \"order\": \"joint\", \"seed\": 12345678901234, \"position\": 3, \"draws\": 2, \"top_logprobs\": 9,"
    " \"allowed\": [1, 2, 99], \"banned\": [2, 1000000], \"logit_bias\": {\"5\": -2.5, \"7\": 1}, "
    "\"repetition_penalty\": 1.5,"
    " \"frequency_penalty\": -0.5, \"presence_penalty\": 0.75, \"prompt\": [1, 2, 3], \"output\": [4],"
    " \"stop\": [8], \"min_length\": 6},\n"
    " {\"order\": \"joint\", \"seed\": 77, \"draws\": 5, \"banned\": [], \"logit_bias\": {},"
    " \"prompt\": [], \"output\": [], \"stop\": [], \"min_length\": 0}]";

static char path[] = "/tmp/lotto-settings-XXXXXX";

static void make_file(void) {
    int descriptor = mkstemp(path);
    cr_assert(descriptor >= 0 && close(descriptor) == 0);
}
static void remove_file(void) { unlink(path); }
TestSuite(cli_settings, .init = make_file, .fini = remove_file);

static bool read_bytes(const char *bytes, size_t count, const struct settings *options,
                       struct row_settings *all, struct error *error) {
    FILE *file = fopen(path, "wb");
    cr_assert(fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
    *error = (struct error){EXIT_DONE, ""};
    return row_settings_open(all, options, path, ROWS, VOCAB, error);
}

static void assert_ids(struct id_list list, const int32_t *ids, int64_t count) {
    cr_assert(list.count == count);
    cr_assert(memcmp(list.ids, ids, (size_t)count * sizeof *ids) == 0);
}

static void assert_whole(const struct settings *settings) {
    cr_assert(settings->temperature == 0.5f && settings->temperature_last && settings->top_k == 7);
    cr_assert(settings->top_p == 0.25f && settings->min_p == 0.125f && settings->order == LOTTO_ORDER_JOINT);
    cr_assert(settings->seed == 12345678901234 && settings->position == 3 && settings->draws == 2 &&
              settings->top_logprobs == 9);
    assert_ids(settings->allowed, (int32_t[]){1, 2, 99}, 3);
    assert_ids(settings->banned, (int32_t[]){2, 1000000}, 2);
    assert_ids(settings->logit_bias, (int32_t[]){5, 7}, 2);
    cr_assert(settings->logit_bias.biases[0] == -2.5f && settings->logit_bias.biases[1] == 1);
    cr_assert(settings->repetition_penalty == 1.5f && settings->frequency_penalty == -0.5f &&
              settings->presence_penalty == 0.75f);
    assert_ids(settings->prompt, (int32_t[]){1, 2, 3}, 3);
    assert_ids(settings->output, (int32_t[]){4}, 1);
    assert_ids(settings->stop, (int32_t[]){8}, 1);
    cr_assert(settings->min_length == 6 && settings->given == (1u << SETTINGS) - 1);
}

Test(cli_settings, every_key_is_read) {
    struct settings options = SETTINGS_INIT;
    struct row_settings all;
    struct error error;
    cr_assert(read_bytes(whole, strlen(whole), &options, &all, &error), "%s", error.text);
    struct settings first = row_settings_of(&all, 0), second = row_settings_of(&all, 1);
    assert_whole(&first);
    cr_assert(second.temperature == 1 && second.repetition_penalty == 1 && second.banned.count == 0);
    cr_assert(row_settings_seed(&all, 0) == 12345678901234 && row_settings_seed(&all, 1) == 77);
    cr_assert(second.draws == 5 && second.top_logprobs == 0);
    cr_assert(all.most_position == 3 && all.most_draws == 5 && all.most_top_logprobs == 9);
    cr_assert(all.most_banned == 2 && all.most_biased == 2 && all.most_stops == 1 && all.most_history == 4);
    row_settings_close(&all);
    options.given = 1u << SETTING_SEED;
    options.seed = 5;
    cr_assert(read_bytes(whole, strlen(whole), &options, &all, &error), "%s", error.text);
    cr_assert(row_settings_seed(&all, 0) == 5 && row_settings_seed(&all, 1) == 6);
    row_settings_close(&all);
}

static bool same_value(struct settings *a, struct settings *b, enum setting setting) {
    static const size_t bytes[] = {
        [KIND_REAL] = sizeof(float),         [KIND_WHOLE] = sizeof(uint64_t),
        [KIND_FLAG] = sizeof(bool),          [KIND_ORDER] = sizeof(lotto_order),
        [KIND_IDS] = sizeof(struct id_list), [KIND_BIASES] = sizeof(struct id_list)};
    return memcmp(settings_value(a, setting), settings_value(b, setting),
                  bytes[settings_key(setting)->kind]) == 0;
}

/* An option replaces its own setting and no other. */
Test(cli_settings, options_go_over_the_file) {
    static const char *const values[SETTINGS] = {"3", NULL, "3",  "0.75", "0.75", "sequential", "3",
                                                 "4", "5",  "64", "6",    "6",    "6:6",        "3",
                                                 "3", "3",  "6",  "6,6",  "6",    "3"};
    for (int setting = 0; setting < SETTINGS; setting++) {
        struct settings options = SETTINGS_INIT;
        struct row_settings all;
        struct error error = {EXIT_DONE, ""};
        cr_assert(settings_take_text(&options, setting, values[setting], &error), "%s", error.text);
        cr_assert(read_bytes(whole, strlen(whole), &options, &all, &error), "%s", error.text);
        struct settings first = row_settings_of(&all, 0);
        cr_assert(same_value(&first, &options, setting), "%s", settings_key(setting)->name);
        for (int other = 0; other < SETTINGS; other++) {
            bool stays = other != setting || settings_key(other)->kind == KIND_FLAG; /* true in both */
            cr_assert(same_value(&first, &all.each[0], other) == stays, "%s over %s",
                      settings_key(setting)->name, settings_key(other)->name);
        }
        row_settings_close(&all);
        settings_free(&options);
    }
}

/* Cut anywhere, it is no JSON. */
Test(cli_settings, every_beginning_is_refused) {
    struct settings options = SETTINGS_INIT;
    struct row_settings all;
    struct error error;
    for (size_t count = 0; count < strlen(whole); count++) {
        cr_assert(!read_bytes(whole, count, &options, &all, &error), "%zu bytes", count);
        cr_assert(strncmp(error.text, path, strlen(path)) == 0 && error.exit_status == EXIT_FAILED);
        row_settings_close(&all);
    }
}

static uint64_t next_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void assert_allowed(const struct settings *settings) {
    cr_assert(settings->temperature >= 0 && isfinite(settings->temperature));
    cr_assert(settings->top_k <= INT32_MAX && settings->min_length <= INT32_MAX && settings->draws >= 1 &&
              settings->draws <= 1 << 20 && settings->top_logprobs <= 64);
    cr_assert(settings->top_p >= 0 && settings->top_p <= 1 && settings->min_p >= 0 && settings->min_p <= 1);
    cr_assert(settings->repetition_penalty > 0 && isfinite(settings->repetition_penalty));
    cr_assert(isfinite(settings->frequency_penalty) && isfinite(settings->presence_penalty));
    for (int64_t i = 0; i < settings->allowed.count; i++)
        cr_assert(settings->allowed.ids[i] >= 0 && settings->allowed.ids[i] < VOCAB);
    for (int64_t i = 0; i < settings->logit_bias.count; i++)
        cr_assert(settings->logit_bias.ids[i] >= 0 && isfinite(settings->logit_bias.biases[i]));
}

Test(cli_settings, changed_bytes_are_read_or_refused) {
    static const char likely[] = "0123456789-.eE\"[]{},: \n\0tfn\\u";
    int accepted = 0;
    uint64_t random = 1;
    for (int i = 0; i < 3000; i++) {
        struct settings options = SETTINGS_INIT;
        struct row_settings all;
        struct error error;
        char bytes[sizeof whole];
        memcpy(bytes, whole, sizeof whole);
        for (uint64_t changes = 1 + next_random(&random) % 3; changes > 0; changes--)
            bytes[next_random(&random) % strlen(whole)] = next_random(&random) % 4 > 0
                                                              ? likely[next_random(&random) % sizeof likely]
                                                              : (char)next_random(&random);
        if (read_bytes(bytes, strlen(whole), &options, &all, &error)) {
            accepted++;
            for (int64_t row = 0; row < ROWS; row++) {
                struct settings settings = row_settings_of(&all, row);
                assert_allowed(&settings);
            }
        } else {
            cr_assert(error.exit_status == EXIT_FAILED && strlen(error.text) > strlen(path) + 2);
        }
        row_settings_close(&all);
    }
    printf("%d of 3000 accepted\n", accepted);
    cr_assert(accepted > 30 && accepted < 2000);
}
