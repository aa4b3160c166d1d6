/* One operation of the library with its parameters, and the arrays it fills, whatever the operation. */
#ifndef LOTTO_CLI_REQUEST_H
#define LOTTO_CLI_REQUEST_H

#include "error.h"

#include <lotto/lotto.h>

enum operation {
    OPERATION_SAMPLE,
    OPERATION_ARGMAX,
    OPERATION_SOFTMAX,
    OPERATION_PROBS,
    OPERATION_TOP_K,
    OPERATION_TOP_P,
    OPERATION_LOGPROBS,
};

struct request {
    enum operation operation;
    lotto_controls
        controls;     /* their arrays are in host memory, the mask of allowed ids one row for each row */
    int64_t places;   /* of each row's list: top-k's, top-p's or sample's likeliest tokens */
    unsigned without; /* bits of outputs that are not asked for: 1u << SAMPLE_RANK */
    int32_t draws;    /* of sample, for each row */
    lotto_logprobs_of top_of;   /* of sample */
    const uint64_t *positions;  /* of sample: [rows], in host memory; NULL: 0 */
    const int32_t *logits_rows; /* of sample: [rows], in host memory; NULL: row r samples row r */
    const int32_t *tokens;      /* of logprobs: [rows], in host memory */
};

/* An output of an operation. Every element of every output has four bytes. */
enum output_kind { OUTPUT_INTEGER, OUTPUT_STATUS, OUTPUT_REAL };
enum output_width { ONE_A_ROW, ONE_A_DRAW, ONE_A_PLACE, ONE_A_TOKEN };
struct output {
    const char *name;
    enum output_kind kind;
    enum output_width width;
};

/* The places of the outputs, which are the same for operations that share them. */
enum { OUTPUT_STATUS_AT = 0, MAX_OUTPUTS = 11 };
enum {
    SAMPLE_TOKEN = 1,
    SAMPLE_KEPT,
    SAMPLE_PROB,
    SAMPLE_LOGPROB,
    SAMPLE_MODEL_LOGPROB,
    SAMPLE_KEPT_MASS,
    SAMPLE_RANK,
    SAMPLE_ENTROPY,
    SAMPLE_TOP_IDS,
    SAMPLE_TOP_LOGPROBS
};
enum { ARGMAX_TOKEN = 1 };
enum { DISTRIBUTION_PROBS = 1, DISTRIBUTION_KEPT = 2 };
enum { LIST_IDS = 1, LIST_KEPT = 2, LIST_VALUES = 3, LIST_MASS = 3 };
enum { LOGPROBS_LOGPROB = 1, LOGPROBS_RANK };

int request_output_count(const struct request *request);
struct output request_output(const struct request *request, int output);
/* A list of no places is not. */
bool request_asks_for(const struct request *request, int output);
/* Elements a row. */
int64_t request_output_width(const struct request *request, int output, int64_t vocab);
/* Elements a row of all outputs asked for. */
int64_t request_row_elements(const struct request *request, int64_t vocab);

/* What a request gave for some rows, on the host. */
struct results {
    const struct request *request;
    int64_t vocab;
    uint32_t *outputs[MAX_OUTPUTS]; /* [rows, width]; NULL: not asked for */
};

bool results_allocate(struct results *results, const struct request *request, int64_t vocab, int64_t rows,
                      struct error *error);
void results_free(struct results *results);

/* A row of an output. */
const int32_t *results_integers(const struct results *results, int output, int64_t row);
const float *results_reals(const struct results *results, int output, int64_t row);
uint32_t results_status(const struct results *results, int64_t row);

#endif
