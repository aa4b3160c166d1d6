/*
 * soak [--logits N] [--jobs J] [--seed S]: random requests until N logits have gone through every operation, in J processes, request
 * after request from seed S. Of each: kernel == reference, bit for bit; reference == oracle, bit for bit; the reference against
 * the textbook; every weight against exp(). Then the real rows of LOTTO_TEST_LOGITS and of the tests' data.
 * soak --request SEED: that request alone.
 *
 * Prints what was compared, by kind, type and operation. Exit status 1 at the first difference, which names its request.
 */
#include "kernels/arith.h"
#include "tests/oracle/answer.h"
#include "tests/oracle/textbook.h"
#include "tests/rows/place.h"
#include "tests/rows/real.h"

#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_BITS = 7 };

/* One request in four is plain, adjusted, reported or both. */
static struct request_limits limits_of(uint64_t seed) {
    return (struct request_limits){200000, 400000, 16, seed & 1, seed >> 1 & 1};
}

/* What was compared. */
struct tally {
    int64_t requests, rows, logits;
    int64_t rows_of_kind[ROW_KINDS], logits_of_kind[ROW_KINDS];
    int64_t logits_of_dtype[3], rows_of_order[3];
    int64_t elements_of_result[RESULTS];
    int64_t rows_of_status[STATUS_BITS]; /* of lotto_sample(): by bit */
    int64_t weights;
    double worst_weight; /* share of the law's bound */
    struct textbook_tally textbook;
};

static void add_textbook(struct textbook_tally *sum, const struct textbook_tally *part) {
    sum->rows += part->rows;
    sum->close += part->close;
    sum->differ += part->differ;
    sum->ordinary += part->ordinary;
    sum->ordinary_close += part->ordinary_close;
}

static void add(struct tally *sum, const struct tally *part) {
    sum->requests += part->requests;
    sum->rows += part->rows;
    sum->logits += part->logits;
    for (int kind = 0; kind < ROW_KINDS; kind++) {
        sum->rows_of_kind[kind] += part->rows_of_kind[kind];
        sum->logits_of_kind[kind] += part->logits_of_kind[kind];
    }
    for (int i = 0; i < 3; i++) {
        sum->logits_of_dtype[i] += part->logits_of_dtype[i];
        sum->rows_of_order[i] += part->rows_of_order[i];
    }
    for (int result = 0; result < RESULTS; result++)
        sum->elements_of_result[result] += part->elements_of_result[result];
    for (int bit = 0; bit < STATUS_BITS; bit++)
        sum->rows_of_status[bit] += part->rows_of_status[bit];
    sum->weights += part->weights;
    sum->worst_weight = fmax(sum->worst_weight, part->worst_weight);
    add_textbook(&sum->textbook, &part->textbook);
}

static void count(struct tally *tally, const struct request *request, const struct results *results) {
    int64_t rows = request->logits.rows, vocab = request->logits.vocab;
    tally->requests++;
    tally->rows += rows;
    tally->logits += rows * vocab;
    tally->logits_of_dtype[request->logits.dtype] += rows * vocab;
    tally->rows_of_order[request->controls.order] += rows;
    for (int64_t row = 0; row < rows; row++) {
        tally->rows_of_kind[request->kinds[row]]++;
        tally->logits_of_kind[request->kinds[row]] += vocab;
    }
    for (int64_t i = 0; i < request->requests && request->wanted[SAMPLE_STATUS]; i++)
        for (int bit = 0; bit < STATUS_BITS; bit++)
            tally->rows_of_status[bit] += results->array[SAMPLE_STATUS][i] >> bit & 1;
    for (int result = 0; result < RESULTS; result++)
        if (request->wanted[result])
            tally->elements_of_result[result] += result_elements(request, (enum result)result);
}

/* ---- the law's first check, over a request's rows ------------------------------------------------------------------ */

/* |w - true| <= 1 + (2^-22 + t * 2^-22) * true wherever the difference does not overflow; +inf beside +inf is 2^40. */
static bool weights_are_right(const struct request *request, struct tally *tally, char *text,
                              size_t text_bytes) {
    for (int64_t row = 0; row < request->logits.rows; row++) {
        float temperature = request_controls(request, row).temperature, maximum = -INFINITY;
        if (!(temperature >= 1e-6f) || isinf(temperature))
            continue;
        const void *logits = request_row(request, row);
        for (int64_t id = 0; id < request->logits.vocab; id++) {
            float x = oracle_float(logits, request->logits.dtype, id);
            if (x > maximum) /* false for NaN */
                maximum = x;
        }
        float scale = arith_scale(temperature);
        for (int64_t id = 0; id < request->logits.vocab && !isinf(maximum); id++) {
            float x = oracle_float(logits, request->logits.dtype, id);
            if (isnan(x) || isinf(maximum - x))
                continue;
            double distance = (double)maximum - (double)x,
                   t = distance / (double)temperature * 1.4426950408889634;
            double truth = exp(-distance / (double)temperature) * 0x1p40;
            double weight = (double)arith_weight(arith_distance(x, maximum), scale);
            double allowed = (1 + t) * 0x1p-22 * truth, error = fabs(weight - truth) - 1;
            tally->weights++;
            if (error > 0)
                tally->worst_weight = fmax(tally->worst_weight, error / allowed);
            if (error <= allowed)
                continue;
            snprintf(text, text_bytes,
                     "request 0x%" PRIx64 ", row %" PRId64 ", id %" PRId64 ": weight %.0f, exp says %.9g",
                     request->seed, row, id, weight, truth);
            return false;
        }
    }
    return true;
}

/* ---- one request ---------------------------------------------------------------------------------------------------- */

struct places {
    struct place device, reference;
};

static bool holds(struct places *places, const struct request *request, struct tally *tally, char *text,
                  size_t text_bytes) {
    struct results *device = results_create(request), *reference = results_create(request),
                   *oracle = results_create(request);
    oracle_answer(request, oracle);
    bool good = place_answer(&places->reference, request, reference, text, text_bytes) &&
                results_equal(request, reference, "the reference", oracle, "the oracle", text, text_bytes) &&
                place_answer(&places->device, request, device, text, text_bytes) &&
                results_equal(request, device, "the kernel", reference, "the reference", text, text_bytes) &&
                textbook_check(request, reference, &tally->textbook, text, text_bytes) &&
                weights_are_right(request, tally, text, text_bytes);
    if (good)
        count(tally, request, reference);
    results_destroy(device);
    results_destroy(reference);
    results_destroy(oracle);
    return good;
}

static bool enter(struct places *places) {
    char text[256];
    if (place_device(&places->device, text, sizeof text) &&
        place_reference(&places->reference, text, sizeof text))
        return true;
    fprintf(stderr, "soak: %s\n", text);
    return false;
}

static bool random_request_holds(struct places *places, uint64_t seed, struct tally *tally) {
    char text[1024];
    struct request_limits limits = limits_of(seed);
    struct request *request = request_random(seed, &limits);
    bool good = holds(places, request, tally, text, sizeof text);
    if (!good)
        fprintf(stderr, "soak: %s\nsoak: again: soak --request 0x%" PRIx64 "\n", text, seed);
    request_destroy(request);
    return good;
}

/* ---- processes ------------------------------------------------------------------------------------------------------ */

/* Whether standard error is a terminal is asked once, before the processes part. */
static bool shows_progress;

static bool random_requests_hold(struct places *places, uint64_t first_seed, uint64_t step, int64_t logits,
                                 struct tally *tally) {
    time_t start = time(NULL), shown = start;
    int64_t before = tally->logits;
    for (uint64_t seed = first_seed; tally->logits - before < logits; seed += step) {
        if (!random_request_holds(places, seed, tally))
            return false;
        if (shows_progress && time(NULL) > shown) {
            shown = time(NULL);
            fprintf(stderr, "\rsoak: %.1f %% of %" PRId64 " logits a process, %lld s ",
                    100 * (double)(tally->logits - before) / (double)logits, logits,
                    (long long)(shown - start));
        }
    }
    return true;
}

static bool real_rows_hold(struct places *places, struct tally *tally) {
    char text[1024];
    bool good = true;
    struct real_rows *files = real_rows_load(LOTTO_TEST_DATA, getenv("LOTTO_TEST_LOGITS"));
    for (struct real_rows *file = files; good && file->name[0]; file++)
        for (int dtype = LOTTO_F32; good && dtype <= LOTTO_BF16; dtype++) {
            struct request *request = real_rows_request(file, (lotto_dtype)dtype, (uint64_t)dtype);
            good = holds(places, request, tally, text, sizeof text);
            if (!good)
                fprintf(stderr, "soak: %s as %s: %s\n", file->name, dtype_name((lotto_dtype)dtype), text);
            request_destroy(request);
        }
    real_rows_destroy(files);
    return good;
}

/* Starts a process that takes every step-th seed; its tally comes through the pipe. */
static pid_t start_process(int *tally_pipe, uint64_t first_seed, uint64_t step, int64_t logits, bool real) {
    int ends[2];
    if (pipe(ends) != 0)
        return -1;
    pid_t process = fork();
    if (process == 0) {
        struct places places;
        struct tally tally = {0};
        bool good = enter(&places) && (!real || real_rows_hold(&places, &tally)) &&
                    random_requests_hold(&places, first_seed, step, logits, &tally) &&
                    write(ends[1], &tally, sizeof tally) == (ssize_t)sizeof tally;
        exit(good ? 0 : 1);
    }
    close(ends[1]);
    *tally_pipe = ends[0];
    return process;
}

static void print(const struct tally *tally, uint64_t first_seed, int jobs, long long seconds) {
    static const char *const statuses[STATUS_BITS] = {
#define NAME(name, value, text) text,
        LOTTO_ROW_STATUS_LIST(NAME)
#undef NAME
    };
    printf("compared bit for bit, kernel = reference = oracle: %" PRId64 " requests, %" PRId64
           " rows, %" PRId64 " logits in %lld s; seeds from 0x%" PRIx64 ", %d processes\n",
           tally->requests, tally->rows, tally->logits, seconds, first_seed, jobs);
    for (int dtype = 0; dtype < 3; dtype++)
        printf("  %-4s %12" PRId64 " logits\n", dtype_name((lotto_dtype)dtype),
               tally->logits_of_dtype[dtype]);
    for (int kind = 0; kind < ROW_KINDS; kind++)
        printf("  %-12s %9" PRId64 " rows %12" PRId64 " logits\n", row_kind_name((enum row_kind)kind),
               tally->rows_of_kind[kind], tally->logits_of_kind[kind]);
    for (int result = 0; result < RESULTS; result++)
        printf("  %-20s %12" PRId64 " elements\n", result_name((enum result)result),
               tally->elements_of_result[result]);
    printf("  rows by order: sequential %" PRId64 ", min-p last %" PRId64 ", joint %" PRId64
           "\n  rows by status of lotto_sample:",
           tally->rows_of_order[0], tally->rows_of_order[1], tally->rows_of_order[2]);
    for (int bit = 0; bit < STATUS_BITS; bit++)
        printf(" %s %" PRId64, statuses[bit], tally->rows_of_status[bit]);
    printf("\ncheck 1, weight against exp: %" PRId64 " weights, at worst %.3f of the bound\n", tally->weights,
           tally->worst_weight);
    printf("check 3, the textbook: agrees on %" PRId64 " rows; on %" PRId64
           " a cut is too close for it to tell, %" PRId64 " of them it would cut elsewhere; of %" PRId64
           " ordinary rows %" PRId64 " are close (1 in %.0f; allowed 1 in 200)\n",
           tally->textbook.rows, tally->textbook.close, tally->textbook.differ, tally->textbook.ordinary,
           tally->textbook.ordinary_close,
           (double)tally->textbook.ordinary /
               (double)(tally->textbook.ordinary_close ? tally->textbook.ordinary_close : 1));
}

static int soak(int64_t logits, int jobs, uint64_t first_seed) {
    int pipes[64];
    pid_t processes[64];
    struct tally sum = {0};
    time_t start = time(NULL);
    shows_progress = isatty(STDERR_FILENO);
    for (int job = 0; job < jobs; job++)
        processes[job] =
            start_process(&pipes[job], first_seed + (uint64_t)job, (uint64_t)jobs, logits / jobs, job == 0);
    bool good = true;
    for (int job = 0; job < jobs; job++) {
        struct tally part;
        int status = 1;
        if (processes[job] < 0 || read(pipes[job], &part, sizeof part) != (ssize_t)sizeof part)
            good = false;
        else
            add(&sum, &part);
        if (processes[job] >= 0)
            waitpid(processes[job], &status, 0);
        good = good && status == 0;
    }
    if (shows_progress)
        fputc('\n', stderr);
    if (good)
        print(&sum, first_seed, jobs, (long long)(time(NULL) - start));
    /* few rows say nothing about 1 in 200 */
    bool too_close =
        sum.textbook.ordinary >= 1000 && sum.textbook.ordinary_close * 200 > sum.textbook.ordinary;
    return good && !too_close ? 0 : 1;
}

static int one_request(uint64_t seed) {
    struct places places;
    struct tally tally = {0};
    if (!enter(&places) || !random_request_holds(&places, seed, &tally))
        return 1;
    printf("request 0x%" PRIx64 " holds: %" PRId64 " rows, %" PRId64 " logits\n", seed, tally.rows,
           tally.logits);
    return 0;
}

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *number) {
    char *end;
    *number = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number >= least && *number <= most;
}

int main(int argument_count, char **arguments) {
    static const struct option options[] = {{"logits", required_argument, NULL, 'l'},
                                            {"jobs", required_argument, NULL, 'j'},
                                            {"seed", required_argument, NULL, 's'},
                                            {"request", required_argument, NULL, 'r'},
                                            {0}};
    uint64_t logits = 200000000, jobs = 1, seed = 1, request = 0;
    bool alone = false, good = true;
    for (int option; (option = getopt_long(argument_count, arguments, "", options, NULL)) != -1;)
        switch (option) {
        case 'l':
            good = good && read_number(optarg, 1, INT64_MAX, &logits);
            break;
        case 'j':
            good = good && read_number(optarg, 1, 64, &jobs);
            break;
        case 's':
            good = good && read_number(optarg, 0, UINT64_MAX, &seed);
            break;
        case 'r':
            good = good && read_number(optarg, 0, UINT64_MAX, &request), alone = true;
            break;
        default:
            good = false;
        }
    if (!good || optind != argument_count) {
        fprintf(stderr, "usage: soak [--logits N] [--jobs J] [--seed S] | soak --request SEED\n");
        return 2;
    }
    return alone ? one_request(request) : soak((int64_t)logits, (int)jobs, seed);
}
