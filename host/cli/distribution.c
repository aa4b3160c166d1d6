/* lotto probs and lotto softmax: probabilities of every token, as a .npy. */
#include "command.h"
#include "job.h"
#include "npy_write.h"
#include "print_json.h"

#include <stdio.h>

static bool print_part(const struct job *job, const struct results *results, struct error *error) {
    for (int64_t row = 0; row < job->rows; row++) {
        json_t *object = json_pack("{sI}", "row", (json_int_t)(job->first + row));
        if (results->request->operation == OPERATION_PROBS)
            json_object_set_new(object, "kept",
                                json_integer(*results_integers(results, DISTRIBUTION_KEPT, row)));
        json_object_set_new(object, "status", json_of_status(results_status(results, row)));
        if (!print_json(object, error))
            return false;
    }
    return terminal_flush(error);
}

static bool write_all(struct job *job, struct request *request, struct results *results,
                      struct npy_writer *writer, struct error *error) {
    struct progress progress;
    progress_start(&progress, "rows", job->end - job->begin);
    while (job_next(job, error)) {
        job_take_controls(job, request);
        if (!job_run(job, request, results, error))
            break;
        if (!npy_write_values(writer, results_reals(results, DISTRIBUTION_PROBS, 0), job->rows * job->vocab,
                              error))
            break;
        if (job->options->json && !print_part(job, results, error))
            break;
        progress_show(&progress, job->first + job->rows - job->begin);
    }
    progress_clear(&progress);
    return error->exit_status == EXIT_DONE && npy_write_commit(writer, error);
}

static bool print_summary(const struct job *job, struct error *error) {
    char settings[512];
    if (job->options->json)
        return true;
    controls_describe(settings, sizeof settings, &job->settings);
    printf("%s: float32 [%lld, %lld]\n", job->options->output_path, (long long)(job->end - job->begin),
           (long long)job->vocab);
    job_print_summary(job, settings);
    return terminal_flush(error);
}

bool distribution_command(const struct options *options, struct error *error) {
    struct job job;
    struct results results = {0};
    struct npy_writer writer = {0};
    struct request request = {.operation = options->command->id == COMMAND_PROBS ? OPERATION_PROBS
                                                                                 : OPERATION_SOFTMAX};
    if (!job_open(&job, options, error))
        return false;
    bool good = job_divide(&job, request_row_elements(&request, job.vocab), job.end - job.begin, error) &&
                results_allocate(&results, &request, job.vocab, job.part_rows, error) &&
                npy_write_begin(&writer, options->output_path, job.end - job.begin, job.vocab, error) &&
                write_all(&job, &request, &results, &writer, error) && print_summary(&job, error);
    npy_write_close(&writer);
    results_free(&results);
    job_close(&job);
    return good;
}
