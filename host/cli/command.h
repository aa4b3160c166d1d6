/* The commands of lotto. */
#ifndef LOTTO_CLI_COMMAND_H
#define LOTTO_CLI_COMMAND_H

#include "options.h"

/* Bits, so that an option can say which commands take it. */
enum command_id {
    COMMAND_SAMPLE = 1,
    COMMAND_PROBS = 2,
    COMMAND_SOFTMAX = 4,
    COMMAND_TOP_K = 8,
    COMMAND_TOP_P = 16,
    COMMAND_SHOW = 32,
    COMMAND_DEVICES = 64,
    COMMAND_LOGPROBS = 128,
    COMMANDS_READING = COMMAND_SAMPLE | COMMAND_PROBS | COMMAND_SOFTMAX | COMMAND_TOP_K | COMMAND_TOP_P |
                       COMMAND_LOGPROBS | COMMAND_SHOW,
    COMMANDS_ALL = COMMANDS_READING | COMMAND_DEVICES,
};

struct command {
    enum command_id id;
    const char *name;
    const char *synopsis;    /* what follows the name */
    const char *summary;     /* for the list of commands */
    const char *description; /* for the command's own help */
    const char *example;
    bool (*run)(const struct options *options, struct error *error);
};

bool sample_command(const struct options *options, struct error *error);
bool distribution_command(const struct options *options, struct error *error); /* probs and softmax */
bool list_command(const struct options *options, struct error *error);         /* top-k and top-p */
bool logprobs_command(const struct options *options, struct error *error);
bool show_command(const struct options *options, struct error *error);
bool devices_command(const struct options *options, struct error *error);

/* lotto bench: becomes lotto-bench, which lies beside this program; returns only on failure. arguments[0] is "bench". */
bool bench_start(char **arguments, struct error *error);

#endif
