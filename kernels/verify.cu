/*
 * verify: which of a sequence's drafts the target model accepts, and the token behind them.
 *
 * Shapes     logits [sequences, n + 1, vocab], drafts [sequences, n] and, if they were drawn, their probs [sequences, n, vocab] -> tokens
 *            [sequences, n + 1] and, if asked for, accepted, status [sequences]
 * Grid       one team a row of logits, which judges the draft behind it on its own; the last of a sequence's rows to be judged concludes
 * Cost       one launch, behind clearing a word a sequence; one read of the logits, a draft's probabilities where it is rejected, for tokens that are kept.
 *            Beside what sample does: one barrier to judge, for a rejected draft one pass over what is on chip.
 * Order      by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/verify.c
 * Source     Leviathan et al., ICML 2023; Chen et al., 2023
 */
#include "draw.cuh"
#include "launch.cuh"

namespace lotto {
namespace {

constexpr int32_t kAccepted = -2; /* in place of the token that ends a sequence */

/* What the rows of a call say, each of its own draft. */
struct Verdicts {
    int32_t *tokens;   /* [rows]: kAccepted, or what ends the sequence; -1: no token does */
    uint32_t *status;  /* [rows] */
    uint32_t *arrived; /* [sequences]: of its rows, so many have been judged */
};

/* By one thread, once all rows of the sequence have been judged. */
__device__ void conclude(const arith_step &step, int count, const Verdicts &verdicts,
                         const lotto_verified &verified) {
    int64_t first = step.sequence * (count + 1);
    int place = 0;
    uint32_t status = verdicts.status[first];
    for (; verdicts.tokens[first + place] == kAccepted; place++) {
        verified.tokens[first + place] = step.drafts[place];
        status |= verdicts.status[first + place + 1];
    }
    verified.tokens[first + place] = verdicts.tokens[first + place];
    for (int rest = place + 1; rest <= count; rest++)
        verified.tokens[first + rest] = -1;
    if (verified.accepted)
        verified.accepted[step.sequence] = place;
    if (verified.status)
        verified.status[step.sequence] = status;
}

/* One row's verdict, by one thread of its team; its status has been stored. A call, so that it takes no registers of what comes before. */
__device__ __noinline__ void end_row(const lotto_drafts &drafts, int64_t row, int32_t token,
                                     const Verdicts &verdicts, const lotto_verified &verified) {
    arith_step step = arith_step_of(&drafts, row);
    verdicts.tokens[row] = token;
    __threadfence();
    if (atomicAdd(&verdicts.arrived[step.sequence], 1u) == static_cast<uint32_t>(step.length)) {
        __threadfence();
        conclude(step, drafts.count, verdicts, verified);
    }
}

/* A draft's distribution, in units of the target's weights. */
struct Draft {
    int token;
    const float *probs; /* NULL: it was certain */
    uint64_t mass;

    __device__ uint64_t operator()(int id) const {
        return probs ? arith_draft_mass(probs[id], mass) : id == token ? mass : 0;
    }
};

/* What the target has more of. */
struct Residual {
    KeptWeight weight;
    Draft draft;

    __device__ uint64_t operator()(float x, int id) const {
        return weight.prefix.holds(x, id) ? arith_residual(weight.weight(x), draft(id)) : 0;
    }
};

/* Whether the target accepts a draft, of which number(purpose) is the random number. */
template <typename Logit, typename Number>
__device__ bool accepts(Row<Logit> &row, const Kept &kept, const Draft &draft, Number number) {
    int place = draft.token - row.first_id;
    bool judges = place >= 0 && place < row.part_vectors * row.kPerVector && warp_in_block() == 0;
    uint64_t accepted = 0;
    if (judges)
        accepted = arith_accepts(number(ARITH_ACCEPT), draft(draft.token),
                                 KeptWeight(kept)(row.value_of(draft.token), draft.token));
    return team_max(row.team, accepted) != 0;
}

/* Tells the leader what each run has of the residual, in scratch().beyond; returns all. */
template <typename Logit> __device__ uint64_t measure_residual(Row<Logit> &row, const Residual &residual) {
    uint64_t own = 0;
    row.for_each_between(residual.weight.prefix.last, residual.weight.weight.maximum,
                         [&](int id, float x) { own += residual(x, id); });
    uint64_t of_run = warp_sum_of_lanes(own);
    if (lane() == 0)
        leaders_scratch(row.team).beyond[row.team.warp()] = of_run;
    return team_sum(row.team, of_run);
}

/* The token in place of a rejected draft: act(0, token, working value), by one thread. */
template <typename Logit, typename Number, typename Act>
__device__ void replace(Row<Logit> &row, Kept &kept, const Draft &draft, Number number, Act act) {
    Residual residual = {KeptWeight(kept), draft};
    uint64_t mass = measure_residual(row, residual);
    auto target = [&](int) { return arith_target(number(ARITH_DRAW_RESIDUAL), mass); };
    if (mass > 0)
        return draw_from_runs(row, residual, 1, target, act);
    if (kept.known == RUNS)
        kept.known = NOTHING; /* those of the residual lie in their place */
    mass = kept_mass(row, kept);
    draw_many(row, kept, 1, target, act);
}

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    verify_kernel(Shape shape, lotto_logits logits, const __grid_constant__ lotto_drafts drafts,
                  lotto_draws draws, lotto_controls controls, const __grid_constant__ lotto_verified verified,
                  const __grid_constant__ Verdicts verdicts, typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments, draws.logits_rows);
    arith_step step = arith_step_of(&drafts, row.index());
    if (step.index > step.length) {
        refuse(row);
        return;
    }
    arith_source source = arith_source_of(&logits, &draws, row.index());
    uint32_t unread = source.status ? source.status : step.status;
    arith_controls row_controls = arith_row_controls(&controls, step.sequence);
    prepare_guesses(row.team);
    Summary summary = unread ? refuse(row, unread)
                             : summarize(row, adjustments, row_controls, arith_step_place(step, row.index()));
    bool writes = row.team.leads() && threadIdx.x == 0;
    auto end = [&](int, int token, float) { end_row(drafts, row.index(), token, verdicts, verified); };
    if (writes)
        verdicts.status[row.index()] = summary.status();
    if (summary.is_empty()) {
        if (writes)
            end(0, -1, 0);
        return;
    }

    Kept kept = keep(row, summary, row_controls, controls.order);
    Draft draft = {step.index < step.length ? step.drafts[step.index] : -1, arith_step_probs(&drafts, step),
                   0};
    bool is_token = draft.token >= 0 && draft.token < row.vocab;
    if (writes && step.index < step.length && !is_token)
        verdicts.status[row.index()] |= LOTTO_ROW_BAD_ID;
    if (arith_is_greedy(row_controls)) {
        int first = static_cast<int>(arith_key_id(kept.bound));
        if (writes)
            end(0, draft.token == first ? kAccepted : first, 0);
        return row.team.leave();
    }
    draft.mass = kept_mass(row, kept);
    auto number = [&](arith_purpose purpose) {
        return random_number(draws.seeds[step.sequence], arith_step_position(&draws, step), purpose, 0);
    };
    if (!is_token)
        draw_many(
            row, kept, 1, [&](int) { return arith_target(number(ARITH_DRAW_TOKEN), draft.mass); }, end);
    else if (!accepts(row, kept, draft, number))
        replace(row, kept, draft, number, end);
    else if (writes)
        end(0, kAccepted, 0);
    row.team.leave();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_verify(const lotto_plan *plan, const lotto_logits *logits,
                                const lotto_drafts *drafts, const lotto_draws *draws,
                                const lotto_controls *controls, const lotto_verified *verified,
                                void *workspace, lotto_stream stream) {
    using namespace lotto;
    size_t rows = plan->blocks / plan->team_blocks, sequences = rows / static_cast<size_t>(drafts->count + 1);
    uint32_t *words =
        reinterpret_cast<uint32_t *>(static_cast<char *>(workspace) + rows * plan->workspace_row_bytes);
    Verdicts verdicts = {reinterpret_cast<int32_t *>(words), words + rows,
                         words + rows * LOTTO_VERIFY_ROW_WORDS};
    cudaError_t error = cudaMemsetAsync(verdicts.arrived, 0, sequences * sizeof *verdicts.arrived, stream);
    if (error != cudaSuccess)
        return error;
    return with_adjustments(plan, logits->dtype, controls, workspace, [&](auto logit, auto adjustments) {
        return launch(plan, stream, verify_kernel<decltype(logit)>, *logits, *drafts, *draws, *controls,
                      *verified, verdicts, adjustments);
    });
}
