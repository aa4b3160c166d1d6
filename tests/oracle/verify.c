#include "tests/oracle/verify.h"

#include "tests/oracle/answer.h"
#include "tests/rows/adjustments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t oracle_draft_mass(float prob, uint64_t mass) {
    if (!(prob > 0))
        return 0;
    if (prob >= 1)
        return mass;
    int exponent;
    uint64_t digits =
        (uint64_t)ldexp(frexp((double)prob, &exponent), 24); /* prob = digits * 2^(exponent - 24) */
    int shift = 64 - 24 + exponent;
    uint64_t of_2_64 = shift >= 0 ? digits << shift : shift > -64 ? digits >> -shift : 0;
    return oracle_high_product(of_2_64, mass);
}

/* One target row: behind `place` drafts of a sequence. */
struct step {
    const struct request *request;
    int64_t sequence;
    int32_t place, length;
};

static const int32_t *drafts_of(struct step step) {
    return step.request->drafts + step.sequence * step.request->draft_count;
}

/* The sequence's adjustments with the drafts before the place in its history; *history is to be freed. */
static lotto_adjustments adjustments_at(struct step step, int32_t **history, int32_t *history_length) {
    const lotto_adjustments *all = &step.request->adjustments;
    lotto_adjustments of_row = adjustments_of_row(all, step.sequence);
    int64_t row = step.sequence * (step.request->draft_count + 1) + step.place;
    int64_t mask_row = all->allowed_rows ? all->allowed_rows[row] : row;
    if (all->allowed)
        of_row.allowed = mask_row < 0 ? NULL : all->allowed + mask_row * all->allowed_stride;
    *history = NULL;
    if (!of_row.history.ids || of_row.history.lengths[0] < 0 ||
        of_row.history.lengths[0] > of_row.history.stride)
        return of_row;
    int32_t length = of_row.history.lengths[0];
    if (of_row.prompt_lengths && (of_row.prompt_lengths[0] < 0 || of_row.prompt_lengths[0] > length))
        return of_row;
    *history = malloc(((size_t)length + (size_t)step.place + 1) * sizeof **history);
    if (*history == NULL)
        abort();
    memcpy(*history, of_row.history.ids, (size_t)length * sizeof **history);
    for (int32_t i = 0; i < step.place; i++)
        (*history)[length + i] = drafts_of(step)[i];
    *history_length = length + step.place;
    of_row.history = (lotto_id_lists){*history, *history_length, history_length};
    return of_row;
}

static struct oracle_row row_at(struct step step, int64_t source) {
    if (!step.request->adjusted)
        return oracle_adjusted_row(step.request, source, NULL);
    int32_t *history, history_length;
    lotto_adjustments of_row = adjustments_at(step, &history, &history_length);
    struct oracle_row row = oracle_adjusted_row(step.request, source, &of_row);
    free(history);
    return row;
}

/* Of each token of the row, by id: what is kept of it, and what the draft has of that. */
struct masses {
    uint64_t *target, *draft;
};

static struct masses masses_of(struct step step, const struct oracle_row *row, const struct oracle_set *set) {
    const struct request *request = step.request;
    size_t bytes = (size_t)row->vocab * sizeof(uint64_t);
    struct masses masses = {calloc(1, bytes), calloc(1, bytes)};
    if (!masses.target || !masses.draft)
        abort();
    for (int64_t place = 0; place < set->kept; place++)
        masses.target[row->order[place]] = set->greedy ? (uint64_t)1 << 40 : set->weight[place];
    uint64_t all = set->greedy ? (uint64_t)1 << 40 : set->kept_mass;
    if (!request->draft_probs) {
        masses.draft[drafts_of(step)[step.place]] = all;
        return masses;
    }
    const float *probs =
        request->draft_probs + (step.sequence * request->draft_count + step.place) * request->draft_stride;
    for (int64_t id = 0; id < row->vocab; id++)
        masses.draft[id] = oracle_draft_mass(probs[id], all);
    return masses;
}

static uint64_t total(const uint64_t *masses, int64_t vocab) {
    uint64_t sum = 0;
    for (int64_t id = 0; id < vocab; id++)
        sum += masses[id];
    return sum;
}

static int32_t token_at(const uint64_t *masses, uint64_t target) {
    int32_t id = 0;
    for (uint64_t sum = masses[0]; sum <= target;)
        sum += masses[++id];
    return id;
}

/* Whether the draft of the place is accepted; if not, what stands in its place. */
static bool is_accepted(struct step step, const struct oracle_row *row, const struct oracle_set *set,
                        int32_t *token) {
    uint64_t seed = step.request->seeds[step.sequence],
             position = step.request->positions[step.sequence] + (uint64_t)step.place;
    struct masses masses = masses_of(step, row, set);
    int32_t draft = drafts_of(step)[step.place];
    bool accepted =
        oracle_high_product(oracle_random(seed, position, 1, 0), masses.draft[draft]) < masses.target[draft];
    if (!accepted) {
        for (int64_t id = 0; id < row->vocab; id++)
            masses.draft[id] =
                masses.target[id] > masses.draft[id] ? masses.target[id] - masses.draft[id] : 0;
        uint64_t rest = total(masses.draft, row->vocab);
        const uint64_t *drawn = rest ? masses.draft : masses.target;
        *token = token_at(drawn, oracle_high_product(oracle_random(seed, position, 2, 0),
                                                     rest ? rest : total(drawn, row->vocab)));
    }
    free(masses.target);
    free(masses.draft);
    return accepted;
}

/* Whether the sequence goes on behind this place; *token is what stands there. */
static bool goes_on(struct step step, int32_t *token, uint32_t *status) {
    const struct request *request = step.request;
    int64_t source = request_target(request, step.sequence * (request->draft_count + 1) + step.place);
    *token = -1;
    if (source < 0 || step.length < 0) {
        *status |= source < 0 ? (uint32_t)-source : LOTTO_ROW_BAD_CONTROL;
        return false;
    }
    struct oracle_row row = row_at(step, source);
    struct oracle_set set = oracle_keep(&row, oracle_controls_of(request, step.sequence));
    bool accepted = false;
    *status |= set.status;
    if (set.kept > 0) {
        bool is_drafted = step.place < step.length;
        int32_t draft = is_drafted ? drafts_of(step)[step.place] : -1;
        bool is_token = draft >= 0 && draft < row.vocab;
        if (is_token && is_accepted(step, &row, &set, token)) {
            accepted = true;
            *token = draft;
        } else if (!is_token) {
            *status |= is_drafted ? LOTTO_ROW_BAD_ID : 0;
            *token = row.order[oracle_draw(&row, &set, request->seeds[step.sequence],
                                           request->positions[step.sequence] + (uint64_t)step.place, 0)];
        }
    }
    oracle_set_destroy(&set);
    oracle_row_destroy(&row);
    return accepted;
}

void oracle_verify(const struct request *request, struct results *results) {
    int64_t places = request->draft_count + 1;
    for (int64_t sequence = 0; sequence < request->sequences && request->wanted[VERIFY_TOKENS]; sequence++) {
        uint32_t *tokens = results->array[VERIFY_TOKENS] + sequence * places, status = 0;
        struct step step = {request, sequence, 0, request->draft_count};
        if (request->draft_lengths)
            step.length = request->draft_lengths[sequence];
        if (step.length > request->draft_count)
            step.length = -1;
        int32_t token;
        bool on = true;
        for (int32_t place = 0; place < places; place++)
            tokens[place] = (uint32_t)-1;
        for (; on; step.place++) {
            on = goes_on(step, &token, &status);
            tokens[step.place] = (uint32_t)token;
        }
        if (request->wanted[VERIFY_ACCEPTED])
            results->array[VERIFY_ACCEPTED][sequence] = (uint32_t)step.place - 1;
        if (request->wanted[VERIFY_STATUS])
            results->array[VERIFY_STATUS][sequence] = status;
    }
}
