#include "extra.h"

#include <string.h>

enum {
    LISTS = CONTROL_BANNED | CONTROL_BIASED | CONTROL_STOPS,
    PENALTIES = CONTROL_REPETITION | CONTROL_FREQUENCY_PRESENCE,
    ONE_A_TOKEN_DRAWN = 1u << SAMPLE_LOGPROB | 1u << SAMPLE_MODEL_LOGPROB | 1u << SAMPLE_RANK,
    ONE_A_REQUEST = 1u << SAMPLE_KEPT | 1u << SAMPLE_KEPT_MASS | 1u << SAMPLE_ENTROPY,
    TOP = 1u << SAMPLE_TOP_IDS | 1u << SAMPLE_TOP_LOGPROBS,
};

static const struct extra extras[] = {
    {.name = "none"},
    {.name = "off", .controls = CONTROL_OFF},
    {.name = "mask", .controls = CONTROL_MASK},
    {.name = "banned", .controls = CONTROL_BANNED},
    {.name = "biased", .controls = CONTROL_BIASED},
    {.name = "stops", .controls = CONTROL_STOPS, .history = 1},
    {.name = "repetition", .controls = CONTROL_REPETITION, .history = 1024},
    {.name = "frequency-presence", .controls = CONTROL_FREQUENCY_PRESENCE, .history = 1024},
    {.name = "penalties", .controls = PENALTIES, .history = 1024},
    {.name = "penalties-4096", .controls = PENALTIES, .history = 4096},
    {.name = "temperature-last", .controls = CONTROL_TEMPERATURE_LAST},
    {.name = "all-controls",
     .controls = CONTROL_MASK | LISTS | PENALTIES | CONTROL_TEMPERATURE_LAST,
     .history = 4096},
    {.name = "logprob", .results = 1u << SAMPLE_LOGPROB},
    {.name = "model-logprob", .results = 1u << SAMPLE_MODEL_LOGPROB},
    {.name = "rank", .results = 1u << SAMPLE_RANK},
    {.name = "kept", .results = 1u << SAMPLE_KEPT},
    {.name = "kept-mass", .results = 1u << SAMPLE_KEPT_MASS},
    {.name = "entropy", .results = 1u << SAMPLE_ENTROPY},
    {.name = "top-5-kept", .results = TOP, .places = 5},
    {.name = "top-5-model", .results = TOP, .places = 5, .top_of = LOTTO_LOGPROBS_MODEL},
    {.name = "draws-8", .draws = 8},
    {.name = "shared-rows", .row_sharers = 4},
    {.name = "all-results",
     .results = ONE_A_TOKEN_DRAWN | ONE_A_REQUEST | TOP,
     .places = 5,
     .top_of = LOTTO_LOGPROBS_MODEL,
     .draws = 8},
};
enum { EXTRAS = sizeof extras / sizeof *extras };

const struct extra *extra_at(int index) { return index < EXTRAS ? &extras[index] : NULL; }

bool extra_of_name(const char *name, int *index) {
    for (*index = 0; *index < EXTRAS; ++*index)
        if (strcmp(name, extras[*index].name) == 0)
            return true;
    return false;
}
