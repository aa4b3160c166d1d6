/*
 * sample: tokens of each row, by all controls.
 *
 * Shapes     logits [rows, vocab], seeds, positions [rows] -> tokens and, if asked for, prob, logprob, model_logprob, rank [rows, draws], status,
 *            kept, kept_mass, entropy [rows], top_ids, top_logprobs [rows, n]; rows: of logits, or requests for them
 * Grid       one team a row
 * Cost       one launch, one read of the logits; what is asked for beside a token and its probability has a kernel of its own (report.cuh)
 * Order      ties by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/sample.c
 * Source     Philox: Salmon et al., SC 2011, through cuRAND's device function
 */
#include "launch.cuh"
#include "report.cuh"

namespace lotto {
namespace {

/* What a row's draws come from. */
struct Seed {
    uint64_t seed, position;

    __device__ Seed(const lotto_draws &draws, int64_t row)
        : seed(draws.seeds[row]), position(draws.positions[row]) {}
    __device__ uint64_t number(int draw) const {
        return random_number(seed, position, ARITH_DRAW_TOKEN, draw);
    }
};

/* The leader's, of a row's only draw: to be made while the row comes, so that nothing waits for it later. By one thread of it. */
__device__ uint64_t &number_of_draw() {
    __shared__ uint64_t number;
    return number;
}

constexpr uint64_t kGreedyMass = uint64_t(1) << ARITH_WEIGHT_BITS;

/* One token of each row, with its probability. */
template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    sample_kernel(Shape shape, lotto_logits logits, const __grid_constant__ lotto_draws draws,
                  const __grid_constant__ lotto_controls controls,
                  const __grid_constant__ lotto_samples samples,
                  typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments);
    row.request();
    int64_t index = row.index();
    if (!row.kAdjusted && !row.fetches() && arith_row_temperature(&controls, index) < ARITH_GREEDY_BELOW)
        return; /* who fetches finds the first token */
    arith_controls row_controls = arith_row_controls(&controls, index);
    if (row.team.leads()) {
        prepare_guesses(row.team);
        if (threadIdx.x == kBlockThreads - 1) /* of a warp that has nothing to fetch, if there is one */
            number_of_draw() = Seed(draws, index).number(0);
    }
    Summary summary = summarize_and_sample(row, adjustments, row_controls);
    if (row.team.leads() && threadIdx.x == 0) {
        store(samples.status, index, summary.status());
        if (summary.is_empty())
            store_no_draw(samples, index);
    }
    if (summary.is_empty())
        return;

    Kept kept;
    Drawn drawn;
    if (arith_is_greedy(row_controls)) {
        kept = keep_all(summary, 1.0f);
        drawn = {first_token(row, summary), summary.maximum, kGreedyMass};
    } else {
        bool by_estimates = !samples.prob && !samples.logprob; /* they need the exact mass */
        auto target = [](uint64_t mass) { return arith_target(number_of_draw(), mass); };
        kept = keep_some(
            row, summary, true, row_controls, controls.order,
            [&](Weight judge, uint64_t judged) {
                return EstimatedWeight{judge, by_estimates && is_whole(judged)};
            },
            [&](uint64_t bound, const Weight &judge) {
                return draw_from_kept(row, KeptWeight(bound, judge), target) ? DRAWN : NOTHING;
            });
        drawn = draw(row, kept, by_estimates, target);
    }
    if (drawn.token >= 0)
        store_draw(samples, index, kept, drawn);
}

/* What the logits say of an adjusted row's tokens. A call, so that it takes no registers of what comes before. */
template <typename Logit>
__device__ __noinline__ void report_given(Row<Logit> given, Report report, bool lists) {
    Summary summary = summarize_again(given);
    report.model(given, summary, lists, false);
}

/* All that there is to tell. */
template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    report_kernel(Shape shape, lotto_logits logits, lotto_draws draws, lotto_controls controls,
                  const __grid_constant__ lotto_samples samples,
                  typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments, draws.logits_rows);
    Report report = {samples, static_cast<int>(row.index()), draws.count,
                     row.team.leads() && threadIdx.x == 0};
    arith_controls row_controls = arith_row_controls(&controls, row.index());
    arith_source source = arith_source_of(&logits, &draws, row.index());
    bool greedy = arith_is_greedy(row_controls);
    Seed seed(draws, row.index());
    prepare_guesses(row.team);
    Summary summary = source.status ? refuse(row, source.status) : summarize(row, adjustments, row_controls);
    if (report.writes)
        store(samples.status, row.index(), summary.status());
    if (summary.is_empty()) {
        if (row.team.leads())
            report.nothing();
        return;
    }

    Kept kept = keep(row, summary, row_controls, controls.order);
    uint64_t mass = kept_mass(row, kept);
    auto store_one = [&](int number, int token, float x) {
        store_draw(samples, report.draw(number), kept, {token, x, mass});
    };
    if (!greedy)
        draw_many(
            row, kept, draws.count, [&](int number) { return arith_target(seed.number(number), mass); },
            store_one);
    for (int number = threadIdx.x; greedy && row.team.leads() && number < draws.count;
         number += kBlockThreads)
        store_one(number, static_cast<int>(arith_key_id(kept.bound)), summary.maximum);

    report.kept(row, kept, mass);
    bool lists = samples.top_ids || samples.top_logprobs,
         lists_model = lists && samples.top_of == LOTTO_LOGPROBS_MODEL;
    if (lists && !lists_model)
        report.top_of(row, summary, kept, mass, false);
    if (samples.model_logprob || samples.rank || lists_model) {
        row.team.sync(); /* the tokens have been stored */
        if constexpr (Row<Logit>::kAdjusted) {
            report_given(Row<typename Row<Logit>::Source>(row), report, lists_model);
        } else {
            report.model(row, summary, lists_model, kept.known == LIST);
        }
    }
    row.team.leave();
}

bool wants_report(const lotto_draws &draws, const lotto_samples &samples) {
    return draws.count > 1 || draws.logits_rows || samples.kept || samples.kept_mass || samples.entropy ||
           samples.model_logprob || samples.rank || samples.top_ids || samples.top_logprobs;
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_sample(const lotto_plan *plan, const lotto_logits *logits, const lotto_draws *draws,
                                const lotto_controls *controls, const lotto_samples *samples, void *workspace,
                                lotto_stream stream) {
    using namespace lotto;
    bool reports = wants_report(*draws, *samples);
    return with_adjustments(plan, logits->dtype, controls, workspace, [&](auto logit, auto adjustments) {
        return launch(plan, stream, reports ? report_kernel<decltype(logit)> : sample_kernel<decltype(logit)>,
                      *logits, *draws, *controls, *samples, adjustments);
    });
}
