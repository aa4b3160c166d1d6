/*
 * sample: one token per row, by all controls.
 *
 * Shapes     logits [rows, vocab], seeds, positions [rows] -> tokens and, if asked for, status, kept, prob, logprob,
 *            model_logprob, kept_mass, rank [rows]
 * Grid       one block a row
 * Cost       one launch; reads of the logits: greedy 1, else 3 and a little, top-k 5 more, top-p 6 more; kept, rank,
 *            kept_mass and model_logprob one more each when asked for
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
    if (results && threadIdx.x == 0)
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

template <typename Logit>
__device__ void store_report(const Row<Logit> &row, const Summary &summary, const Kept &kept,
                             uint64_t kept_mass, int token, const lotto_samples &samples, int64_t index) {
    float distance = arith_distance(row[token], summary.maximum());
    if (samples.prob)
        store(samples.prob, index, arith_prob(distance, kept.weight.scale, kept_mass));
    if (samples.logprob)
        store(samples.logprob, index, arith_logprob(distance, kept.temperature, kept_mass));
    if (samples.kept)
        store(samples.kept, index, static_cast<int32_t>(measure_prefix(row, kept.bound, Count())));
    if (samples.kept_mass)
        store(samples.kept_mass, index, mass_share(row, kept, kept_mass));
    if (samples.model_logprob) {
        Weight at_one = {summary.maximum(), arith_scale(1.0f)};
        uint64_t mass = measure_prefix(row, arith_candidate_bound(summary.maximum()), at_one);
        store(samples.model_logprob, index, arith_logprob(distance, 1.0f, mass));
    }
    if (samples.rank) {
        uint64_t key = arith_key(row[token], token);
        store(samples.rank, index, static_cast<int32_t>(measure_prefix(row, key, Count())));
    }
}

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads)
    sample_kernel(lotto_logits logits, lotto_draws draws, lotto_controls controls, lotto_samples samples) {
    int64_t index = blockIdx.x;
    Row<Logit> row(logits, index);
    arith_controls row_controls = arith_row_controls(&controls, index);
    Summary summary = summarize(row, row_controls);
    store(samples.status, index, summary.status());
    if (summary.candidates() == 0)
        return store_nothing(samples, index);

    Kept kept = keep(row, summary, row_controls, controls.order);
    uint64_t kept_mass = arith_weight(0.0f, kept.weight.scale);
    int token = static_cast<int>(arith_key_id(summary.first_key));
    if (!arith_is_greedy(row_controls)) {
        kept_mass = measure_prefix(row, kept.bound, kept.weight);
        token = draw(row, kept, arith_target(random_number(draws, index), kept_mass));
    }
    store(samples.tokens, index, token);
    store_report(row, summary, kept, kept_mass, token, samples, index);
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
