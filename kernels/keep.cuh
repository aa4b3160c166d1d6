/*
 * What a row keeps: every filter is a bound, the largest wins.
 *
 * A small top-k leaves a list of the first tokens, and in it the other filters are prefix sums and searches. Without one, top-p walks to its cut
 * on its own (cut.cuh).
 */
#ifndef LOTTO_KEEP_CUH
#define LOTTO_KEEP_CUH

#include "adjust.cuh"
#include "cut.cuh"

namespace lotto {

/* Up to so many tokens top-k goes by the lanes' maxima, and its list is short. */
constexpr int kSmallTopK = kListPlaces / 2;

/* What is kept of a row. */
struct Kept {
    uint64_t bound;
    float temperature; /* at which its weights are taken; greedy: 1 */
    Weight weight;
    Known known; /* to the leader; LIST: the bound, too, to it alone before publish() */
};

/* The least key that min-p keeps, as arith_min_p_bound finds it, by the block's first warp. By the whole block, once. */
__device__ inline uint64_t min_p_bound(const Weight &weight, float min_p) {
    __shared__ uint64_t bound;
    uint64_t least_weight = arith_min_p_weight(min_p);
    uint32_t dropped = arith_ordered(-ARITH_INFINITY), kept = arith_ordered(weight.maximum);
    while (warp_in_block() == 0 && kept - dropped > 1) {
        auto point = [&](int i) {
            return dropped +
                   static_cast<uint32_t>(static_cast<uint64_t>(kept - dropped) * i / (kWarpThreads + 1));
        };
        bool keeps = weight(arith_of_ordered(point(lane() + 1))) >= least_weight;
        int first = __ffs(__ballot_sync(kWholeWarp, keeps)); /* 1-based; 0: none */
        uint32_t below = first ? point(first - 1) : point(kWarpThreads);
        kept = first ? point(first) : kept;
        dropped = below;
    }
    if (threadIdx.x == 0)
        bound = static_cast<uint64_t>(kept) << ARITH_ID_BITS;
    __syncthreads();
    return bound;
}

/* From a value on, for a prefix of the judged one. */
template <typename Logit>
__device__ Search search_of(const Summary &summary, uint64_t judged, Goal goal, float from) {
    Search search = {};
    search.bits_rounded = Logit::kBitsRounded;
    search.judged = judged;
    search.goal = goal;
    search.maximum = arith_ordered(summary.maximum);
    search.begin_at(arith_ordered(from));
    return search;
}

/*
 * From the leader's guess to the goal: by the head of the row, if a list has room for it, else from a value beyond which the sum is estimated or
 * exactly measured.
 */
template <typename Logit, typename Measure, typename Draw = NoDraw>
__device__ Cut cut_from_guess(Row<Logit> &row, const Summary &summary, Guess guess, Measure measure,
                              uint64_t judged, Goal goal, Draw draw = {}) {
    if (row.team.leads() && threadIdx.x == 0) {
        bool by_head = !Measure::kCounts && is_whole(judged) && guess.head < ARITH_INFINITY;
        Search search = search_of<Logit>(summary, judged, goal, by_head ? guess.head : guess.value);
        search.tokens_per_unit = guess.tokens_per_unit;
        begin_search(search, by_head ? Step::HEAD : Step::SIDES);
    }
    return find_cut(row, measure, judged, draw);
}

/* Puts the tokens of a prefix that the leader's list has room for on it, sorted. maximum: of the row. */
template <typename Logit> __device__ void list_prefix(Row<Logit> &row, float maximum, uint64_t bound) {
    Team &team = row.team;
    team.sync(); /* nobody uses the list any more */
    if (team.leads() && threadIdx.x == 0)
        scratch().list.count = 0;
    team.sync();
    List &list = leaders_scratch(team).list;
    Prefix prefix(bound);
    /* Of tokens like the last one a run has none if it begins behind it. */
    bool has_ties = static_cast<uint32_t>(max(row.id_of(row.begin()), 0)) <= prefix.last_id;
    float low = has_ties ? prefix.last : arith_of_ordered(ordered_above(arith_ordered(prefix.last)));
    row.for_each_between(low, fmaxf(low, maximum), [&](int id, float x) {
        if (prefix.holds(x, id))
            list.entry[atomicAdd(&list.count, 1u)] = list_entry(arith_key(x, id), team.warp());
    });
    team.sync();
    if (team.leads()) {
        list_sort(scratch().list, static_cast<int>(list.count));
        __syncthreads();
    }
}

/*
 * Puts the row's tokens from low on on the leader's list, sorted. No lane has any whose maxima are lower. Returns false, in the whole team, if they are
 * fewer than k or too many.
 */
template <typename Logit>
__device__ bool list_head(Row<Logit> &row, const Summary &summary, float low, int k) {
    Team &team = row.team;
    if (team.leads() && threadIdx.x == 0) {
        scratch().low = low;
        scratch().list.count = 0;
    }
    team.sync();
    List &list = leaders_scratch(team).list;
    bool full = false;
    if (row.fetches())
        row.for_each_from(leaders_scratch(team).low, summary.own, [&](int id, float x) {
            uint32_t place = full ? kListPlaces : atomicAdd(&list.count, 1u);
            full = place >= kListPlaces;
            if (!full)
                list.entry[place] = list_entry(arith_key(x, id), 0);
        });
    team.sync();
    uint32_t count = list.count;
    if (count < static_cast<uint32_t>(k) || count > kListPlaces) {
        team.sync(); /* all have read it */
        return false;
    }
    if (team.leads()) {
        list_sort(scratch().list, static_cast<int>(count));
        __syncthreads();
    }
    return true;
}

/* The search by count, to the end; then the tokens that it found are on the leader's list. A call: it is seldom needed. */
template <typename Logit>
__device__ __noinline__ void list_cut_by_count(Row<Logit> row, float maximum, uint64_t judged) {
    Cut cut = find_cut(row, Count(), judged);
    if (cut.known != LIST)
        list_prefix(row, maximum, cut.bound);
}

/* Puts the first k tokens of what is judged on the leader's list, sorted, perhaps with more behind them; k is small. */
template <typename Logit>
__device__ void list_first(Row<Logit> &row, const Summary &summary, int k, uint64_t judged) {
    /* At least k of the lanes' maxima are no less than the guess, so no fewer tokens are. */
    Guess guess = guess_cut(row, summary, RelativeBins(summary.maximum), false, {static_cast<float>(k), 0});
    if (list_head(row, summary, guess.head, k))
        return;
    if (row.team.leads() && threadIdx.x == 0) {
        /* If more are near the guess than the list has room for, they may be alike, and like the maximum. */
        bool counts = guess.head == ARITH_INFINITY && is_whole(judged);
        float from = counts ? summary.maximum : guess.value;
        Search search = search_of<Logit>(summary, judged, {static_cast<float>(k), 0}, from);
        search.target = k;
        search.tokens_per_unit = static_cast<float>(k) / (summary.maximum - guess.value);
        begin_search(search, counts ? Step::COUNT : Step::SWEEP);
    }
    list_cut_by_count(row, summary.maximum, judged);
}

/* The first k tokens of what is judged; k is not small. A call, so that it takes no registers and instructions of the others. */
template <typename Logit>
__device__ __noinline__ Cut long_top_k_cut(Row<Logit> row, Summary summary, int k, uint64_t judged) {
    Goal goal = {static_cast<float>(k), 0};
    Guess guess = guess_cut(row, summary, RelativeBins(summary.maximum), true, goal);
    return cut_from_guess(row, summary, guess, Count(), judged, goal);
}

/* The first k tokens of what is judged. */
template <typename Logit>
__device__ Cut top_k_cut(Row<Logit> &row, const Summary &summary, int k, uint64_t judged) {
    if (k > kSmallTopK)
        return long_top_k_cut(row, summary, k, judged);
    list_first(row, summary, k, judged);
    if (row.team.leads() && threadIdx.x == 0) {
        const List &list = scratch().list;
        scratch().bound =
            k <= static_cast<int>(list.count) ? max(judged, entry_key(list.entry[k - 1])) : judged;
    }
    return {from_leader(row.team, &Scratch::bound), LIST};
}

/* The nucleus of what is judged. is_sampled: by Samples, and they are the row's. */
template <typename Logit, typename Measure, typename Draw>
__device__ Cut top_p_cut(Row<Logit> &row, const Summary &summary, bool is_sampled, Measure weight,
                         float top_p, uint64_t judged, Draw draw) {
    Goal goal = {0, top_p};
    auto bins = [&] { return WeightBins(summary.maximum, weight.scale); };
    Guess guess;
    if (!is_sampled)
        guess = guess_cut(row, summary, bins(), true, goal);
    else if (row.team.leads())
        guess = guess_sampled(row, bins(), goal);
    return cut_from_guess(row, summary, guess, weight, judged, goal, draw);
}

/* All that is kept is on the leader's list: the first so many, whose sums are of other weights if `anew`. By the whole leading block. */
__device__ inline void keep_of_list(int kept, Weight weight, bool anew) {
    if (anew) {
        __syncthreads(); /* nobody reads the sums any more */
        list_sum(scratch().list, 0, weight);
    }
    if (threadIdx.x == 0) {
        scratch().kept = kept;
        scratch().bound = entry_key(scratch().list.entry[kept - 1]);
        scratch().mass = scratch().list.sum[kept - 1];
    }
    __syncthreads();
}

/*
 * The leader's list holds the first tokens, top-k's among them: the other filters, in it, which judge by the weight. all_mass: of the row, for the
 * joint order. By the whole leading block.
 */
static __device__ __noinline__ void cut_head(Weight judge, arith_controls controls, lotto_order order,
                                             uint64_t min_p, uint64_t all_mass) {
    List &list = scratch().list;
    list_sum(list, 0, judge);
    int of_k = min(controls.top_k, static_cast<int>(list.count)), kept = of_k;
    if (arith_has_min_p(controls))
        kept = list.first(kept, [&](int i) { return entry_key(list.entry[i]) < min_p; });
    if (arith_has_top_p(controls)) {
        uint64_t mass = order == LOTTO_ORDER_JOINT        ? all_mass
                        : order == LOTTO_ORDER_MIN_P_LAST ? list.sum[of_k - 1]
                                                          : list.sum[kept - 1];
        uint64_t target = arith_top_p_mass(controls.top_p, mass);
        kept = min(kept, list.first(kept, [&](int i) { return list.sum[i] >= target; }) + 1);
    }
    keep_of_list(kept, {judge.maximum, arith_scale(controls.temperature)}, controls.temperature_last);
}

/* Every candidate. */
__device__ inline Kept keep_all(const Summary &summary, float temperature) {
    return {whole(), temperature, {summary.maximum, arith_scale(temperature)}, NOTHING};
}

/* The first token of the row's order: a list of one. */
template <typename Logit> __device__ Kept keep_first(Row<Logit> &row, const Summary &summary) {
    Kept kept = keep_all(summary, 1.0f);
    int token = first_token(row, summary);
    if (token >= 0) {
        Scratch &leader = leaders_scratch(row.team);
        leader.bound = arith_key(summary.maximum, token);
        leader.list.entry[0] = list_entry(leader.bound, 0);
        leader.list.sum[0] = leader.mass = kept.weight(summary.maximum);
        leader.list.count = leader.kept = 1;
    }
    kept.known = LIST;
    kept.bound = from_leader(row.team, &Scratch::bound);
    return kept;
}

/* What a small top-k leaves is on the leader's list, and what the other filters keep its first part. */
template <typename Logit>
__device__ void keep_in_head(Row<Logit> &row, const Summary &summary, arith_controls controls,
                             lotto_order order, const Weight &judge) {
    list_first(row, summary, controls.top_k, whole());
    uint64_t all_mass = 0;
    if (order == LOTTO_ORDER_JOINT && arith_has_top_p(controls))
        all_mass = measure_prefix(row, whole(), judge);
    if (row.team.leads()) {
        uint64_t min_p = arith_has_min_p(controls) ? min_p_bound(judge, controls.min_p) : 0;
        cut_head(judge, controls, order, min_p, all_mass);
    }
}

/*
 * What passes every filter; not for a greedy row. measured(judge, judged prefix): by what top-p measures it. draw(bound, judge): as find_cut
 * calls it, if top-p alone says what is kept. sampled: summarize_and_sample() made the summary.
 */
template <typename Logit, typename Measured, typename Draw>
__device__ Kept keep_some(Row<Logit> &row, const Summary &summary, bool sampled, arith_controls controls,
                          lotto_order order, Measured measured, Draw draw) {
    Weight judge = {summary.maximum, arith_scale(arith_filter_temperature(controls))};
    Kept kept = {whole(), 0, judge, NOTHING};
    bool has_top_k = arith_has_top_k(controls, row.vocab);
    if (has_top_k && controls.top_k <= kSmallTopK) {
        keep_in_head(row, summary, controls, order, judge);
        kept.known = LIST;
    } else {
        if (has_top_k)
            kept.bound = long_top_k_cut(row, summary, controls.top_k, kept.bound).bound;
        uint64_t judged = order == LOTTO_ORDER_JOINT ? whole() : kept.bound;
        if (arith_has_min_p(controls))
            kept.bound = max(kept.bound, min_p_bound(judge, controls.min_p));
        if (order == LOTTO_ORDER_SEQUENTIAL)
            judged = kept.bound;
        if (arith_has_top_p(controls)) {
            bool is_sampled = sampled && !row.kAdjusted && !has_top_k && !row.has_infinity;
            Cut cut = top_p_cut(row, summary, is_sampled, measured(judge, judged), controls.top_p, judged,
                                [&](uint64_t bound) {
                                    return kept.bound <= bound && !controls.temperature_last
                                               ? draw(bound, judge)
                                               : NOTHING;
                                });
            kept.bound = max(kept.bound, cut.bound);
            kept.known = cut.known;
        }
        if (kept.known == LIST && row.team.leads()) {
            const List &list = scratch().list;
            keep_of_list(list.first(static_cast<int>(list.count),
                                    [&](int i) { return entry_key(list.entry[i]) < kept.bound; }),
                         {judge.maximum, arith_scale(controls.temperature)}, controls.temperature_last);
        }
    }
    kept.temperature = controls.temperature;
    if (controls.temperature_last)
        kept.weight.scale = arith_scale(kept.temperature);
    return kept;
}

template <typename Logit> __device__ void publish(Row<Logit> &row, Kept &kept) {
    if (kept.known == LIST)
        kept.bound = from_leader(row.team, &Scratch::bound);
}

/* What the row's controls keep of it. */
template <typename Logit>
__device__ Kept keep(Row<Logit> &row, const Summary &summary, arith_controls controls, lotto_order order) {
    if (arith_is_greedy(controls))
        return keep_first(row, summary);
    Kept kept = keep_some(
        row, summary, false, controls, order, [](Weight judge, uint64_t) { return judge; }, NoDraw());
    publish(row, kept);
    return kept;
}

/* Tells the leader what is kept of each run, in scratch().beyond. */
template <typename Logit> __device__ void measure_runs(Row<Logit> &row, Kept &kept) {
    uint64_t of_run = measure_run(row, kept.bound, kept.weight);
    if (lane() == 0)
        leaders_scratch(row.team).beyond[row.team.warp()] = of_run;
    kept.known = RUNS;
}

/* The mass of what is kept. */
template <typename Logit> __device__ uint64_t kept_mass(Row<Logit> &row, Kept &kept) {
    if (kept.known == LIST)
        return from_leader(row.team, &Scratch::mass);
    if (kept.known == NOTHING)
        measure_runs(row, kept);
    row.team.sync();
    if (row.team.leads() && warp_in_block() == 0) {
        uint64_t mass = sum_runs(row.team.warps(), scratch().beyond);
        if (lane() == 0)
            scratch().mass = mass;
    }
    return from_leader(row.team, &Scratch::mass);
}

/* The kept mass's share of the row's. */
template <typename Logit> __device__ float mass_share(Row<Logit> &row, const Kept &kept, uint64_t mass) {
    return arith_mass_share(mass, measure_prefix(row, whole(), kept.weight));
}

} // namespace lotto

#endif
