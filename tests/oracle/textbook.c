#include "tests/oracle/textbook.h"

#include "tests/oracle/answer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row's candidates, likeliest first, with exp((x - maximum) / T). */
struct textbook_row {
    int64_t vocab, candidates;
    struct likely {
        double x;
        int32_t id;
    } * order;
    double *likelihood;
    double mass;
};

static int likelier_first(const void *a, const void *b) {
    const struct likely *left = a, *right = b;
    if (left->x > right->x)
        return -1;
    if (left->x < right->x)
        return 1;
    return left->id - right->id;
}

static struct textbook_row softmax(const float *logits, int64_t vocab, double temperature) {
    struct textbook_row row = {vocab, 0, malloc((size_t)vocab * sizeof *row.order),
                               malloc((size_t)vocab * sizeof(double)), 0};
    if (row.order == NULL || row.likelihood == NULL)
        abort();
    double maximum = -INFINITY;
    for (int32_t id = 0; id < vocab; id++) {
        double x = (double)logits[id];
        if (isnan(x) || x == -INFINITY)
            continue;
        row.order[row.candidates++] = (struct likely){x, id};
        if (x > maximum)
            maximum = x;
    }
    qsort(row.order, (size_t)row.candidates, sizeof *row.order, likelier_first);
    for (int64_t rank = 0; rank < row.candidates; rank++) {
        double x = row.order[rank].x;
        if (maximum == INFINITY && x < maximum) {
            row.candidates = rank;
            break;
        }
        row.likelihood[rank] = x == maximum ? 1 : exp((x - maximum) / temperature);
        row.mass += row.likelihood[rank];
    }
    return row;
}

/* How many tokens are kept: the textbook's number, and the least and most that rounding could make of it. */
struct kept {
    int64_t least, count, most;
};

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static struct kept both(struct kept a, struct kept b) {
    return (struct kept){smaller(a.least, b.least), smaller(a.count, b.count), smaller(a.most, b.most)};
}

static struct kept top_k(int64_t all, int64_t vocab, int32_t k) {
    int64_t count = k > 0 && k < vocab ? smaller(k, all) : all;
    return (struct kept){count, count, count};
}

/* Tokens at least this likely relative to the first. */
static int64_t count_likely(const struct textbook_row *row, double least) {
    int64_t count = 0;
    while (count < row->candidates && (row->likelihood[count] == 1 || row->likelihood[count] >= least))
        count++;
    return count;
}

static struct kept min_p(const struct textbook_row *row, double min_p) {
    if (!(min_p > 0))
        return (struct kept){row->candidates, row->candidates, row->candidates};
    if (min_p > 1)
        min_p = 1;
    double margin = 8e-6 * min_p + 0x1p-39;
    return (struct kept){count_likely(row, min_p + margin), count_likely(row, min_p),
                         count_likely(row, min_p - margin)};
}

/* How far a weight may be off, relative to the first one's: the law, 7.1. */
static double weight_error(double likelihood) {
    return (likelihood > 0 ? (1 - log2(likelihood)) * 0x1p-22 * likelihood : 0) + 0x1p-40;
}

/*
 * The shortest of the first `all` that reach p of their mass; at least one. A share of the mass is off by what the law's first
 * check lets each weight be off, kept and dropped ones against each other, but never by more than most_margin; p by 2^-33.
 */
static struct kept top_p(const struct textbook_row *row, int64_t all, double p, double most_margin) {
    if (p >= 1)
        return (struct kept){all, all, all};
    if (p <= 0)
        return (struct kept){1, 1, 1};
    double mass = 0, mass_error = 0, reached = 0, reached_error = 0;
    for (int64_t rank = 0; rank < all; rank++) {
        mass += row->likelihood[rank];
        mass_error += weight_error(row->likelihood[rank]);
    }
    struct kept kept = {0, 0, 0};
    for (int64_t rank = 0; rank < all && kept.most == 0; rank++) {
        reached += row->likelihood[rank];
        reached_error += weight_error(row->likelihood[rank]);
        double error =
            ((mass - reached) * reached_error + reached * (mass_error - reached_error)) / (mass * mass);
        double margin = (error < most_margin ? error : most_margin) + 0x1p-32;
        if (kept.least == 0 && reached >= (p - margin) * mass)
            kept.least = rank + 1;
        if (kept.count == 0 && reached >= p * mass)
            kept.count = rank + 1;
        if (reached >= (p + margin) * mass)
            kept.most = rank + 1;
    }
    if (kept.least == 0)
        kept.least = all;
    if (kept.count == 0)
        kept.count = all;
    if (kept.most == 0)
        kept.most = all;
    return kept;
}

/* margin: how close a cut of top-p may be at most, as a share of the mass, before the textbook cannot tell (the law, 7.3). */
static struct kept keep(const struct textbook_row *row, const struct row_controls *controls, double margin) {
    if (controls->temperature < 1e-6f)
        return (struct kept){1, 1, 1};
    double p = (double)controls->top_p;
    struct kept by_k = top_k(row->candidates, row->vocab, controls->top_k),
                by_min_p = min_p(row, (double)controls->min_p);
    struct kept before = both(by_k, by_min_p);
    switch (controls->order) {
    case LOTTO_ORDER_SEQUENTIAL:
        return (struct kept){top_p(row, before.least, p, margin).least,
                             top_p(row, before.count, p, margin).count,
                             top_p(row, before.most, p, margin).most};
    case LOTTO_ORDER_MIN_P_LAST:
        return both(by_min_p, top_p(row, by_k.count, p, margin));
    default:
        return both(before, top_p(row, row->candidates, p, margin));
    }
}

static float result_float(const struct results *results, enum result result, int64_t index) {
    float x;
    memcpy(&x, &results->array[result][index], sizeof x);
    return x;
}

/* Whether a reported share of tokens around t powers of two below the maximum is the textbook's, within the weights' rounding. */
static bool is_near(float reported, double truth, double t, int64_t vocab) {
    double relative = (2 + t) * 0x1p-22 + 0x1p-20 + (double)vocab * 0x1p-40;
    return fabs((double)reported - truth) <= relative * truth + 0x1p-148;
}

/* Controls as a server would be asked for; the others are there to find mistakes. */
static bool are_usual(const struct row_controls *controls) {
    return ((controls->temperature >= 0.3f && controls->temperature <= 2) || controls->temperature < 1e-6f) &&
           (controls->top_p == 1 || (controls->top_p >= 0.1f && controls->top_p <= 0.9999f)) &&
           (controls->min_p == 0 || (controls->min_p >= 0.01f && controls->min_p <= 1));
}

static bool are_bad(const struct row_controls *controls) {
    return isnan(controls->top_p) || isnan(controls->min_p) || !(controls->temperature >= 0) ||
           isinf(controls->temperature);
}

/* What lotto says of a row. */
struct reported {
    int64_t kept, rank;
    int32_t token;
    float prob, kept_mass;
};

static struct reported reported_of(const struct request *request, const struct results *results,
                                   int64_t index) {
    int64_t first = index * request->draw_count; /* of the row's draws */
    return (struct reported){
        (int32_t)results->array[SAMPLE_KEPT][index], (int32_t)results->array[SAMPLE_RANK][first],
        (int32_t)results->array[SAMPLE_TOKENS][first], result_float(results, SAMPLE_PROB, first),
        result_float(results, SAMPLE_KEPT_MASS, index)};
}

static void destroy(struct textbook_row *row) {
    free(row->order);
    free(row->likelihood);
}

/* As many tokens stand before the token among the logits, which are not adjusted. */
static bool rank_is_right(const struct request *request, int64_t source, struct reported reported) {
    const void *logits = request_row(request, source);
    lotto_dtype dtype = request->logits.dtype;
    float x = oracle_float(logits, dtype, reported.token);
    int64_t before = 0;
    for (int64_t id = 0; id < request->logits.vocab; id++) {
        float other = oracle_float(logits, dtype, id);
        before += other > x || (other == x && id < reported.token);
    }
    return reported.rank == before + 1;
}

/* The number kept must be one that rounding allows; the token stands among them; the shares are those of that many. */
static bool is_right(const struct textbook_row *row, struct kept kept, bool greedy,
                     struct reported reported) {
    if (reported.kept < kept.least || reported.kept > kept.most)
        return false;
    int64_t place = 0;
    while (place < reported.kept && row->order[place].id != reported.token)
        place++;
    if (place == reported.kept)
        return false;
    double kept_mass = 0, likelihood = row->likelihood[place];
    for (int64_t rank = 0; rank < reported.kept; rank++)
        kept_mass += row->likelihood[rank];
    return is_near(reported.kept_mass, kept_mass / row->mass, log2((double)row->vocab), row->vocab) &&
           is_near(reported.prob, greedy ? 1 : likelihood / kept_mass, -log2(likelihood), row->vocab);
}

/* values: the logits of row `source`, adjusted. */
static bool check_values(const struct request *request, const struct results *results, int64_t index,
                         int64_t source, const float *values, struct textbook_tally *tally, char *text,
                         size_t text_bytes) {
    struct row_controls controls = request_controls(request, index);
    bool greedy = controls.temperature < 1e-6f;
    int64_t vocab = request->logits.vocab;
    double temperature = greedy ? 1 : (double)controls.temperature;
    struct textbook_row row = softmax(values, vocab, temperature),
                        judged = softmax(values, vocab, controls.temperature_last ? 1 : temperature);
    bool good = true;
    if (row.candidates > 0) {
        bool like_a_models = row_kind_is_like_a_models(request->kinds[source]) && !request->adjusted;
        bool ordinary = like_a_models && are_usual(&controls);
        struct kept kept =
            keep(&judged, &controls, like_a_models ? 2.5e-7 : 0x1p-20 + (double)vocab * 0x1p-40);
        struct reported reported = reported_of(request, results, index);
        good = is_right(&row, kept, greedy, reported) && rank_is_right(request, source, reported);
        bool close = kept.least != kept.most;
        tally->rows++;
        tally->ordinary += ordinary;
        tally->close += close;
        tally->ordinary_close += ordinary && close;
        tally->differ += kept.count != reported.kept;
        if (!good)
            snprintf(text, text_bytes,
                     "the textbook keeps %" PRId64 " tokens (%" PRId64 " to %" PRId64
                     " within rounding), lotto %" PRId64 " (mass %.9g, rank %" PRId64
                     ", prob %.9g); row %" PRId64 " of request 0x%" PRIx64 ", %s, vocab %" PRId64
                     ", %s row, T %a%s, k %d, p %a, min_p %a, order %d%s",
                     kept.count, kept.least, kept.most, reported.kept, (double)reported.kept_mass,
                     reported.rank, (double)reported.prob, index, request->seed,
                     dtype_name(request->logits.dtype), vocab, row_kind_name(request->kinds[source]),
                     (double)controls.temperature, controls.temperature_last ? " last" : "", controls.top_k,
                     (double)controls.top_p, (double)controls.min_p, (int)controls.order,
                     request->adjusted ? ", adjusted" : "");
    }
    destroy(&row);
    destroy(&judged);
    return good;
}

static bool check_row(const struct request *request, const struct results *results, int64_t index,
                      struct textbook_tally *tally, char *text, size_t text_bytes) {
    struct row_controls controls = request_controls(request, index);
    int64_t source = request_source(request, index);
    if (are_bad(&controls) || source < 0)
        return true;
    uint32_t status;
    float *values = oracle_values(request, index, source, &status);
    bool good = status & LOTTO_ROW_BAD_CONTROL ||
                check_values(request, results, index, source, values, tally, text, text_bytes);
    free(values);
    return good;
}

bool textbook_check(const struct request *request, const struct results *results,
                    struct textbook_tally *tally, char *text, size_t text_bytes) {
    const enum result needed[] = {SAMPLE_TOKENS, SAMPLE_KEPT, SAMPLE_PROB, SAMPLE_KEPT_MASS, SAMPLE_RANK};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!request->wanted[needed[i]])
            return true;
    for (int64_t index = 0; index < request->requests; index++)
        if (!check_row(request, results, index, tally, text, text_bytes))
            return false;
    return true;
}
