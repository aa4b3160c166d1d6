/* What the command line of lotto-bench says, checked. */
#ifndef LOTTO_BENCH_OPTIONS_H
#define LOTTO_BENCH_OPTIONS_H

#include "axes.h"
#include "host/cli/device.h"

enum { MAX_GPUS = 8 };
enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

struct bench_options {
    int argument_count;
    char **arguments;
    bool help, version;

    struct axes axes;
    bool given[AXES];
    unsigned peers;   /* a bit each, by their place in peer.h's list */
    const char *file; /* NULL: made-up logits */
    const char *tensor;
    bool is_raw;
    lotto_dtype raw_dtype;
    int64_t raw_vocab;
    uint64_t seed;

    enum device_choice device;
    int gpu_count;
    char gpus[MAX_GPUS][32];
    int64_t checked_rows; /* of a call; 0: as many as is standard; INT64_MAX: all */
    bool time;            /* runs what times, also where it gives no time */
    int64_t repeats;
    enum format format;
};

bool options_parse_bench(struct bench_options *options, int count, char **arguments, struct error *error);
void options_print_bench_help(void);

#endif
