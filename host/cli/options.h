/* What the command line says, checked. */
#ifndef LOTTO_CLI_OPTIONS_H
#define LOTTO_CLI_OPTIONS_H

#include "device.h"
#include "settings.h"

#define MAX_TEMPERATURES 16

struct options {
    const struct command *command;
    char **program_arguments; /* all of them, for starting again */
    const char *file;
    bool help, version;

    struct settings settings;
    const char *settings_path, *seed_file;
    bool explain;
    bool has_top_of;
    lotto_logprobs_of top_of;
    const char *tokens; /* of logprobs, as they are written */

    float temperatures[MAX_TEMPERATURES]; /* of show, which takes several */
    int temperature_count;

    const char *text_path, *output_path;
    int64_t top;

    enum device_choice device;
    bool has_rows, has_row;
    int64_t rows_begin, rows_end; /* half-open */
    bool has_raw_dtype, has_raw_vocab, has_as;
    lotto_dtype raw_dtype, as;
    int64_t raw_vocab;
    const char *tensor;
    bool verify, json;
};

/* arguments[0] is the command's name. After --help or --version nothing else is checked. options_free() in any case. */
bool options_parse(struct options *options, const struct command *command, int count, char **arguments,
                   struct error *error);

void options_free(struct options *options);

/* The options that the command takes, one line or more each. */
void options_print_help(const struct command *command);

#endif
