#include "settings.h"

#include "number.h"

#include <float.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_FLOAT 0x1p-149
#define A_LIST "token ids from 0 to 2147483647"

#define AT(member) offsetof(struct settings, member)
static const struct setting_key keys[SETTINGS] = {
    [SETTING_TEMPERATURE] = {"temperature", "temperature", KIND_REAL, AT(temperature), .real = {0, FLT_MAX},
                             .allowed = "a finite number, 0 or more"},
    [SETTING_TEMPERATURE_LAST] = {"temperature_last", "temperature-last", KIND_FLAG, AT(temperature_last),
                                  .allowed = "true or false"},
    [SETTING_TOP_K] = {"top_k", "top-k", KIND_WHOLE, AT(top_k), .whole = {0, INT32_MAX},
                       .allowed = "a whole number from 0 (every token) to 2147483647"},
    [SETTING_TOP_P] = {"top_p", "top-p", KIND_REAL, AT(top_p), .real = {0, 1},
                       .allowed = "a number from 0 to 1"},
    [SETTING_MIN_P] = {"min_p", "min-p", KIND_REAL, AT(min_p), .real = {0, 1},
                       .allowed = "a number from 0 to 1"},
    [SETTING_ORDER] = {"order", "order", KIND_ORDER, AT(order), .allowed = "sequential, min-p-last or joint"},
    [SETTING_SEED] = {"seed", "seed", KIND_WHOLE, AT(seed), .whole = {0, UINT64_MAX},
                      .allowed = "a whole number from 0 to 18446744073709551615"},
    [SETTING_POSITION] = {"position", "position", KIND_WHOLE, AT(position), .whole = {0, INT64_MAX},
                          .allowed = "a whole number from 0 to 9223372036854775807"},
    [SETTING_DRAWS] = {"draws", "draws", KIND_WHOLE, AT(draws), .whole = {1, 1 << 20},
                       .allowed = "a whole number from 1 to 1048576"},
    [SETTING_TOP_LOGPROBS] = {"top_logprobs", "top-logprobs", KIND_WHOLE, AT(top_logprobs), .whole = {0, 64},
                              .allowed = "a whole number from 0 (off) to 64"},
    [SETTING_ALLOWED] = {"allowed", "allowed", KIND_IDS, AT(allowed), .allowed = A_LIST},
    [SETTING_BANNED] = {"banned", "banned", KIND_IDS, AT(banned), .allowed = A_LIST},
    [SETTING_LOGIT_BIAS] = {"logit_bias", "logit-bias", KIND_BIASES, AT(logit_bias),
                            .real = {-FLT_MAX, FLT_MAX}, .allowed = A_LIST ", each with a finite number"},
    [SETTING_REPETITION_PENALTY] = {"repetition_penalty", "repetition-penalty", KIND_REAL,
                                    AT(repetition_penalty), .real = {LEAST_FLOAT, FLT_MAX},
                                    .allowed = "a finite number above 0 (1: off)"},
    [SETTING_FREQUENCY_PENALTY] = {"frequency_penalty", "frequency-penalty", KIND_REAL, AT(frequency_penalty),
                                   .real = {-FLT_MAX, FLT_MAX}, .allowed = "a finite number (0: off)"},
    [SETTING_PRESENCE_PENALTY] = {"presence_penalty", "presence-penalty", KIND_REAL, AT(presence_penalty),
                                  .real = {-FLT_MAX, FLT_MAX}, .allowed = "a finite number (0: off)"},
    [SETTING_PROMPT] = {"prompt", "prompt-ids", KIND_IDS, AT(prompt), .allowed = A_LIST},
    [SETTING_OUTPUT] = {"output", "output-ids", KIND_IDS, AT(output), .allowed = A_LIST},
    [SETTING_STOP] = {"stop", "stop", KIND_IDS, AT(stop), .allowed = A_LIST},
    [SETTING_MIN_LENGTH] = {"min_length", "min-length", KIND_WHOLE, AT(min_length), .whole = {0, INT32_MAX},
                            .allowed = "a whole number from 0 to 2147483647"},
};
#undef AT

const struct setting_key *settings_key(enum setting setting) { return &keys[setting]; }

enum setting settings_of_option(const char *option) {
    int setting = 0;
    while (strcmp(keys[setting].option, option) != 0)
        setting++;
    return (enum setting)setting;
}

bool settings_give(const struct settings *settings, enum setting setting) {
    return settings->given >> setting & 1;
}

void *settings_value(struct settings *settings, enum setting setting) {
    return (char *)settings + keys[setting].at;
}

bool settings_order_of_name(const char *name, lotto_order *order) {
    static const char *const names[] = {[LOTTO_ORDER_SEQUENTIAL] = "sequential",
                                        [LOTTO_ORDER_MIN_P_LAST] = "min-p-last",
                                        [LOTTO_ORDER_JOINT] = "joint"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(name, names[i]) == 0) {
            *order = (lotto_order)i;
            return true;
        }
    }
    return false;
}

static void free_list(struct id_list *list) {
    free(list->ids);
    free(list->biases);
    *list = (struct id_list){0};
}

bool settings_make_list(struct settings *settings, enum setting setting, int64_t count, struct error *error) {
    struct id_list *list = settings_value(settings, setting);
    free_list(list);
    list->ids = allocate(error, (uint64_t)count * sizeof *list->ids);
    if (list->ids == NULL)
        return false;
    if (keys[setting].kind == KIND_BIASES) {
        list->biases = allocate(error, (uint64_t)count * sizeof *list->biases);
        if (list->biases == NULL)
            return false;
    }
    list->count = count;
    return true;
}

/* "5", or "5:-2.5" where it has a bias. */
static bool take_element(struct id_list *list, int64_t at, const struct setting_key *key, char *text) {
    uint64_t id;
    if (list->biases != NULL) {
        char *bias = strchr(text, ':');
        if (bias == NULL)
            return false;
        *bias++ = '\0';
        if (!number_parse_real(bias, key->real.least, key->real.most, &list->biases[at]))
            return false;
    }
    if (!number_parse_whole(text, 0, INT32_MAX, &id))
        return false;
    list->ids[at] = (int32_t)id;
    return true;
}

/* Elements parted by commas. Returns false with error->exit_status set where there is no memory. */
static bool take_list(struct settings *settings, enum setting setting, const char *text,
                      struct error *error) {
    int64_t count = 1, at = 0;
    for (const char *comma = text; (comma = strchr(comma, ',')) != NULL; comma++)
        count++;
    size_t bytes = strlen(text) + 1;
    char *copy = settings_make_list(settings, setting, count, error) ? allocate(error, bytes) : NULL;
    if (copy == NULL)
        return false;
    char *rest = memcpy(copy, text, bytes), *element;
    bool good = true;
    while (good && (element = strsep(&rest, ",")) != NULL)
        good = take_element(settings_value(settings, setting), at++, &keys[setting], element);
    free(copy);
    return good;
}

bool settings_take_text(struct settings *settings, enum setting setting, const char *text,
                        struct error *error) {
    const struct setting_key *key = &keys[setting];
    void *value = settings_value(settings, setting);
    bool good = true;
    switch (key->kind) {
    case KIND_REAL:
        good = number_parse_real(text, key->real.least, key->real.most, value);
        break;
    case KIND_WHOLE:
        good = number_parse_whole(text, key->whole.least, key->whole.most, value);
        break;
    case KIND_FLAG:
        *(bool *)value = true;
        break;
    case KIND_ORDER:
        good = settings_order_of_name(text, value);
        break;
    case KIND_IDS:
    case KIND_BIASES:
        good = take_list(settings, setting, text, error);
        break;
    }
    settings->given |= 1u << setting;
    if (good || error->exit_status != EXIT_DONE)
        return good;
    const char *written = key->kind == KIND_IDS      ? ", as in 5,7,9"
                          : key->kind == KIND_BIASES ? ", as in 5:-2.5,7:1"
                                                     : "";
    return usage_error(error, "--%s is '%s'; must be %s%s", key->option, text, key->allowed, written);
}

struct settings settings_over(const struct settings *below, const struct settings *above) {
    static const size_t bytes[] = {
        [KIND_REAL] = sizeof(float),         [KIND_WHOLE] = sizeof(uint64_t),
        [KIND_FLAG] = sizeof(bool),          [KIND_ORDER] = sizeof(lotto_order),
        [KIND_IDS] = sizeof(struct id_list), [KIND_BIASES] = sizeof(struct id_list)};
    struct settings both = *below;
    for (int i = 0; i < SETTINGS; i++)
        if (settings_give(above, i))
            memcpy((char *)&both + keys[i].at, (const char *)above + keys[i].at, bytes[keys[i].kind]);
    both.given |= above->given;
    return both;
}

/* A penalty without the tokens that it is for would do nothing, which nobody means. */
static bool check_penalty(const char *name, float penalty, float off, bool has_tokens, const char *tokens,
                          struct error *error) {
    return penalty == off || has_tokens ||
           failure(error, "the %s penalty is %g and there are no tokens for it; give %s ids with it", name,
                   (double)penalty, tokens);
}

bool settings_check(const struct settings *settings, struct error *error) {
    bool has_output = settings_give(settings, SETTING_OUTPUT);
    bool has_history = has_output || settings_give(settings, SETTING_PROMPT);
    if (!check_penalty("repetition", settings->repetition_penalty, 1, has_history, "prompt or output",
                       error) ||
        !check_penalty("frequency", settings->frequency_penalty, 0, has_output, "output", error) ||
        !check_penalty("presence", settings->presence_penalty, 0, has_output, "output", error))
        return false;
    if (settings_give(settings, SETTING_STOP) != settings_give(settings, SETTING_MIN_LENGTH))
        return failure(error,
                       "stop ids are banned until the output has the minimum length; give both, not only %s",
                       settings_give(settings, SETTING_STOP) ? "the stop ids" : "the minimum length");
    if (settings->prompt.count + settings->output.count > MAX_IDS)
        return failure(error, "prompt and output have %lld tokens; must be at most %d together",
                       (long long)(settings->prompt.count + settings->output.count), MAX_IDS);
    return true;
}

void settings_free(struct settings *settings) {
    for (int i = 0; i < SETTINGS; i++)
        if (keys[i].kind == KIND_IDS || keys[i].kind == KIND_BIASES)
            free_list(settings_value(settings, i));
}
