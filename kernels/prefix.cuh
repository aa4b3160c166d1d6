/*
 * Prefixes of a row's order, and how every filter is one.
 *
 * A prefix is given by a bound: it holds the tokens whose key is at least the bound. The shorter of two prefixes has the larger
 * bound, so filters combine by taking the maximum.
 */
#ifndef LOTTO_PREFIX_CUH
#define LOTTO_PREFIX_CUH

#include "row.cuh"

namespace lotto {

/* Measures: what a token counts for in a prefix. */
struct Count {
    static constexpr bool kCounts = true, kEstimated = false, by_estimates = false;
    static constexpr bool kNoneWithoutCandidate = false; /* what is no candidate measures nothing */
    __device__ uint64_t operator()(float) const { return 1; }
};
struct Weight {
    static constexpr bool kCounts = false, kEstimated = false, by_estimates = false;
    static constexpr bool kNoneWithoutCandidate = true;
    float maximum, scale;
    __device__ uint64_t operator()(float x) const { return arith_weight(maximum - x, scale); }
};

/* What a token adds to the entropy. */
struct Surprise {
    static constexpr bool kCounts = false, kEstimated = false, by_estimates = false;
    static constexpr bool kNoneWithoutCandidate = true;
    Weight weight;
    __device__ uint64_t operator()(float x) const { return arith_surprise(weight.maximum - x, weight.scale); }
};

/* The prefix of all candidates, by its bound. If +inf is a candidate, only that is: then the others count as -inf, and it as 0. */
__device__ inline uint64_t whole() { return arith_candidate_bound(0.0f); }
__device__ inline bool is_whole(uint64_t bound) { return bound == whole(); }

/* What a prefix is to reach: a number of tokens, or a share of the mass. */
struct Goal {
    float tokens, mass_share;

    __device__ uint64_t target(uint64_t mass) const {
        return tokens > 0.0f ? static_cast<uint64_t>(tokens) : arith_top_p_mass(mass_share, mass);
    }
};

/* Tokens whose key is at least the bound, told from their working value, and from their id where they tie with the last of them. */
struct Prefix {
    float last;
    uint32_t last_id;

    __device__ explicit Prefix(uint64_t bound) : last(arith_key_value(bound)), last_id(arith_key_id(bound)) {}
    __device__ bool holds(float x, int id) const {
        return (x > last) | ((x == last) & (static_cast<uint32_t>(id) <= last_id)); /* without branches */
    }
};

constexpr uint32_t kOrderedMinusZero = 0x7fffffffu;

/* The next ordered value up, and down, that is a float's: none has the place of -0, which as a float would be that of +0. */
__device__ inline uint32_t ordered_above(uint32_t value) {
    return value + 1 == kOrderedMinusZero ? value + 2 : value + 1;
}
__device__ inline uint32_t ordered_below(uint32_t value) {
    return value - 1 == kOrderedMinusZero ? value - 2 : value - 1;
}

/* sum += own if x > value: under a predicate, where the compiler would first choose what to add. */
__device__ inline void add_if_greater(uint64_t &sum, uint64_t own, float x, float value) {
    asm("{ .reg .pred is_greater; setp.gt.f32 is_greater, %2, %3; @is_greater add.u64 %0, %0, %1; }"
        : "+l"(sum)
        : "l"(own), "f"(x), "f"(value));
}

/* The warp's share of what a prefix measures; every lane gets it. */
template <typename Logit, typename Measure>
__device__ uint64_t measure_run(const Row<Logit> &row, uint64_t bound, Measure measure) {
    Prefix prefix(bound);
    int first = row.id_of(row.begin()), behind = row.id_of(row.end()),
        last = static_cast<int>(prefix.last_id);
    bool holds_ties = first >= 0 && behind <= last + 1;
    uint64_t own = 0;
    if (Measure::kNoneWithoutCandidate && is_whole(bound)) {
        row.for_each_vector([&](int, const auto &x) {
            for (float value : x)
                own += measure(value);
        });
    } else if (prefix.last > -ARITH_INFINITY && (holds_ties || first > last)) {
        float below = holds_ties ? arith_of_ordered(ordered_below(arith_ordered(prefix.last))) : prefix.last;
        row.for_each_vector([&](int, const auto &x) {
            for (float value : x)
                add_if_greater(own, measure(value), value, below);
        });
    } else {
        row.template for_each_vector<8>([&](int id, const auto &x) {
            for (int i = 0; i < row.kPerVector; i++)
                own += prefix.holds(x[i], id + i) ? measure(x[i]) : 0;
        });
    }
    return warp_sum_of_lanes(own);
}

/* What a prefix measures. */
template <typename Logit, typename Measure>
__device__ uint64_t measure_prefix(Row<Logit> &row, uint64_t bound, Measure measure) {
    return team_sum(row.team, measure_run(row, bound, measure));
}

/* The place of a token in the order of all the row's tokens as the batch has them, 1 for the first. */
template <typename Logit> __device__ int rank_of(Row<Logit> &row, int token) {
    uint64_t key = arith_key(arith_without_nan(row.logits[token]), token);
    if (!row.kAdjusted && !row.has_infinity)
        return static_cast<int>(measure_prefix(row, key, Count()));
    Prefix prefix(key); /* working values are others */
    uint32_t rank = 0;
    row.for_each_vector_of_batch([&](int id, const auto &x) {
        for (int i = 0; i < row.kPerVector; i++)
            rank += prefix.holds(x[i], id + i);
    });
    return static_cast<int>(team_sum(row.team, warp_sum(rank)));
}

/* In which warp's run a sum over the runs passes a target, what is left of the target there, and how far that may be off. */
struct Place {
    uint64_t rest, error;
    int warp, exact; /* exact: the error is 0 */

    __device__ int block() const { return static_cast<int>(static_cast<unsigned>(warp) / kBlockWarps); }
};

/* By one whole warp; of_run(warp) for each warp of the team; target < their sum. Every lane gets the result. */
template <typename OfRun> __device__ Place find_run(int warps, uint64_t target, OfRun of_run) {
    constexpr int kPerLane = kMaxTeamWarps / kWarpThreads;
    uint64_t sum = 0;
    for (int i = 0; i < kPerLane; i++) {
        int warp = lane() * kPerLane + i;
        sum += warp < warps ? of_run(warp) : 0;
    }
    uint64_t before = sum;
    for (int distance = 1; distance < kWarpThreads; distance *= 2) {
        uint64_t other = __shfl_up_sync(kWholeWarp, before, distance);
        before += lane() >= distance ? other : 0;
    }
    before -= sum;
    int holder = __ffs(__ballot_sync(kWholeWarp, before <= target && target < before + sum)) - 1;
    Place place = {target - before, 0, lane() * kPerLane, true};
    if (lane() == holder)
        while (place.rest >= of_run(place.warp))
            place.rest -= of_run(place.warp++);
    return {__shfl_sync(kWholeWarp, place.rest, holder), 0, __shfl_sync(kWholeWarp, place.warp, holder),
            true};
}

/* A token, and its working value. */
struct Located {
    int token;
    float x;
};

/*
 * The first token, in id order, of a run at which the sum of measure(x, id) over the run's tokens passes a target; -1 if that is not certain.
 * of_vector(working values, first id): the same of a vector's, perhaps an estimate. By a whole block, the run's own or another while that is there; every
 * thread gets the result.
 */
template <typename Logit, typename Measure, typename OfVector>
__device__ Located locate(const Row<Logit> &seen, Place place, Measure measure, OfVector of_vector) {
    Row<Logit> row = seen.seen_from(place.block());
    const uint4 *part = row.held_there();
    int run = place.warp % kBlockWarps, begin = row.run_begin(run), length = row.run_begin(run + 1) - begin;
    int first = begin + share(length, threadIdx.x, kBlockThreads);
    int last = begin + share(length, threadIdx.x + 1, kBlockThreads);
    float x[Row<Logit>::kPerVector];
    uint64_t own = 0;
    for (int vector = first; vector < last; vector++) {
        row.values_in(part, vector, x);
        own += of_vector(x, row.id_of(vector));
    }
    __shared__ Located located;
    uint64_t before = block_sum_before(own);
    bool is_last = threadIdx.x == kBlockThreads - 1;
    if (before <= place.rest && (place.rest < before + own || is_last)) {
        uint64_t begin = before, end = before;
        Located found = {-1, 0};
        for (int vector = first; vector < last && end <= place.rest; vector++) {
            row.values_in(part, vector, x);
            for (int i = 0; i < row.kPerVector && end <= place.rest; i++) {
                found = {row.id_of(vector) + i, x[i]};
                begin = end;
                end += measure(found.x, found.token);
            }
        }
        bool sure = end > place.rest && place.rest - begin >= place.error && end - place.rest > place.error;
        located = {sure ? found.token : -1, found.x};
    }
    __syncthreads();
    return located;
}
template <typename Logit, typename Measure>
__device__ Located locate(const Row<Logit> &row, Place place, Measure measure) {
    return locate(row, place, measure, [&](const auto &x, int id) {
        uint64_t sum = 0;
        for (int i = 0; i < row.kPerVector; i++)
            sum += measure(x[i], id + i);
        return sum;
    });
}

} // namespace lotto

#endif
