/* lotto top-k and lotto top-p: each row's likeliest tokens in their order. */
#include "command.h"
#include "controls.h"
#include "dtype.h"
#include "job.h"
#include "print_json.h"
#include "print_text.h"

#include <stdio.h>
#include <stdlib.h>

/* One row's list as it is printed. */
struct list {
    int64_t row; /* in the file */
    const int32_t *ids;
    float *values; /* the logits */
    int64_t length;
    int32_t kept;
    bool has_mass;
    float mass;
    uint32_t status;
};

/* Top-p gives no logits, so they are looked up among those that went in. */
static void look_up_values(const struct job *job, int64_t row, struct list *list) {
    for (int64_t i = 0; i < list->length; i++)
        list->values[i] = dtype_value(job->values, job->dtype, row * job->vocab + list->ids[i]);
}

static struct list list_of(const struct job *job, const struct results *results, int64_t row, float *values) {
    struct list list = {.row = job->first + row,
                        .ids = results_integers(results, LIST_IDS, row),
                        .values = values,
                        .kept = *results_integers(results, LIST_KEPT, row),
                        .has_mass = results->request->operation == OPERATION_TOP_P,
                        .status = results_status(results, row)};
    list.length = list.kept < results->request->places ? list.kept : results->request->places;
    if (list.has_mass) {
        list.mass = *results_reals(results, LIST_MASS, row);
        look_up_values(job, row, &list);
    } else {
        const float *found = results_reals(results, LIST_VALUES, row);
        for (int64_t i = 0; i < list.length; i++)
            list.values[i] = found[i];
    }
    return list;
}

static bool print_object(const struct job *job, const struct list *list, struct error *error) {
    json_t *object =
        json_pack("{sI so}", "row", (json_int_t)list->row, "ids", json_of_ids(list->ids, list->length));
    if (job->vocabulary.texts != NULL)
        json_object_set_new(object, "texts", json_of_texts(&job->vocabulary, list->ids, list->length));
    json_object_set_new(object, "values", json_of_reals(list->values, list->length));
    json_object_set_new(object, "kept", json_integer(list->kept));
    if (list->has_mass)
        json_object_set_new(object, "mass", json_of_real(list->mass));
    json_object_set_new(object, "status", json_of_status(list->status));
    return print_json(object, error);
}

static void print_list(const struct job *job, const struct list *list) {
    printf("row %lld: %d kept", (long long)list->row, (int)list->kept);
    if (list->has_mass)
        printf(", mass %.6g", (double)list->mass);
    print_status(list->status);
    struct text end = vocabulary_context_end(&job->vocabulary, list->row);
    if (end.bytes != NULL) {
        printf("  ");
        text_print_quoted(stdout, end, 50, TEXT_END, false);
    }
    printf("\n");
    for (int64_t i = 0; i < list->length; i++) {
        print_entry(&job->vocabulary, list->ids[i]);
        printf("%12.6g\n", (double)list->values[i]);
    }
}

static bool print_part(const struct job *job, const struct results *results, float *values,
                       struct error *error) {
    for (int64_t row = 0; row < job->rows; row++) {
        struct list list = list_of(job, results, row, values);
        if (!job->options->json)
            print_list(job, &list);
        else if (!print_object(job, &list, error))
            return false;
    }
    return terminal_flush(error);
}

static bool list_all(struct job *job, const struct request *request, struct results *results, float *values,
                     struct error *error) {
    struct progress progress;
    progress_start(&progress, "rows", job->end - job->begin);
    while (job_next(job, error)) {
        if (!job_run(job, request, results, error))
            break;
        progress_clear(&progress);
        if (!print_part(job, results, values, error))
            break;
        progress_show(&progress, job->first + job->rows - job->begin);
    }
    progress_clear(&progress);
    return error->exit_status == EXIT_DONE;
}

static bool print_summary(const struct job *job, struct error *error) {
    const struct options *options = job->options;
    char settings[80];
    if (options->json)
        return true;
    if (options->command->id == COMMAND_TOP_K)
        snprintf(settings, sizeof settings, "k %d", (int)options->settings.top_k);
    else
        snprintf(settings, sizeof settings, "temperature %g, p %g", (double)options->settings.temperature,
                 (double)options->settings.top_p);
    job_print_summary(job, settings);
    return terminal_flush(error);
}

/* So many places that nothing is cut off. */
static int64_t places_for(const struct options *options, int64_t vocab) {
    int64_t k = (int64_t)options->settings.top_k;
    return options->command->id == COMMAND_TOP_K && k > 0 && k < vocab ? k : vocab;
}

bool list_command(const struct options *options, struct error *error) {
    struct job job;
    struct results results = {0};
    if (!job_open(&job, options, error))
        return false;
    struct request request = {.operation =
                                  options->command->id == COMMAND_TOP_K ? OPERATION_TOP_K : OPERATION_TOP_P,
                              .controls = controls_of(&options->settings),
                              .places = places_for(options, job.vocab)};
    float *values = allocate(error, (uint64_t)request.places * sizeof *values);
    bool good = values != NULL &&
                job_divide(&job, request_row_elements(&request, job.vocab), job.end - job.begin, error) &&
                results_allocate(&results, &request, job.vocab, job.part_rows, error) &&
                list_all(&job, &request, &results, values, error) && print_summary(&job, error);
    results_free(&results);
    free(values);
    job_close(&job);
    return good;
}
