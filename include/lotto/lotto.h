/*
 * lotto: LOgits TO TOkens. CUDA kernels that turn batches of LLM logits, already on the GPU, into tokens.
 *
 * What holds for every function
 *
 *   Shapes       logits are [rows, vocab], row-major, any row stride >= vocab, 1 <= vocab <= 2^20, 0 <= rows < 2^31.
 *                rows = 0 succeeds and does nothing. Outputs are dense unless a stride is given.
 *   Memory       every pointer inside the structures below, and every input, output and workspace pointer, is memory of the
 *                context's device: device memory for a GPU, host memory for LOTTO_DEVICE_REFERENCE. The structures
 *                themselves, lotto_adjustments too, are host memory, read during the call. Inputs are not modified; outputs
 *                must not overlap inputs, the workspace or each other.
 *   Order        within a row, tokens are ranked by logit, larger first, ties by token id, smaller first; -0 equals +0. k, p
 *                and min-p each keep a prefix of that order.
 *   NaN, inf     a NaN logit counts as -inf and sets LOTTO_ROW_HAD_NAN. A -inf token is never kept, counted or drawn. If a
 *                row holds +inf, exactly its +inf tokens are candidates, all equally likely, and LOTTO_ROW_HAD_POS_INF is
 *                set. A row without candidates is LOTTO_ROW_EMPTY: token -1. All of this is judged on the row as its
 *                adjustments (below) leave it, where it has some; but a NaN in the logits is told even if it is masked.
 *   Determinism  a result depends on the row's logits and its own parameters, seed, position and draw. Not on the number of rows,
 *                the row's place, the launch shape or the GPU. LOTTO_DEVICE_REFERENCE gives the same bits, on a thread in the
 *                default floating-point environment (round to nearest, subnormals kept). The arithmetic is
 *                kernels/ARITHMETIC.md; a change to it that can change a token raises the minor version (the major from 1.0).
 *   Launch       work is enqueued on `stream`; nothing is allocated, nothing synchronises, every call can be captured in a
 *                CUDA graph. The reference has finished when the call returns; its stream argument is ignored.
 *   Errors       arguments are checked before anything is enqueued: on an error no output is touched, and
 *                lotto_context_error() says in a sentence which argument, its value and what was allowed. A status covers the
 *                arguments and the launch; a fault inside a kernel appears at the caller's next synchronisation. Values in
 *                device arrays cannot be checked by the host: a bad one gives LOTTO_ROW_BAD_CONTROL for its row alone.
 *   Workspace    lotto_X_workspace() says how many bytes lotto_X() needs for the same arguments. Data pointers may be NULL
 *                there, and of the controls it matters alone whether they have adjustments: on a GPU such rows, where they
 *                do not fit on chip, take 4 bytes a logit. The workspace is 256-byte aligned, its contents matter neither before nor after. NULL when 0 bytes.
 *   Threads      a context is used by one thread at a time; different contexts freely. No global state.
 */
#ifndef LOTTO_H
#define LOTTO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LOTTO_API __attribute__((visibility("default")))
#else
#define LOTTO_API
#endif

#define LOTTO_VERSION_MAJOR 0
#define LOTTO_VERSION_MINOR 1
#define LOTTO_VERSION_PATCH 0

/* "major.minor.patch" of the library that is loaded. */
LOTTO_API const char *lotto_version(void);

/* ---- status ------------------------------------------------------------------------------------------------------- */

#define LOTTO_STATUS_LIST(X)                                                                                 \
    X(LOTTO_SUCCESS, 0, "success")                                                                           \
    X(LOTTO_INVALID_ARGUMENT, 1, "an argument is not allowed")                                               \
    X(LOTTO_OUT_OF_MEMORY, 2, "the host is out of memory")                                                   \
    X(LOTTO_NO_DEVICE, 3, "no usable CUDA device")                                                           \
    X(LOTTO_CUDA_ERROR, 4, "the CUDA runtime reported an error")

typedef enum lotto_status {
#define LOTTO_STATUS_ENUMERATOR(name, value, text) name = value,
    LOTTO_STATUS_LIST(LOTTO_STATUS_ENUMERATOR)
#undef LOTTO_STATUS_ENUMERATOR
} lotto_status;

/* The status's text; "unknown status" for a value that is none. Never NULL. */
LOTTO_API const char *lotto_status_string(lotto_status status);

/* What a row can report, as bits of its uint32_t status. 0: nothing to say. */
#define LOTTO_ROW_STATUS_LIST(X)                                                                             \
    X(LOTTO_ROW_HAD_NAN, 1, "HAD_NAN")         /* a logit was NaN, or became it, and counted as -inf */      \
    X(LOTTO_ROW_HAD_POS_INF, 2, "HAD_POS_INF") /* a logit was +inf, or became it */                          \
    X(LOTTO_ROW_EMPTY, 4, "EMPTY")             /* no candidate: token -1 */                                  \
    X(LOTTO_ROW_BAD_CONTROL, 8,                                                                              \
      "BAD_CONTROL") /* a value that a control's comment calls so: token -1; the row is not read */          \
    X(LOTTO_ROW_TRUNCATED, 16, "TRUNCATED") /* more tokens are kept than the list has places */              \
    X(LOTTO_ROW_BAD_ID, 32, "BAD_ID")       /* an id was not in [0, vocab) and was ignored */                \
    X(LOTTO_ROW_SKIPPED, 64, "SKIPPED")     /* a request for no row: token -1 */

typedef enum lotto_row_status {
#define LOTTO_ROW_STATUS_ENUMERATOR(name, value, text) name = value,
    LOTTO_ROW_STATUS_LIST(LOTTO_ROW_STATUS_ENUMERATOR)
#undef LOTTO_ROW_STATUS_ENUMERATOR
} lotto_row_status;

/* ---- context ------------------------------------------------------------------------------------------------------ */

#define LOTTO_DEVICE_CURRENT (-1)   /* the calling thread's current CUDA device */
#define LOTTO_DEVICE_REFERENCE (-2) /* the CPU reference: same calls, host pointers, same results */

/* One device's properties and the text of the last error. */
typedef struct lotto_context lotto_context;

/* A cudaStream_t passes uncast; NULL is the default stream. */
typedef struct CUstream_st *lotto_stream;

/*
 * Creates a context for a device: an index, LOTTO_DEVICE_CURRENT or LOTTO_DEVICE_REFERENCE. *context is NULL on failure.
 * LOTTO_INVALID_ARGUMENT: context is NULL, or no device has that index. LOTTO_NO_DEVICE: no driver, or one too old, or no GPU,
 * or one older than compute capability 7.5.
 * LOTTO_CUDA_ERROR: the runtime failed otherwise. LOTTO_OUT_OF_MEMORY: no host memory for the context.
 */
LOTTO_API lotto_status lotto_context_create(lotto_context **context, int device);

/* NULL is allowed. Work already enqueued is not affected. */
LOTTO_API void lotto_context_destroy(lotto_context *context);

/* What went wrong in the last call on this context, in a sentence; "" if it succeeded. Valid until the next call. */
LOTTO_API const char *lotto_context_error(const lotto_context *context);

typedef struct lotto_device {
    size_t struct_size;     /* sizeof(lotto_device), set by LOTTO_DEVICE_INIT */
    int index;              /* CUDA device index; LOTTO_DEVICE_REFERENCE for the reference */
    int compute_capability; /* 90 for 9.0; 0 for the reference */
    int multiprocessors;    /* 0 for the reference */
    char name[256];
} lotto_device;
#define LOTTO_DEVICE_INIT                                                                                    \
    {                                                                                                        \
        sizeof(lotto_device), 0, 0, 0, { 0 }                                                                 \
    }

LOTTO_API lotto_status lotto_device_info(lotto_context *context, lotto_device *device);

/* ---- inputs ------------------------------------------------------------------------------------------------------- */

typedef enum lotto_dtype { LOTTO_F32 = 0, LOTTO_F16 = 1, LOTTO_BF16 = 2 } lotto_dtype;

typedef struct lotto_logits {
    const void *data;   /* [rows, vocab], aligned to its element */
    int64_t row_stride; /* elements from one row to the next, >= vocab */
    int64_t rows;
    int64_t vocab;
    lotto_dtype dtype;
} lotto_logits;

/* Lists of token ids, one a row: the first lengths[row] of ids[row * stride]. ids NULL: no lists. 0 <= stride <= 2^24. */
typedef struct lotto_id_lists {
    const int32_t *ids;     /* [rows, stride] */
    int64_t stride;         /* elements from one row's list to the next */
    const int32_t *lengths; /* [rows], needed with ids; outside [0, stride]: BAD_CONTROL */
} lotto_id_lists;

/*
 * What is done to a row's logits before anything else looks at them, in this order; every part is off while it is NULL. All
 * that follows sees the adjusted values, except model_logprob and rank. The logits themselves are not modified.
 *
 *   1. allowed, banned, stops: ids that are not allowed or are in these lists become -inf.
 *   2. biased: each bias is added to the id it stands beside, one after another in list order; an id may stand there again.
 *   3. repetition penalty r, once for each distinct token of prompt and output: l > 0 ? l / r : l * r.
 *   4. for each distinct token of the output, frequency penalty f: l - f * count, count being how often it stands there; then
 *      presence penalty q: l - q.
 *
 * Each operation is rounded to binary32. A -inf stays -inf, whatever is added to it; what is NaN after the last step counts as
 * -inf and sets HAD_NAN. An id outside [0, vocab) in a list is ignored and sets LOTTO_ROW_BAD_ID, but only where the list is
 * looked at: stops while they apply, the history as far as the row's penalties need it. That is all of it if r is not 1, the
 * output if only f or q is not 0, nothing if all are off: 4 bytes for each token looked at, where an array of counts would be
 * 4 * vocab bytes a row.
 */
typedef struct lotto_adjustments {
    size_t struct_size; /* sizeof(lotto_adjustments), set by LOTTO_ADJUSTMENTS_INIT */
    /* [mask rows, allowed_stride]: id is allowed if bit id % 32 (bit 0 the lowest) of word id / 32 is set */
    const uint32_t *allowed;
    int64_t allowed_stride; /* words from one mask row to the next, from vocab / 32, rounded up, to 2^30 */
    /* [rows]: which mask row; < 0: every id is allowed; NULL: mask row = row. The mask must have the rows named here. */
    const int32_t *allowed_rows;
    lotto_id_lists banned;
    lotto_id_lists stops; /* banned while the row's output is shorter than its minimum; needs a history */
    const int32_t *min_lengths; /* [rows], in tokens of output; needed with stops */
    lotto_id_lists biased;
    const float *biases;           /* [rows, biased.stride] */
    lotto_id_lists history;        /* each row's prompt, then its output */
    const int32_t *prompt_lengths; /* [rows] or NULL: 0; outside [0, the history's length]: BAD_CONTROL */
    /* Penalties, each an array [rows] or NULL, in which case every row uses the default; only with a history. */
    const float *repetition_penalty; /* 1: off; not finite or <= 0: BAD_CONTROL */
    const float *frequency_penalty;  /* 0: off; not finite: BAD_CONTROL; negative ones encourage */
    const float *presence_penalty;   /* 0: off; not finite: BAD_CONTROL; negative ones encourage */
    float default_repetition_penalty;
    float default_frequency_penalty;
    float default_presence_penalty;
} lotto_adjustments;
/* All off. */
#define LOTTO_ADJUSTMENTS_INIT                                                                               \
    {                                                                                                        \
        sizeof(lotto_adjustments), NULL, 0, NULL, {NULL, 0, NULL}, {NULL, 0, NULL}, NULL, {NULL, 0, NULL},   \
            NULL, {NULL, 0, NULL}, NULL, NULL, NULL, NULL, 1.0f, 0.0f, 0.0f                                  \
    }

/* How top-p's mass is judged, and where min-p stands. */
typedef enum lotto_order {
    LOTTO_ORDER_SEQUENTIAL = 0, /* min-p, then top-k, then top-p over what is left */
    LOTTO_ORDER_MIN_P_LAST = 1, /* top-k, then top-p over its survivors, then min-p */
    LOTTO_ORDER_JOINT = 2,      /* every filter judged on the full row; the shortest prefix wins */
} lotto_order;

/*
 * Controls, each a device array [rows] or NULL, in which case every row uses the default beside it. Allowed defaults:
 * temperature finite and >= 0, top_k >= 0, top_p and min_p in [0, 1]. Array values: see each line.
 */
typedef struct lotto_controls {
    size_t struct_size; /* sizeof(lotto_controls), set by LOTTO_CONTROLS_INIT */
    /* < 1e-6: greedy, whatever else is set; negative, infinite or NaN: BAD_CONTROL */
    const float *temperature;
    /* keep the first k; <= 0 or >= vocab: off */
    const int32_t *top_k;
    /* keep the shortest prefix that reaches this mass; >= 1: off; <= 0: the first token only; NaN: BAD_CONTROL */
    const float *top_p;
    /* keep what is at least this likely relative to the first token; <= 0: off; > 1 counts as 1; NaN: BAD_CONTROL */
    const float *min_p;
    float default_temperature;
    int32_t default_top_k;
    float default_top_p;
    float default_min_p;
    lotto_order order;
    /* what is done to the logits first; NULL: nothing */
    const lotto_adjustments *adjustments;
    /* not 0: the filters judge the row at temperature 1, and what they keep is drawn from at the row's temperature */
    const int32_t *temperature_last;
    int32_t default_temperature_last;
} lotto_controls;
/* Temperature 1, every filter and adjustment off. */
#define LOTTO_CONTROLS_INIT                                                                                  \
    {                                                                                                        \
        sizeof(lotto_controls), NULL, NULL, NULL, NULL, 1.0f, 0, 1.0f, 0.0f, LOTTO_ORDER_SEQUENTIAL, NULL,   \
            NULL, 0                                                                                          \
    }

/* ---- operations --------------------------------------------------------------------------------------------------- */

/*
 * Probabilities of every token at its row's temperature: probs[row * probs_stride + id], binary32, subnormals kept.
 * Controls: temperature and adjustments; leave the filters off. Greedy rows (T < 1e-6) get 1 for their first token, 0
 * elsewhere. EMPTY and BAD_CONTROL rows are all 0. A logit whose distance to the maximum overflows binary32 gets 0, whatever
 * the temperature.
 * probs [rows, vocab], probs_stride in elements >= vocab. status [rows] or NULL.
 * Example: logits {0, ln 3} at T = 1 give {0.25, 0.75} to within 2^-21 relative.
 */
LOTTO_API lotto_status lotto_softmax(lotto_context *context, const lotto_logits *logits,
                                     const lotto_controls *controls, float *probs, int64_t probs_stride,
                                     uint32_t *status, void *workspace, size_t workspace_bytes,
                                     lotto_stream stream);
LOTTO_API lotto_status lotto_softmax_workspace(lotto_context *context, const lotto_logits *logits,
                                               const lotto_controls *controls, size_t *bytes);

/*
 * The first token of each row's order, of the logits as they are. tokens [rows], -1 on an EMPTY row. status [rows] or NULL.
 * Example: {1, 3, 3} gives 1.
 */
LOTTO_API lotto_status lotto_argmax(lotto_context *context, const lotto_logits *logits, int32_t *tokens,
                                    uint32_t *status, void *workspace, size_t workspace_bytes,
                                    lotto_stream stream);
LOTTO_API lotto_status lotto_argmax_workspace(lotto_context *context, const lotto_logits *logits,
                                              size_t *bytes);

/*
 * The k largest of each row, sorted by rank: ids and values (the adjusted logits as binary32, -0 as +0) [rows, k_max], the rest
 * -1 and -inf. Controls: top_k (off: every candidate) and adjustments. kept [rows]: min(k, candidates), which may exceed k_max:
 * then the first k_max are listed and TRUNCATED is set. 1 <= k_max <= vocab. values, kept and status may be NULL.
 * Example: {1, 3, 2, 3}, k = 3, k_max = 4 gives ids {1, 3, 2, -1}.
 * Source: the bound by maxima of groups is that of Gaihre et al., "Dr. Top-k: delegate-centric top-k on GPUs", SC 2021.
 */
LOTTO_API lotto_status lotto_top_k(lotto_context *context, const lotto_logits *logits,
                                   const lotto_controls *controls, int64_t k_max, int32_t *ids, float *values,
                                   int32_t *kept, uint32_t *status, void *workspace, size_t workspace_bytes,
                                   lotto_stream stream);
LOTTO_API lotto_status lotto_top_k_workspace(lotto_context *context, const lotto_logits *logits,
                                             const lotto_controls *controls, int64_t k_max, size_t *bytes);

/*
 * The nucleus of each row, sorted by rank: ids [rows, capacity], the rest -1. Controls: temperature, top_p and adjustments.
 * kept [rows]: the nucleus's true size; if it exceeds capacity, its first tokens are listed and TRUNCATED is set. mass [rows]: the share of the
 * row's probability it holds, at its temperature (greedy: at 1). 1 <= capacity <= vocab. kept, mass and status may be NULL.
 * Example: probabilities {.5, .3, .2}, p = .6 keeps {0, 1} (the token that crosses p is kept), mass .8.
 * Source: Holtzman et al., "The curious case of neural text degeneration", ICLR 2020.
 */
LOTTO_API lotto_status lotto_top_p(lotto_context *context, const lotto_logits *logits,
                                   const lotto_controls *controls, int64_t capacity, int32_t *ids,
                                   int32_t *kept, float *mass, uint32_t *status, void *workspace,
                                   size_t workspace_bytes, lotto_stream stream);
LOTTO_API lotto_status lotto_top_p_workspace(lotto_context *context, const lotto_logits *logits,
                                             const lotto_controls *controls, int64_t capacity, size_t *bytes);

/*
 * The distribution that lotto_sample() draws from: filtered, renormalised over what is kept, 0 for dropped tokens. All
 * controls. probs, probs_stride and status as lotto_softmax(); kept [rows] or NULL: how many tokens are kept.
 */
LOTTO_API lotto_status lotto_probs(lotto_context *context, const lotto_logits *logits,
                                   const lotto_controls *controls, float *probs, int64_t probs_stride,
                                   int32_t *kept, uint32_t *status, void *workspace, size_t workspace_bytes,
                                   lotto_stream stream);
LOTTO_API lotto_status lotto_probs_workspace(lotto_context *context, const lotto_logits *logits,
                                             const lotto_controls *controls, size_t *bytes);

/*
 * Where each row's randomness comes from, how many tokens it gets, and which logits it has.
 *
 * seeds and positions are two device arrays [rows], both required. Draws of the same seed, position and number share their
 * randomness. position counts the tokens of a sequence, so a sequence's token does not depend on what else is decoded.
 *
 * count > 1 draws so many tokens, independently, from the one distribution, for one read of the row; the first of them is what
 * count = 1 gives.
 *
 * With logits_rows, several requests may share a row of logits, and a batch may have places that nobody uses: request r samples row
 * logits_rows[r] of the logits, and every other array [rows] that lotto_sample() reads or writes, adjustments' too, is
 * [requests], with one entry a request. Below 0: the request is skipped, whatever else is said of it, and its status is LOTTO_ROW_SKIPPED
 * alone; logits.rows or more: BAD_CONTROL.
 * Example: logits of 2 rows, logits_rows {1, 1, -1, 0}, requests 4: two requests sample row 1, one is skipped, one samples row 0.
 */
typedef struct lotto_draws {
    size_t struct_size; /* sizeof(lotto_draws), set by LOTTO_DRAWS_INIT */
    const uint64_t *seeds;
    const uint64_t *positions;
    int32_t count;              /* tokens a row: 1 to 2^20 */
    const int32_t *logits_rows; /* [requests] or NULL: request r samples row r */
    int64_t requests;           /* 0 to 2^31 - 1; without logits_rows 0 or logits.rows, which are the same */
} lotto_draws;
#define LOTTO_DRAWS_INIT                                                                                     \
    { sizeof(lotto_draws), NULL, NULL, 1, NULL, 0 }

/* Whose probabilities the likeliest tokens are listed by. */
typedef enum lotto_logprobs_of {
    LOTTO_LOGPROBS_KEPT =
        0, /* the distribution sampled from, as logprob: kept tokens alone; a greedy row has one, 0 */
    LOTTO_LOGPROBS_MODEL =
        1, /* the row's logits at temperature 1, not adjusted, not filtered, as model_logprob */
} lotto_logprobs_of;

/*
 * What lotto_sample() writes: arrays [rows], those of draws [rows, count]; tokens is required, a NULL result costs nothing. Without top-k
 * prob and logprob cost exact sums over the row, which tokens alone seldom need. A row that is EMPTY, BAD_CONTROL or SKIPPED has tokens -1,
 * lists of -1 and -inf, logprobs -inf, and 0 for all else.
 */
typedef struct lotto_samples {
    size_t struct_size; /* sizeof(lotto_samples), set by LOTTO_SAMPLES_INIT */
    int32_t *tokens;    /* [rows, count] */
    uint32_t *status;   /* lotto_row_status bits */
    int32_t *kept;      /* tokens kept by the filters; greedy: 1 */
    float *prob;        /* [rows, count]: of the token, in the distribution sampled from; greedy: 1 */
    /* [rows, count]: its natural logarithm, within 1e-6 * (1 + |logprob|) of the exact one; greedy: 0 */
    float *logprob;
    /* [rows, count]: under the row's logits at temperature 1, not adjusted, not filtered; same error; -inf beside a +inf that was banned */
    float *model_logprob;
    float
        *kept_mass; /* the kept tokens' share of the row's mass at its temperature (greedy: at 1), adjusted */
    /* [rows, count]: of the token in the order of the row's logits, not adjusted, 1 for the first */
    int32_t *rank;
    /*
     * In nats, of the distribution sampled from, within 2e-6 * (1 + entropy)^2 + vocab * 2^-35 of the exact one; greedy: 0.
     * Example: a fair coin has 0.693147 (ln 2).
     */
    float *entropy;
    /*
     * [rows, top_n]: the likeliest tokens, best first by rank, and the natural logarithms of their probabilities, as top_of says; -1 and -inf
     * where there are no more. Either may be NULL.
     */
    int32_t *top_ids;
    float *top_logprobs;
    int32_t top_n; /* 1 to 64 with top_ids or top_logprobs, else 0 to 64 */
    lotto_logprobs_of top_of;
} lotto_samples;
#define LOTTO_SAMPLES_INIT                                                                                   \
    {                                                                                                        \
        sizeof(lotto_samples), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0,          \
            LOTTO_LOGPROBS_KEPT                                                                              \
    }

/*
 * One token or more per row, by all controls, any mix of greedy and random rows.
 * Draw: a 64-bit Philox4x32-10 number R from (seed, position, the draw's number, 0 for the first); the token is the first kept one, in id order, whose inclusive sum
 * of integer weights exceeds floor(R * K / 2^64), K their total.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
LOTTO_API lotto_status lotto_sample(lotto_context *context, const lotto_logits *logits,
                                    const lotto_draws *draws, const lotto_controls *controls,
                                    const lotto_samples *samples, void *workspace, size_t workspace_bytes,
                                    lotto_stream stream);
LOTTO_API lotto_status lotto_sample_workspace(lotto_context *context, const lotto_logits *logits,
                                              const lotto_draws *draws, const lotto_controls *controls,
                                              size_t *bytes);

/*
 * How likely given tokens are, one a row, such as a prompt's: logprobs [rows], the natural logarithm of the token's probability under the
 * row's logits at temperature 1, as model_logprob of lotto_sample(); ranks [rows] or NULL, its place in the row's order, 1 for the first.
 * tokens [rows]. A token outside [0, vocab) has -inf and rank 0, and sets LOTTO_ROW_BAD_ID; so has any token of an EMPTY row, without that
 * bit. A token at -inf or NaN, or beside a +inf, has -inf and its rank among all tokens. status [rows] or NULL.
 * Example: logits {0, ln 3, 0} and token 2 give ln .2 and rank 3.
 */
LOTTO_API lotto_status lotto_logprobs(lotto_context *context, const lotto_logits *logits,
                                      const int32_t *tokens, float *logprobs, int32_t *ranks,
                                      uint32_t *status, void *workspace, size_t workspace_bytes,
                                      lotto_stream stream);
LOTTO_API lotto_status lotto_logprobs_workspace(lotto_context *context, const lotto_logits *logits,
                                                size_t *bytes);

/* What a draft model proposes, for lotto_verify(): for each sequence up to `count` tokens, of which sequence s has lengths[s]. */
typedef struct lotto_drafts {
    size_t struct_size;     /* sizeof(lotto_drafts), set by LOTTO_DRAFTS_INIT */
    const int32_t *tokens;  /* [sequences, count]; NULL if count is 0 */
    const int32_t *lengths; /* [sequences] or NULL: count each; outside [0, count]: BAD_CONTROL */
    int32_t count;          /* 0 to 1024 */
    /*
     * [sequences, count, vocab]: the probabilities that each draft was drawn with, such as lotto_probs() gives for the draft model's logits. NaN and what
     * is below 0 count as 0, what is above 1 as 1. NULL: each draft was certain, as one that was looked up is.
     */
    const float *probs;
    int64_t probs_stride; /* elements from one draft's probabilities to the next, >= vocab */
} lotto_drafts;
#define LOTTO_DRAFTS_INIT                                                                                    \
    { sizeof(lotto_drafts), NULL, NULL, 0, NULL, 0 }

/* What lotto_verify() writes; tokens is required, a NULL result costs nothing. */
typedef struct lotto_verified {
    size_t struct_size; /* sizeof(lotto_verified), set by LOTTO_VERIFIED_INIT */
    int32_t *tokens;    /* [sequences, count + 1]: the accepted drafts, then one token more, then -1 */
    int32_t *accepted;  /* [sequences]: how many drafts; the token after them is tokens[s, accepted] */
    uint32_t *status;   /* [sequences]: lotto_row_status bits of the rows up to that token's */
} lotto_verified;
#define LOTTO_VERIFIED_INIT                                                                                  \
    { sizeof(lotto_verified), NULL, NULL, NULL }

/*
 * Verifies the drafts of speculative decoding: of each sequence's draft it accepts the first so many tokens by exact rejection sampling, and draws
 * one token more, so that what comes out is distributed as if lotto_sample() had drawn the tokens one by one from the target's logits.
 *
 * The logits are the target model's, [sequences, count + 1, vocab]: row (s, j) is what it says once the first j drafts of sequence s stand behind its
 * history; rows beyond lengths[s] are not read. draws.logits_rows, [sequences, count + 1], may name other rows, as where they are packed; draws.requests is then
 * sequences * (count + 1). draws.count is 1.
 * Seeds, positions, controls and the lists of adjustments are [sequences]: row (s, j) has those of sequence s. Its position is positions[s] + j, and its
 * history ends with the first j drafts, as output. The mask alone is for each row: allowed_rows, or without it the mask's rows, are [sequences, count + 1].
 *
 * Draft x of row (s, j) is accepted with probability min(1, p(x) / q(x)), p what the row's controls keep of it and q the draft's probability. The first that is not
 * ends the sequence with a token drawn from max(p - q, 0), or from p should that be nothing; behind accepted drafts alone the last token is the one that
 * lotto_sample() gives for row (s, lengths[s]). A greedy row accepts its first token alone. The random numbers for accepting and drawing are none
 * that lotto_sample() uses, so drafts may have been drawn with the same seeds and positions.
 * A draft outside [0, vocab) sets LOTTO_ROW_BAD_ID and counts as not there: the sequence ends before it with the token lotto_sample() gives. A row that has no
 * token (EMPTY, SKIPPED, BAD_CONTROL) ends its sequence with -1 in its place.
 *
 * lotto_logprobs() of the same logits and verified.tokens, which lie alike, gives the tokens' model_logprob.
 * One launch, behind clearing 4 bytes of workspace a sequence; each row of logits is read once, a draft's probabilities where it is rejected, for tokens that are kept.
 * Example: greedy rows whose first tokens are 1, 5, 3, 4 with the draft 1, 2, 3: tokens 1, 5, -1, -1; accepted 1.
 * Source: Leviathan et al., "Fast inference from transformers via speculative decoding", ICML 2023; Chen et al., "Accelerating large language
 * model decoding with speculative sampling", 2023.
 */
LOTTO_API lotto_status lotto_verify(lotto_context *context, const lotto_logits *logits,
                                    const lotto_drafts *drafts, const lotto_draws *draws,
                                    const lotto_controls *controls, const lotto_verified *verified,
                                    void *workspace, size_t workspace_bytes, lotto_stream stream);
LOTTO_API lotto_status lotto_verify_workspace(lotto_context *context, const lotto_logits *logits,
                                              const lotto_drafts *drafts, const lotto_draws *draws,
                                              const lotto_controls *controls, size_t *bytes);

#ifdef __cplusplus
}
#endif

#endif
