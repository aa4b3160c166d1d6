#include "job.h"

#include "command.h"
#include "dtype.h"
#include "seed_file.h"
#include "verify.h"

#include <stdlib.h>
#include <string.h>

/* Logits and results of one part, together. */
#define PART_BYTES (256 << 20)
/* A part's tokens where somebody watches: a second or so on the virtual GPU. */
#define WATCHED_TOKENS (1 << 20)

static bool choose_rows(struct job *job, struct error *error) {
    const struct options *options = job->options;
    int64_t rows = job->file.layout.rows;
    bool is_chosen = options->has_rows || options->has_row;
    job->begin = is_chosen ? options->rows_begin : 0;
    job->end = is_chosen ? options->rows_end : rows;
    if (options->command->id == COMMAND_SHOW && !is_chosen)
        job->end = 1;
    job->first = job->begin;
    if (job->end <= rows)
        return true;
    if (options->has_row)
        return usage_error(error, "--row is %lld; %s has %lld rows, the first being 0", (long long)job->begin,
                           job->file.name, (long long)rows);
    return usage_error(error, "--rows is %lld:%lld; %s has %lld rows", (long long)job->begin,
                       (long long)job->end, job->file.name, (long long)rows);
}

/* Each opens what it needs; job_close() gives back what was opened. */
static bool open_file(struct job *job, struct error *error) {
    const struct options *options = job->options;
    struct logits_hint hint = {options->tensor, options->has_raw_dtype, options->raw_dtype,
                               options->raw_vocab, "--dtype and --vocab-size"};
    if (!logits_file_open(&job->file, options->file, &hint, error)) {
        job->file.name = NULL;
        return false;
    }
    job->vocab = job->file.layout.vocab;
    job->dtype = options->has_as ? options->as : job->file.layout.dtype;
    return true;
}

static bool open_seeds(struct job *job, struct error *error) {
    if (job->options->seed_file == NULL)
        return true;
    job->file_seeds = seed_file_read(job->options->seed_file, job->file.layout.rows, error);
    return job->file_seeds != NULL;
}

static bool open_settings(struct job *job, struct error *error) {
    const struct options *options = job->options;
    return row_settings_open(&job->settings, &options->settings, options->settings_path,
                             job->file.layout.rows, job->vocab, error);
}

static bool open_reference(struct job *job, struct error *error) {
    struct device device;
    if (!job->options->verify && !job->options->explain)
        return true;
    if (!device_open_reference(&device, error))
        return false;
    run_open(&job->reference, device);
    job->has_reference = true;
    return true;
}

bool job_open(struct job *job, const struct options *options, struct error *error) {
    struct device device;
    *job = (struct job){.options = options};
    if (!device_open(&device, options->device, options->program_arguments, error))
        return false;
    run_open(&job->run, device);
    bool good = open_file(job, error) && choose_rows(job, error) && open_seeds(job, error) &&
                open_settings(job, error) && open_reference(job, error) &&
                vocabulary_load(&job->vocabulary, options->text_path, options->file, job->vocab, error);
    if (!good)
        job_close(job);
    return good;
}

void job_close(struct job *job) {
    free(job->values);
    free(job->file_row);
    free(job->seeds);
    free(job->file_seeds);
    row_settings_close(&job->settings);
    controls_free(&job->controls);
    vocabulary_free(&job->vocabulary);
    if (job->file.name != NULL)
        logits_file_close(&job->file);
    run_close(&job->run);
    if (job->has_reference)
        run_close(&job->reference);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

bool job_divide(struct job *job, int64_t row_elements, int64_t most, struct error *error) {
    int64_t elements = row_elements + controls_row_elements(&job->settings, job->vocab);
    int64_t row_bytes = job->vocab * (int64_t)dtype_bytes(job->dtype) + elements * (int64_t)sizeof(uint32_t);
    int64_t rows = least(least(PART_BYTES / row_bytes, most), job->end - job->begin);
    if (progress_is_possible())
        rows = least(rows, WATCHED_TOKENS / job->vocab);
    job->part_rows = rows > 0 ? rows : 1;
    job->values = allocate(error, (uint64_t)(job->part_rows * job->vocab) * dtype_bytes(job->dtype));
    job->file_row = allocate(error, (uint64_t)job->vocab * dtype_bytes(job->file.layout.dtype));
    job->seeds = allocate(error, (uint64_t)job->part_rows * sizeof *job->seeds);
    return job->values != NULL && job->file_row != NULL && job->seeds != NULL;
}

static bool read_part(struct job *job, struct error *error) {
    for (int64_t row = 0; row < job->rows; row++) {
        int64_t file_row = job->first + row;
        if (!logits_file_read(&job->file, file_row, 1, job->file_row, error))
            return false;
        dtype_convert(job->file_row, job->file.layout.dtype,
                      (char *)job->values + (size_t)(row * job->vocab) * dtype_bytes(job->dtype), job->dtype,
                      job->vocab);
        job->seeds[row] =
            job->file_seeds ? job->file_seeds[file_row] : row_settings_seed(&job->settings, file_row);
    }
    return true;
}

static bool load_part(struct job *job, struct run *run, struct error *error) {
    return run_load(run, job->values, job->dtype, job->rows, job->vocab, job->seeds, error);
}

bool job_next(struct job *job, struct error *error) {
    error->exit_status = EXIT_DONE;
    job->first += job->rows;
    job->rows = least(job->part_rows, job->end - job->first);
    return job->rows > 0 && read_part(job, error) &&
           controls_load(&job->controls, &job->settings, job->first, job->rows, job->vocab, error) &&
           load_part(job, &job->run, error) &&
           (!job->has_reference || load_part(job, &job->reference, error));
}

void job_take_controls(const struct job *job, struct request *request) {
    request->controls = job->controls.controls;
    request->positions = job->controls.positions;
}

static bool verify(struct job *job, const struct request *request, const struct results *results,
                   struct error *error) {
    struct results expected;
    struct verify_place place = {job->run.device.name, job->first};
    if (!results_allocate(&expected, request, job->vocab, job->rows, error))
        return false;
    bool good = run_request(&job->reference, request, &expected, error) &&
                verify_results(results, 0, &expected, job->rows, place, error);
    results_free(&expected);
    return good;
}

bool job_run(struct job *job, const struct request *request, struct results *results, struct error *error) {
    return run_request(&job->run, request, results, error) &&
           (!job->options->verify || verify(job, request, results, error));
}

void job_print_summary(const struct job *job, const char *settings) {
    long long rows = job->end - job->begin;
    const char *s = rows == 1 ? "" : "s";
    printf("%lld row%s, %lld tokens%s, %s", rows, s, (long long)job->vocab, rows == 1 ? "" : " each",
           dtype_name(job->file.layout.dtype));
    if (job->dtype != job->file.layout.dtype)
        printf(" as %s", dtype_name(job->dtype));
    printf("%s%s, on %s\n", *settings != '\0' ? ", " : "", settings, job->run.device.name);
    if (job->options->verify)
        printf("verified: every output of %lld row%s equals the CPU reference\n", rows, s);
}
