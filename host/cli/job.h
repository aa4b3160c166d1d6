/*
 * A command at work on a file: the rows asked for, brought to the device a part at a time, so that memory stays bounded however
 * large the file is; and requests run on them, compared with the CPU reference where that was asked for.
 */
#ifndef LOTTO_CLI_JOB_H
#define LOTTO_CLI_JOB_H

#include "controls.h"
#include "logits_file.h"
#include "run.h"
#include "terminal.h"
#include "vocabulary.h"

struct job {
    const struct options *options;
    struct logits_file file;
    struct vocabulary vocabulary;
    lotto_dtype dtype; /* on the device */
    int64_t vocab;
    int64_t begin, end; /* rows of the file */
    uint64_t *file_seeds;
    struct row_settings settings;
    struct run run, reference;
    bool has_reference; /* with --verify or --explain */

    /* The part at hand. */
    int64_t first, rows;
    void *values; /* [rows, vocab] of dtype, on the host */
    struct row_controls controls;

    int64_t part_rows;
    void *file_row;
    uint64_t *seeds;
};

/* May start this program again under the virtual GPU. */
bool job_open(struct job *job, const struct options *options, struct error *error);
void job_close(struct job *job);

/* How many rows a part holds: bounded memory with row_elements results of four bytes a row, and at most `most` rows. */
bool job_divide(struct job *job, int64_t row_elements, int64_t most, struct error *error);

/* Brings the next part to the device; false at the end, or, with error->exit_status set, on failure. */
bool job_next(struct job *job, struct error *error);

/* Makes a request for what the settings ask of the part at hand. */
void job_take_controls(const struct job *job, struct request *request);

/* Runs a request on the part at hand. */
bool job_run(struct job *job, const struct request *request, struct results *results, struct error *error);

/* "36 rows, 49152 tokens each, f16", `settings`, "on NAME (sm_90)", and whether it was verified. */
void job_print_summary(const struct job *job, const char *settings);

#endif
