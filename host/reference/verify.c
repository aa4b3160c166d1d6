#include "reference.h"
#include "row.h"

/* What a target row says of the draft behind it. */
struct verdict {
    bool accepts;
    int32_t token; /* the draft, if it is accepted; -1: none */
    uint32_t status;
};

/* A drafted token's distribution, in units of the target's weights. */
struct draft {
    int32_t token;
    const float *probs; /* NULL: it was certain */
    uint64_t mass;
};

static uint64_t draft_mass(const struct draft *draft, int64_t id) {
    if (draft->probs)
        return arith_draft_mass(draft->probs[id], draft->mass);
    return id == draft->token ? draft->mass : 0;
}

static uint64_t residual(const struct lotto_reference_row *row, const struct lotto_reference_kept *kept,
                         const struct draft *draft, int64_t id) {
    return arith_residual(lotto_reference_kept_weight(row, kept, id), draft_mass(draft, id));
}

/* From what the target has more of than the draft; from the target, if that is nothing. */
static int32_t draw_residual(const struct lotto_reference_row *row, const struct lotto_reference_kept *kept,
                             const struct draft *draft, uint64_t random) {
    uint64_t all = 0, sum = 0;
    for (int64_t id = 0; id < row->vocab; id++)
        all += residual(row, kept, draft, id);
    if (all == 0)
        return lotto_reference_draw(row, kept, arith_target(random, kept->mass));
    for (int64_t id = 0;; id++) {
        sum += residual(row, kept, draft, id);
        if (sum > arith_target(random, all))
            return (int32_t)id;
    }
}

static struct verdict judge(const struct lotto_reference_row *row, const struct lotto_reference_kept *kept,
                            const struct draft *draft, uint64_t seed, uint64_t position) {
    uint64_t weight = lotto_reference_kept_weight(row, kept, draft->token);
    uint64_t accept = lotto_reference_random(seed, position, ARITH_ACCEPT, 0);
    if (arith_accepts(accept, draft_mass(draft, draft->token), weight))
        return (struct verdict){true, draft->token, row->status};
    uint64_t random = lotto_reference_random(seed, position, ARITH_DRAW_RESIDUAL, 0);
    return (struct verdict){false, draw_residual(row, kept, draft, random), row->status};
}

static struct verdict verify_row(const lotto_logits *logits, const lotto_drafts *drafts,
                                 const lotto_draws *draws, const lotto_controls *controls, int64_t index,
                                 void *workspace) {
    struct arith_step step = arith_step_of(drafts, index);
    struct arith_source source = arith_source_of(logits, draws, index);
    uint32_t unread = source.status ? source.status : step.status;
    struct lotto_reference_row row = lotto_reference_unread(logits, unread);
    if (!unread)
        row =
            lotto_reference_read_for(logits, source.row, controls, arith_step_place(step, index), workspace);
    if (row.candidates == 0)
        return (struct verdict){false, -1, row.status};

    struct lotto_reference_kept kept =
        lotto_reference_keep(&row, arith_row_controls(controls, step.sequence), controls->order);
    uint64_t seed = draws->seeds[step.sequence], position = arith_step_position(draws, step);
    if (step.index < step.length) {
        struct draft draft = {step.drafts[step.index], arith_step_probs(drafts, step), kept.mass};
        if (draft.token >= 0 && draft.token < row.vocab)
            return judge(&row, &kept, &draft, seed, position);
        row.status |= LOTTO_ROW_BAD_ID;
    }
    uint64_t random = lotto_reference_random(seed, position, ARITH_DRAW_TOKEN, 0);
    int32_t token = lotto_reference_draw(&row, &kept, arith_target(random, kept.mass));
    return (struct verdict){false, token, row.status};
}

void lotto_reference_verify(const lotto_logits *logits, const lotto_drafts *drafts, const lotto_draws *draws,
                            const lotto_controls *controls, const lotto_verified *verified, void *workspace) {
    int64_t places = drafts->count + 1, sequences = arith_requests(logits, draws) / places;
    for (int64_t sequence = 0; sequence < sequences; sequence++) {
        int32_t *tokens = verified->tokens + sequence * places, accepted = 0;
        struct verdict verdict = {true, -1, 0};
        uint32_t status = 0;
        for (int32_t place = 0; verdict.accepts; place++) {
            verdict = verify_row(logits, drafts, draws, controls, sequence * places + place, workspace);
            tokens[place] = verdict.token;
            status |= verdict.status;
            accepted += verdict.accepts;
        }
        for (int32_t place = accepted + 1; place < places; place++)
            tokens[place] = -1;
        if (verified->accepted)
            verified->accepted[sequence] = accepted;
        if (verified->status)
            verified->status[sequence] = status;
    }
}
