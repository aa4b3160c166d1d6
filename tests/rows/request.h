/* One batch of logits with everything that lotto's operations are asked of it, in host memory. */
#ifndef TESTS_ROWS_REQUEST_H
#define TESTS_ROWS_REQUEST_H

#include "tests/rows/rows.h"

/* Every array that an operation writes. */
enum result {
    SOFTMAX_PROBS,
    SOFTMAX_STATUS,
    ARGMAX_TOKENS,
    ARGMAX_STATUS,
    TOP_K_IDS,
    TOP_K_VALUES,
    TOP_K_KEPT,
    TOP_K_STATUS,
    TOP_P_IDS,
    TOP_P_KEPT,
    TOP_P_MASS,
    TOP_P_STATUS,
    PROBS_PROBS,
    PROBS_KEPT,
    PROBS_STATUS,
    SAMPLE_TOKENS,
    SAMPLE_STATUS,
    SAMPLE_KEPT,
    SAMPLE_PROB,
    SAMPLE_LOGPROB,
    SAMPLE_MODEL_LOGPROB,
    SAMPLE_KEPT_MASS,
    SAMPLE_RANK,
    SAMPLE_ENTROPY,
    SAMPLE_TOP_IDS,
    SAMPLE_TOP_LOGPROBS,
    SAMPLE_TOKENS_ALONE, /* by a call that asks for nothing else */
    LOGPROBS_LOGPROBS,
    LOGPROBS_RANKS,
    LOGPROBS_STATUS,
    VERIFY_TOKENS,
    VERIFY_ACCEPTED,
    VERIFY_STATUS,
    RESULTS
};

struct request {
    uint64_t seed;         /* of request_random() */
    unsigned char *memory; /* what data points into: poison before, between and after the rows */
    size_t memory_bytes;
    lotto_logits logits;
    enum row_kind *kinds; /* [rows] */

    /* Arrays [rows] or NULL as in lotto_controls. */
    float *temperature;
    int32_t *top_k;
    float *top_p;
    float *min_p;
    int32_t *temperature_last;
    bool adjusted; /* else controls.adjustments is NULL */
    lotto_adjustments adjustments;
    int64_t mask_rows;       /* of adjustments.allowed */
    lotto_controls controls; /* with the above */
    uint64_t *seeds;
    uint64_t *positions;
    int32_t *tokens; /* [rows]: of lotto_logprobs() */

    /* lotto_sample() alone: `requests` of the first so many rows, so that it uses as much of each array [rows]. */
    int32_t draw_count;
    int64_t requests, sample_rows; /* up to rows */
    int32_t *logits_rows;          /* [requests] or NULL: one for each row */
    int32_t top_n;
    lotto_logprobs_of top_of;

    /* lotto_verify() alone, which is not called without sequences: so many, of draft_count + 1 rows each, from the first arrays' entries. */
    int64_t sequences;
    int32_t draft_count;
    int32_t *drafts;        /* [sequences, draft_count] */
    int32_t *draft_lengths; /* [sequences] or NULL */
    int32_t *target_rows;   /* [sequences, draft_count + 1] or NULL: one after another */
    float *draft_probs;     /* [sequences, draft_count, draft_stride] or NULL */
    int64_t draft_stride;

    int64_t k_max;
    int64_t capacity;
    int64_t probs_stride;
    bool wanted[RESULTS]; /* an operation whose first result is not wanted is not called */
};

/* What a random request is drawn from. */
struct request_limits {
    int64_t vocab;  /* the largest; vocabularies are log-uniform from 1 */
    int64_t logits; /* about the most in one request */
    int64_t rows;   /* the most */
    bool adjusted;  /* random adjustments and temperature_last, too */
    bool reported;  /* many draws, shared rows, lists of the likeliest tokens and drafts, too */
};

/* The same request for a seed on every machine whose C library rounds logf, sqrtf and cosf alike. */
struct request *request_random(uint64_t seed, const struct request_limits *limits);

/* A request over given logits, controls off, every result wanted: for tests that set the rest themselves. */
struct request *request_of(const void *rows, lotto_dtype dtype, int64_t row_count, int64_t vocab);

void request_destroy(struct request *request);

/* Gives the request's rows random controls, seeds and positions. */
void request_set_random_controls(struct request *request, struct random *random);

/* Gives them random adjustments and temperature_last. */
void request_set_random_adjustments(struct request *request, struct random *random);

/* Gives lotto_sample() random numbers of draws, requests and likeliest tokens. */
void request_set_random_reports(struct request *request, struct random *random);

/* Gives lotto_verify() random drafts, if there are rows for them: likely tokens and others, drawn from what is near the target's distribution or far from it. */
void request_set_random_drafts(struct request *request, struct random *random);

/* The target row of a place, counted over all sequences; < 0 as in request_source(). */
int64_t request_target(const struct request *request, int64_t place);

/* The row that a request of lotto_sample() samples; < 0: none, but for the status of which this is the negative. */
int64_t request_source(const struct request *request, int64_t index);

/* Gives them copies of these. */
void request_set_adjustments(struct request *request, const lotto_adjustments *adjustments,
                             int64_t mask_rows);

/* Gives all rows the same controls, in arrays; adjustments are left as they are. */
struct row_controls;
void request_set_controls(struct request *request, const struct row_controls *controls);

const void *request_row(const struct request *request, int64_t row);

/* One row's own controls. */
struct row_controls {
    float temperature;
    int32_t top_k;
    float top_p;
    float min_p;
    lotto_order order;
    bool temperature_last;
};
struct row_controls request_controls(const struct request *request, int64_t row);

#endif
