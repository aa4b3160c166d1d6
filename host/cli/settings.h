/* What a user asks for a row, whether by options or in a settings file: one value for each of these keys. */
#ifndef LOTTO_CLI_SETTINGS_H
#define LOTTO_CLI_SETTINGS_H

#include "error.h"

#include <lotto/lotto.h>

enum setting {
    SETTING_TEMPERATURE,
    SETTING_TEMPERATURE_LAST,
    SETTING_TOP_K,
    SETTING_TOP_P,
    SETTING_MIN_P,
    SETTING_ORDER,
    SETTING_SEED,
    SETTING_POSITION,
    SETTING_DRAWS,
    SETTING_TOP_LOGPROBS,
    SETTING_ALLOWED,
    SETTING_BANNED,
    SETTING_LOGIT_BIAS,
    SETTING_REPETITION_PENALTY,
    SETTING_FREQUENCY_PENALTY,
    SETTING_PRESENCE_PENALTY,
    SETTING_PROMPT,
    SETTING_OUTPUT,
    SETTING_STOP,
    SETTING_MIN_LENGTH,
    SETTINGS,
};

/* Of token ids; those of logit_bias have a number each. */
struct id_list {
    int32_t *ids;
    float *biases; /* NULL elsewhere */
    int64_t count;
};

struct settings {
    uint32_t given; /* 1u << each setting that somebody asked for; the others are as SETTINGS_INIT has them */
    float temperature, top_p, min_p;
    float repetition_penalty, frequency_penalty, presence_penalty;
    uint64_t top_k, seed, position, draws, top_logprobs, min_length;
    bool temperature_last;
    lotto_order order;
    struct id_list allowed, banned, logit_bias, prompt, output, stop;
};
#define SETTINGS_INIT                                                                                        \
    { .temperature = 1, .top_p = 1, .repetition_penalty = 1, .draws = 1 }

/* As many ids as a list of the library can hold. */
#define MAX_IDS (1 << 24)

enum setting_kind { KIND_REAL, KIND_WHOLE, KIND_FLAG, KIND_ORDER, KIND_IDS, KIND_BIASES };

/* A key as a settings file has it, the option that says the same, and what their values must be. */
struct setting_key {
    const char *name, *option;
    enum setting_kind kind;
    size_t at; /* in struct settings */
    union {
        struct {
            double least, most; /* before rounding to binary32 */
        } real;
        struct {
            uint64_t least, most;
        } whole;
    };
    const char *allowed; /* after "must be" */
};
const struct setting_key *settings_key(enum setting setting);
/* option is one of these. */
enum setting settings_of_option(const char *option);

/* "sequential", "min-p-last" or "joint". */
bool settings_order_of_name(const char *name, lotto_order *order);

bool settings_give(const struct settings *settings, enum setting setting);

/* Takes an option's value. A second one replaces the first. */
bool settings_take_text(struct settings *settings, enum setting setting, const char *text,
                        struct error *error);

/* Room for `count` ids, and as many biases for logit_bias, in place of what the list held. */
bool settings_make_list(struct settings *settings, enum setting setting, int64_t count, struct error *error);

/* Where a setting's value is, of the type that its kind says. */
void *settings_value(struct settings *settings, enum setting setting);

/* above where it gives a setting, below elsewhere. The lists stay those of the two, and are not to be freed. */
struct settings settings_over(const struct settings *below, const struct settings *above);

/* What no single setting can know. */
bool settings_check(const struct settings *settings, struct error *error);

void settings_free(struct settings *settings);

#endif
