/*
 * sample: one token per row, by all controls.
 *
 * Shapes     logits [rows, vocab], seeds, positions [rows] -> tokens and, if asked for, status, kept, prob, logprob,
 *            model_logprob, kept_mass, rank [rows]
 * Grid       one team a row
 * Cost       one launch, one read of the logits
 * Order      ties by token id; integer sums: exact, whatever the launch
 * Reference  host/reference/sample.c
 * Source     Philox: Salmon et al., SC 2011, through cuRAND's device function
 */
#include "draw.cuh"
#include "launch.cuh"

#include <curand_philox4x32_x.h>

namespace lotto {
namespace {

__device__ uint64_t random_number(const lotto_draws &draws, int64_t row) {
    arith_philox counter = arith_counter(draws.positions[row], ARITH_DRAW_TOKEN, 0);
    uint64_t seed = draws.seeds[row];
    uint4 random =
        curand_Philox4x32_10(make_uint4(counter.word[0], counter.word[1], counter.word[2], counter.word[3]),
                             make_uint2(static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)));
    return arith_random({{random.x, random.y, random.z, random.w}});
}

template <typename T> __device__ void store(T *results, int64_t row, T value) {
    if (results)
        results[row] = value;
}

__device__ void store_nothing(const lotto_samples &samples, int64_t row) {
    store(samples.tokens, row, -1);
    store(samples.kept, row, 0);
    store(samples.prob, row, 0.0f);
    store(samples.logprob, row, -ARITH_INFINITY);
    store(samples.model_logprob, row, -ARITH_INFINITY);
    store(samples.kept_mass, row, 0.0f);
    store(samples.rank, row, 0);
}

/* What the thread that has the token tells. */
template <typename Logit>
__device__ void store_token(const Row<Logit> &row, const Summary &summary, const Kept &kept, Drawn drawn,
                            const lotto_samples &samples) {
    store(samples.tokens, row.index, drawn.token);
    if (samples.prob || samples.logprob) {
        float distance = summary.maximum - drawn.x;
        store(samples.prob, row.index, arith_prob(distance, kept.weight.scale, drawn.mass));
        store(samples.logprob, row.index, arith_logprob(distance, kept.temperature, drawn.mass));
    }
}

/* Whether a result is asked for that needs the whole team once more. */
bool wants_passes(const lotto_samples &samples) {
    return samples.kept || samples.kept_mass || samples.model_logprob || samples.rank;
}

/* What the logits say of a token before anything adjusts them, by two more reads of them. */
template <typename Logit, typename Store>
__device__ void store_unadjusted(Row<Logit> &row, int token, const lotto_samples &samples, Store store_one) {
    float x = row.logits[token], most = -ARITH_INFINITY;
    Prefix prefix(arith_key(x, token));
    uint32_t rank = 0;
    row.for_each_vector_of_batch([&](int id, const auto &other) {
        for (int i = 0; i < row.kPerVector; i++) {
            most = fmaxf(most, other[i]);
            rank += prefix.holds(other[i], id + i);
        }
    });
    if (samples.rank)
        store_one(samples.rank, static_cast<int32_t>(team_sum(row.team, warp_sum(rank))));
    if (!samples.model_logprob)
        return;
    float maximum =
        arith_of_ordered(static_cast<uint32_t>(team_max(row.team, warp_max(arith_ordered(most)))));
    uint64_t mass = 0;
    row.for_each_vector_of_batch([&](int, const auto &other) {
        for (float value : other)
            mass += arith_weight(arith_distance(value, maximum), arith_scale(1.0f));
    });
    mass = team_sum(row.team, warp_sum_of_lanes(mass));
    store_one(samples.model_logprob, arith_logprob(arith_distance(x, maximum), 1.0f, mass));
}

template <typename Logit>
__device__ void store_passes(Row<Logit> &row, const Summary &summary, const Kept &kept, Drawn drawn,
                             const lotto_samples &samples) {
    bool writes = row.team.leads() && threadIdx.x == 0;
    auto store_one = [&](auto *results, auto value) {
        if (writes)
            results[row.index] = value;
    };
    uint64_t all = arith_candidate_bound(summary.maximum);
    if (samples.kept)
        store_one(samples.kept, static_cast<int32_t>(measure_prefix(row, kept.bound, Count())));
    if (samples.kept_mass)
        store_one(samples.kept_mass, arith_mass_share(drawn.mass, measure_prefix(row, all, kept.weight)));
    if constexpr (Row<Logit>::kAdjusted) {
        if (samples.model_logprob || samples.rank)
            store_unadjusted(row, drawn.token, samples, store_one);
        return;
    }
    if (samples.model_logprob) {
        Weight at_one = {summary.maximum, arith_scale(1.0f)};
        store_one(samples.model_logprob,
                  arith_logprob(summary.maximum - drawn.x, 1.0f, measure_prefix(row, all, at_one)));
    }
    if (samples.rank)
        store_one(samples.rank,
                  static_cast<int32_t>(measure_prefix(row, arith_key(drawn.x, drawn.token), Count())));
}

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    sample_kernel(Shape shape, lotto_logits logits, lotto_draws draws, lotto_controls controls,
                  lotto_samples samples, bool takes_passes, typename Row<Logit>::Adjustments adjustments) {
    Row<Logit> row(logits, shape, adjustments);
    arith_controls row_controls = arith_row_controls(&controls, row.index);
    if (!row.kAdjusted && arith_is_greedy(row_controls) && !takes_passes && !row.fetches())
        return; /* who fetches finds the first token */
    prepare_guesses(row.team);
    Summary summary = summarize(row, adjustments, row_controls);
    if (row.team.leads() && threadIdx.x == 0) {
        store(samples.status, row.index, summary.status);
        if (summary.is_empty())
            store_nothing(samples, row.index);
    }
    if (summary.is_empty())
        return;

    Kept kept;
    Drawn drawn;
    if (arith_is_greedy(row_controls)) {
        kept = keep_all(summary, 1.0f);
        drawn = {first_token(row, summary), summary.maximum, uint64_t(1) << ARITH_WEIGHT_BITS};
    } else {
        kept = keep_some(row, summary, row_controls, controls.order);
        drawn = draw(row, kept,
                     [&](uint64_t mass) { return arith_target(random_number(draws, row.index), mass); });
    }
    if (drawn.token >= 0)
        store_token(row, summary, kept, drawn, samples);
    if (takes_passes) {
        publish(row, kept);
        if (drawn.token >= 0)
            *row.team.at_leader(&scratch().drawn) = drawn;
        drawn = row.team.from_leader(&scratch().drawn);
        if (arith_is_greedy(row_controls))
            kept.bound = arith_key(summary.maximum, drawn.token);
        store_passes(row, summary, kept, drawn, samples);
    }
    row.team.leave();
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_sample(const lotto_plan *plan, const lotto_logits *logits, const lotto_draws *draws,
                                const lotto_controls *controls, const lotto_samples *samples, void *workspace,
                                lotto_stream stream) {
    using namespace lotto;
    return with_adjustments(plan, logits->dtype, controls, workspace, [&](auto logit, auto adjustments) {
        return launch(plan, stream, sample_kernel<decltype(logit)>, *logits, *draws, *controls, *samples,
                      wants_passes(*samples), adjustments);
    });
}
