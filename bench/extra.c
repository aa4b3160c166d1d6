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
    {"none", "nothing", .controls = 0},
    {"off", "adjustments given, each off", .controls = CONTROL_OFF},
    {"mask", "mask, half of the tokens allowed", .controls = CONTROL_MASK},
    {"banned", "32 banned ids", .controls = CONTROL_BANNED},
    {"biased", "32 biases", .controls = CONTROL_BIASED},
    {"stops", "4 stop ids, output too short", .controls = CONTROL_STOPS, .history = 1},
    {"repetition", "repetition penalty, history 1024", .controls = CONTROL_REPETITION, .history = 1024},
    {"frequency-presence", "frequency and presence penalty, history 1024",
     .controls = CONTROL_FREQUENCY_PRESENCE, .history = 1024},
    {"penalties", "all three penalties, history 1024", .controls = PENALTIES, .history = 1024},
    {"penalties-4096", "all three penalties, history 4096", .controls = PENALTIES, .history = 4096},
    {"temperature-last", "temperature last", .controls = CONTROL_TEMPERATURE_LAST},
    {"all-controls", "all controls, history 4096",
     .controls = CONTROL_MASK | LISTS | PENALTIES | CONTROL_TEMPERATURE_LAST, .history = 4096},
    {"logprob", "logprob", .results = 1u << SAMPLE_LOGPROB},
    {"model-logprob", "model_logprob", .results = 1u << SAMPLE_MODEL_LOGPROB},
    {"rank", "rank", .results = 1u << SAMPLE_RANK},
    {"kept", "kept", .results = 1u << SAMPLE_KEPT},
    {"kept-mass", "kept_mass", .results = 1u << SAMPLE_KEPT_MASS},
    {"entropy", "entropy", .results = 1u << SAMPLE_ENTROPY},
    {"top-5-kept", "top 5 of what is kept", .results = TOP, .places = 5},
    {"top-5-model", "top 5 of the model", .results = TOP, .places = 5, .top_of = LOTTO_LOGPROBS_MODEL},
    {"draws-8", "8 draws", .draws = 8},
    {"shared-rows", "4 requests for each row of logits read", .row_sharers = 4},
    {"all-results", "all results, top 5 of the model, 8 draws",
     .results = ONE_A_TOKEN_DRAWN | ONE_A_REQUEST | TOP, .places = 5, .top_of = LOTTO_LOGPROBS_MODEL,
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
