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

template <typename T, typename Logit> __device__ void store(T *results, const Row<Logit> &row, T value) {
    if (results && row.team.leads() && threadIdx.x == 0)
        results[row.index] = value;
}

template <typename Logit> __device__ void store_nothing(const lotto_samples &samples, const Row<Logit> &row) {
    store(samples.tokens, row, -1);
    store(samples.kept, row, 0);
    store(samples.prob, row, 0.0f);
    store(samples.logprob, row, -ARITH_INFINITY);
    store(samples.model_logprob, row, -ARITH_INFINITY);
    store(samples.kept_mass, row, 0.0f);
    store(samples.rank, row, 0);
}

/* What needs the whole team once more. */
__device__ bool wants_passes(const lotto_samples &samples) {
    return samples.kept || samples.kept_mass || samples.model_logprob || samples.rank;
}

template <typename Logit>
__device__ void store_token(const Row<Logit> &row, const Summary &summary, const Kept &kept, uint64_t mass,
                            int token, const lotto_samples &samples) {
    store(samples.tokens, row, token);
    if (samples.prob || samples.logprob) {
        float distance = summary.maximum - row[token];
        store(samples.prob, row, arith_prob(distance, kept.weight.scale, mass));
        store(samples.logprob, row, arith_logprob(distance, kept.temperature, mass));
    }
}

template <typename Logit>
__device__ void store_passes(Row<Logit> &row, const Summary &summary, const Kept &kept, uint64_t mass,
                             int token, const lotto_samples &samples) {
    float x = row[token];
    uint64_t all = arith_candidate_bound(summary.maximum);
    if (samples.kept)
        store(samples.kept, row, static_cast<int32_t>(measure_prefix(row, kept.bound, Count())));
    if (samples.kept_mass)
        store(samples.kept_mass, row, arith_mass_share(mass, measure_prefix(row, all, kept.weight)));
    if (samples.model_logprob) {
        Weight at_one = {summary.maximum, arith_scale(1.0f)};
        store(samples.model_logprob, row,
              arith_logprob(summary.maximum - x, 1.0f, measure_prefix(row, all, at_one)));
    }
    if (samples.rank)
        store(samples.rank, row, static_cast<int32_t>(measure_prefix(row, arith_key(x, token), Count())));
}

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads)
    sample_kernel(Shape shape, lotto_logits logits, lotto_draws draws, lotto_controls controls,
                  lotto_samples samples) {
    Row<Logit> row(logits, shape);
    arith_controls row_controls = arith_row_controls(&controls, row.index);
    Summary summary = summarize(row, row_controls);
    store(samples.status, row, summary.status);
    if (summary.is_empty())
        return store_nothing(samples, row);

    Kept kept = keep(row, summary, row_controls, controls.order);
    uint64_t mass = arith_weight(0.0f, kept.weight.scale);
    int token = static_cast<int>(arith_key_id(kept.bound));
    if (!arith_is_greedy(row_controls)) {
        draw(row, kept, [&](uint64_t mass) { return arith_target(random_number(draws, row.index), mass); });
        if (!row.team.leads() && !wants_passes(samples))
            return;
        mass = *row.team.at_leader(&scratch().mass);
        token = *row.team.at_leader(&scratch().token);
    }
    store_token(row, summary, kept, mass, token, samples);
    if (wants_passes(samples)) {
        store_passes(row, summary, kept, mass, token, samples);
        row.team.sync(); /* the leader's shared memory is read until here */
    }
}

} // namespace
} // namespace lotto

cudaError_t lotto_launch_sample(const lotto_plan *plan, const lotto_logits *logits, const lotto_draws *draws,
                                const lotto_controls *controls, const lotto_samples *samples,
                                lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, sample_kernel<decltype(logit)>, *logits, *draws, *controls, *samples);
    });
}
