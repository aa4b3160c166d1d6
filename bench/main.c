/* lotto-bench: what the operations cost, and what else one could run. Measures every point of the axes, each checked first. */
#include "check.h"
#include "contest.h"
#include "extra.h"
#include "gpus.h"

#include "host/cli/terminal.h"
#include "host/cli/text.h"
#include "host/cli/virtual.h"

#include <cuda_runtime_api.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

/* Prints to standard error what stands in the way of nothing. */
static void note(const char *text) { fprintf(stderr, "lotto-bench: %s\n", text); }

static bool call(struct contest *contest, bool warm_l2, int64_t checked, struct error *error) {
    if (contest->stage->is_virtual)
        counts_begin(warm_l2);
    return contest_enqueue(contest, NULL, error) && contest_check(contest, checked, error);
}

/* Runs the call and checks it; on the virtual GPU what is counted is the call that is checked. */
static bool count(struct contest *contest, int64_t checked, struct counts *counts, struct error *error) {
    bool is_warm = contest->point->value[AXIS_L2] != 0;
    return (!is_warm || call(contest, false, 0, error)) && call(contest, is_warm, checked, error) &&
           (!contest->stage->is_virtual || counts_end(counts, error));
}

static bool time_it(struct contest *contest, int64_t checked, struct timing *timing, struct error *error) {
    const struct bench_options *options = contest->stage->options;
    if (contest->stage->is_virtual && !options->time)
        return true;
    return timing_take(&(struct subject){contest_enqueue, contest}, contest->point->value[AXIS_L2] != 0,
                       options->repeats, timing, error) &&
           contest_check(contest, checked, error);
}

static bool measure(struct contest *contest, struct error *error) {
    struct stage *stage = contest->stage;
    struct counts counts;
    struct timing timing;
    int64_t checked = check_row_count(stage->input.rows, stage->input.vocab, stage->options->checked_rows);
    if (!count(contest, checked, &counts, error) || !time_it(contest, checked, &timing, error))
        return false;
    json_t *record = record_create(stage->run.device.name, contest->peer, contest->point,
                                   input_name(&stage->input, contest->point), checked);
    if (stage->is_virtual)
        record_add_counts(record, &counts, stage->input.rows, contest_amount(contest));
    else
        record_add_timing(record, &timing, contest_amount(contest));
    record_print(record, stage->options->format);
    json_decref(record);
    return true;
}

static bool load(struct stage *stage, const struct point *point, struct error *error) {
    struct input *input = &stage->input;
    bool changed;
    return input_load(input, point, &changed, error) &&
           (!changed || run_load(&stage->run, input->values, input->dtype, input->rows, input->vocab,
                                 input->seeds, error));
}

/* *measured counts what was printed. */
static bool visit(struct stage *stage, const struct point *point, int *measured, struct error *error) {
    if (!load(stage, point, error))
        return false;
    for (int i = 0; i < PEERS; i++) {
        struct contest contest;
        const char *lacks;
        if (!(stage->options->peers >> i & 1))
            continue;
        if (!contest_open(&contest, stage, peers[i], point, &lacks, error))
            return false;
        if (lacks != NULL) {
            char mode[128];
            point_describe(point, mode, sizeof mode);
            fprintf(stderr, "lotto-bench: %s left out of %s: %s\n", peers[i]->name, mode, lacks);
            continue;
        }
        bool good = measure(&contest, error);
        contest_close(&contest);
        if (!good) {
            char mode[128];
            point_describe(point, mode, sizeof mode);
            return failure_in(error, mode);
        }
        ++*measured;
    }
    return true;
}

static bool visit_all(struct stage *stage, struct error *error) {
    const struct bench_options *options = stage->options;
    struct point point;
    int measured = 0;
    if (stage->is_virtual && options->time)
        note("the virtual GPU's events count work, not time: what times is run, and no time printed");
    for (int64_t index = 0; axes_point(&options->axes, index, &point); index++)
        if (!visit(stage, &point, &measured, error))
            return false;
    return measured > 0 || failure(error, "nothing was measured: every peer asked for was left out");
}

static bool run_here(struct bench_options *options, struct error *error) {
    struct stage stage = {.options = options};
    struct device device;
    if (options->gpu_count > 0) {
        setenv("LOTTO_VGPU_GPU", options->gpus[0], 1);
        options->device = DEVICE_VIRTUAL;
    }
    if (!device_open(&device, options->device, options->arguments, error))
        return false;
    run_open(&stage.run, device);
    stage.is_virtual = virtual_is_loaded();
    bool good = input_open(&stage.input, options, error);
    if (good && (good = device_open_reference(&device, error))) {
        run_open(&stage.reference, device);
        good = visit_all(&stage, error);
        run_close(&stage.reference);
    }
    device_release(&stage.run.device, &stage.random);
    device_release(&stage.run.device, &stage.tokens);
    device_release(&stage.run.device, &stage.workspace);
    input_close(&stage.input);
    run_close(&stage.run);
    return good && terminal_flush(error);
}

static void print_help(void) {
    printf("Usage: lotto bench [FILE] [OPTION...]\n\n"
           "Measures what lotto's operations cost on the rows of FILE or on made-up logits,\n"
           "and, with --peer, what else one could run. Every result is compared with the\n"
           "CPU reference before it is reported. On a GPU it measures times; on the virtual\n"
           "GPU it counts, and estimates times by a model.\n\n");
    options_print_bench_help();
    printf("\nPeers:\n");
    for (int i = 0; i < PEERS; i++)
        printf("  %-12s%s\n", peers[i]->name, peers[i]->what);
    printf("\nExtras, all history being output, and what is listed mostly likely:\n");
    for (int i = 0; extra_at(i) != NULL; i++)
        printf("  %-20s%s\n", extra_at(i)->name, extra_at(i)->what);
    printf("\nExample:\n  lotto bench --gpu h100,a100 --rows 1,64 --top-k 0,50\n\n"
           "Exit status: 0 done, 1 failed or a wrong result, 2 wrong usage, 86 the virtual\n"
           "GPU found a fault, 87 it could not do its work.\n");
}

static bool run(int argument_count, char **arguments, int *exit_status, struct error *error) {
    struct bench_options options;
    *exit_status = EXIT_DONE;
    if (!options_parse_bench(&options, argument_count, arguments, error))
        return false;
    if (options.help || options.version) {
        if (options.help)
            print_help();
        else
            printf("lotto-bench %s\n", lotto_version());
        return terminal_flush(error);
    }
    return options.gpu_count > 1 ? gpus_run(&options, exit_status, error) : run_here(&options, error);
}

int main(int argument_count, char **arguments) {
    struct error error = {EXIT_DONE, ""};
    int exit_status;
    setlocale(LC_CTYPE, "");
    if (run(argument_count, arguments, &exit_status, &error))
        return exit_status;
    fprintf(stderr, "lotto-bench: ");
    text_print_safe(stderr, error.text);
    fprintf(stderr, "\n");
    return error.exit_status;
}
