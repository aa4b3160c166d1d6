/*
 * Where a prefix ends whose measure just reaches a target: top-k by count, top-p by weight.
 *
 * A guess says where about the last token lies. One pass measures exactly what lies beyond the guessed value; from there a bracket of values is
 * walked towards the target, with what lies beyond it known exactly at every step, until the last token is in the bracket and the bracket's
 * tokens fit the leader's list, which is sorted and summed. A bracket with too many tokens is halved; one whose tokens are all alike
 * is cut by their ids. So the result is exact whatever the guess was.
 * Source of the idea: Dr. Top-k (Gaihre et al., SC 2021), whose delegates, the lanes' maxima, give the guess here.
 */
#ifndef LOTTO_CUT_CUH
#define LOTTO_CUT_CUH

#include "list.cuh"

namespace lotto {

constexpr int kBinsPerThread = 6;
constexpr int kBins = kBinsPerThread * kBlockThreads;

constexpr int kSampleVectors = 1; /* a lane's */

/* What a bracket holds of a run. */
struct Found {
    uint64_t measure;
    uint32_t count, least, most; /* values, as ordered integers */
};

/* What the leader asks of the team. */
struct Step {
    enum Kind { SWEEP, LOCATE, DONE } kind;
    uint32_t low, top; /* SWEEP: this bracket, inclusive, as ordered integers */
    Place place;       /* LOCATE: the token with value low at this place, by count */
    uint64_t bound;    /* DONE */
};

/* The leader's, but for its address. */
struct Scratch {
    union {
        uint32_t bins[kBins]; /* guess: samples << 16 | delegates */
        List list;
    };
    uint64_t beyond[kMaxTeamWarps]; /* what lies beyond the edge, or is kept, run by run */
    Found found[kMaxTeamWarps];
    Step step;
    uint64_t bound;
    bool list_is_head; /* the list holds the first tokens of the row's order */
    uint64_t mass;     /* of what is kept */
    Place place;       /* of the drawn token, by mass */
    int token;
};

__device__ inline Scratch &scratch() {
    __shared__ Scratch shared;
    return shared;
}

/* ---- the guess ---------------------------------------------------------------------------------------------------- */

/* Where the last token may lie, and how densely tokens lie there. */
struct Guess {
    float value;
    float tokens_per_unit;
};

/* Bins of distances from the maximum that are as wide as the distance is large, for counts: they need no scale. */
struct RelativeBins {
    static constexpr int kPerOctave = 32, kShift = 23 - 5, kFirst = (127 - 30) * kPerOctave;

    __device__ int of(float distance) const {
        return min(max(static_cast<int>(arith_bits_of(distance) >> kShift) - kFirst, 0), kBins - 1);
    }
    __device__ float end(int bin) const {
        return arith_of_bits(static_cast<uint32_t>(bin + 1 + kFirst) << kShift);
    }
    __device__ float measure(int) const { return 1.0f; }
};

/* Bins that each take a weight down by the same factor. */
struct WeightBins {
    static constexpr int kPerOctave = kBins / 42;
    float scale;

    __device__ int of(float distance) const {
        return min(static_cast<int>(distance * (scale * kPerOctave)), kBins - 1);
    }
    __device__ float end(int bin) const { return static_cast<float>(bin + 1) / (scale * kPerOctave); }
    __device__ float measure(int bin) const {
        return exp2f((static_cast<float>(bin) + 0.5f) * (-1.0f / kPerOctave));
    }
};

/* What a guess goes by: a number of tokens, or a share of the mass. */
struct Goal {
    float tokens, mass_share;
};

__device__ inline void clear_bins(const Team &team) {
    if (team.leads())
        for (int bin = threadIdx.x; bin < kBins; bin += kBlockThreads)
            scratch().bins[bin] = 0;
}

/* Puts the lanes' maxima, and if asked for a sample of all tokens, into the leader's bins. */
template <typename Logit, typename Bins>
__device__ void fill_bins(const Row<Logit> &row, const Summary &summary, Bins bins, bool sampled) {
    uint32_t *counts = row.team.at_leader(scratch().bins);
    auto put = [&](float x, uint32_t what) {
        if (x > -ARITH_INFINITY)
            atomicAdd(&counts[bins.of(summary.maximum - x)], what);
    };
    put(summary.own, 1);
    if (!sampled)
        return;
    int middle = row.begin + (row.end - row.begin) / (2 * kWarpThreads) * kWarpThreads;
    row.for_each_vector(middle, min(middle + kSampleVectors * kWarpThreads, row.end),
                        [&](int, const auto &x) {
                            for (float value : x)
                                if (value != summary.own)
                                    put(value, 1u << 16);
                        });
}

/*
 * The value at which the estimated measure reaches the goal: the lower edge of its bin. tokens_per_sample: how many tokens a sampled one
 * stands for. By the whole leading block.
 */
template <typename Bins>
__device__ Guess read_bins(const Summary &summary, Bins bins, float tokens_per_sample, Goal goal) {
    __shared__ float total;
    __shared__ Guess guess;
    float tokens[kBinsPerThread], own = 0;
    int first = static_cast<int>(threadIdx.x) * kBinsPerThread;
    for (int i = 0; i < kBinsPerThread; i++) {
        uint32_t bin = scratch().bins[first + i];
        tokens[i] = static_cast<float>(bin % (1u << 16)) + static_cast<float>(bin >> 16) * tokens_per_sample;
        own += tokens[i] * bins.measure(first + i);
    }
    float sum = block_sum_before(own);
    if (threadIdx.x == kBlockThreads - 1) {
        total = sum + own;
        guess = {-ARITH_INFINITY, 0};
    }
    __syncthreads();
    float wanted = goal.tokens + goal.mass_share * total;
    if (sum < wanted && wanted <= sum + own) {
        int i = 0;
        while (i < kBinsPerThread - 1 && (sum += tokens[i] * bins.measure(first + i)) < wanted)
            i++;
        float end = bins.end(first + i), begin = first + i > 0 ? bins.end(first + i - 1) : 0.0f;
        guess = {summary.maximum - end, tokens[i] / (end - begin)};
    }
    __syncthreads();
    return guess;
}

/* The leader's guess, from bins that the team fills. */
template <typename Logit, typename Bins>
__device__ Guess guess_cut(Row<Logit> &row, const Summary &summary, Bins bins, bool sampled, Goal goal) {
    clear_bins(row.team);
    row.team.sync();
    fill_bins(row, summary, bins, sampled);
    row.team.sync();
    if (!row.team.leads())
        return {0, 0};
    float lanes = static_cast<float>(row.team.warps() * kWarpThreads);
    return read_bins(summary, bins, static_cast<float>(row.vocab) / (lanes * kSampleVectors * row.kPerVector),
                     goal);
}

/* The sum over the runs, by a warp of the leader's. */
__device__ inline uint64_t sum_runs(const Team &team) {
    uint64_t mass = 0;
    for (int warp = lane(); warp < team.warps(); warp += kWarpThreads)
        mass += scratch().beyond[warp];
    return warp_sum(mass);
}

/* Tells the leader, run by run, what lies beyond a value, and what is judged in all (Scratch::found). */
template <typename Logit, typename Measure>
__device__ void measure_beyond(Row<Logit> &row, Measure measure, uint64_t judged, float value) {
    Prefix prefix(judged);
    uint64_t total = 0, beyond = 0;
    auto add = [&](float x, uint64_t own) {
        total += own;
        beyond += x > value ? own : 0;
    };
    if (Measure::kNoneWithoutCandidate && prefix.is_whole())
        row.for_each_vector([&](int, const auto &x) {
            for (float each : x)
                add(each, measure(each));
        });
    else
        row.for_each_vector([&](int id, const auto &x) {
            for (int i = 0; i < row.kPerVector; i++)
                add(x[i], prefix.holds(x[i], id + i) ? measure(x[i]) : 0);
        });
    total = warp_sum(total);
    beyond = warp_sum(beyond);
    if (lane() == 0) {
        row.team.at_leader(scratch().found)[row.team.warp()] = {total, 0, 0, 0};
        row.team.at_leader(scratch().beyond)[row.team.warp()] = beyond;
    }
}

/* ---- the search --------------------------------------------------------------------------------------------------- */

constexpr uint32_t kOrderedMinusZero = 0x7fffffffu;

/* The next ordered value up, and down, that is a float's: none has the place of -0, which as a float would be that of +0. */
__device__ inline uint32_t ordered_above(uint32_t value) {
    return value + 1 == kOrderedMinusZero ? value + 2 : value + 1;
}
__device__ inline uint32_t ordered_below(uint32_t value) {
    return value - 1 == kOrderedMinusZero ? value - 2 : value - 1;
}

/* What the leader knows of where the prefix ends. Its values are floats': none is kOrderedMinusZero. */
struct Search {
    uint64_t target;
    uint32_t edge;           /* tokens with larger values are beyond it */
    uint64_t beyond;         /* their measure */
    uint32_t floor, ceiling; /* the last token's value lies between these */
    float tokens_per_unit;   /* near the edge, as far as is known; 0: it is not */
    float stride;            /* the first bracket's width; 0: it follows from the others */
    int misses, overflows;   /* brackets without the last token, and with too many others */

    __device__ bool goes_down() const { return target > beyond; }

    /* From the edge to the bracket's other end: so as to hold the last token, or, if that takes too many, to come near it. */
    __device__ float width(uint64_t each) const {
        if (stride > 0.0f)
            return stride;
        uint64_t away = goes_down() ? target - beyond : beyond - target;
        float tokens = static_cast<float>(away) / static_cast<float>(each);
        float reach = tokens < kListPlaces / 2 ? 1.25f * tokens + kListPlaces / 8 : 0.85f * tokens;
        float unsure = misses < 3 ? 1.0f : static_cast<float>(1 << min(3 * (misses - 2), 30));
        float width = unsure * reach / tokens_per_unit;
        return width > 0.0f ? width : ARITH_INFINITY;
    }

    /* The next bracket. measure: of one token at the edge. In the end brackets are halved, so that the search does. */
    template <typename Measure> __device__ void choose(Step &step, Measure measure) const {
        bool halves = overflows > 2 || misses > 12;
        step.kind = Step::SWEEP;
        if (goes_down()) {
            float value = arith_of_ordered(edge);
            uint32_t far =
                halves ? floor + (edge - floor + 1) / 2 : arith_ordered(value - width(measure(value)));
            step.top = edge;
            step.low = min(max(far, floor), edge);
        } else {
            uint32_t near = ordered_above(edge);
            float value = arith_of_ordered(near);
            uint32_t far =
                halves ? near + (ceiling - near) / 2 : arith_ordered(value + width(measure(value)));
            step.low = near;
            step.top = max(min(far, ceiling), near);
        }
        /* Halving may end there; the bracket's other end is beyond it. */
        step.low += step.low == kOrderedMinusZero;
        step.top -= step.top == kOrderedMinusZero;
    }

    /* What a bracket tells of how densely tokens lie. */
    __device__ void learn(uint32_t low, uint32_t top, uint32_t count) {
        float width = arith_of_ordered(top) - arith_of_ordered(low);
        if (width > 0.0f && count > 0)
            tokens_per_unit = static_cast<float>(count) / width;
        stride = 0.0f;
    }

    /* The last token was not in the bracket: the edge moves to its other end. */
    __device__ void move(const Step &step, const Found &found) {
        if (goes_down()) {
            beyond += found.measure;
            edge = ordered_below(step.low);
            ceiling = min(ceiling, edge);
        } else {
            beyond -= found.measure;
            edge = step.top;
            floor = max(floor, ordered_above(edge));
        }
        misses++;
        learn(step.low, step.top, found.count);
    }

    /* It was, among too many. */
    __device__ void narrow(const Found &found) {
        edge = goes_down() ? found.most : ordered_below(found.least);
        floor = found.least;
        ceiling = found.most;
        overflows++;
        learn(found.least, found.most, found.count);
    }
};

/* Gathers the bracket's tokens in the leader's list, and tells it what each run has of them. */
template <typename Logit, typename Measure>
__device__ void sweep(Row<Logit> &row, Measure measure, uint64_t judged, const Step &step) {
    float low = arith_of_ordered(step.low), top = arith_of_ordered(step.top);
    Scratch &leader = *row.team.at_leader(&scratch());
    int warp = row.team.warp();
    Found own = {0, 0, ~0u, 0};
    auto take = [&](float x, int id) {
        uint64_t key = arith_key(x, id);
        if (key < judged)
            return;
        uint32_t value = static_cast<uint32_t>(key >> ARITH_ID_BITS);
        own = {own.measure + measure(x), own.count + 1, min(own.least, value), max(own.most, value)};
        uint32_t place = atomicAdd(&leader.list.count, 1u);
        if (place < kListPlaces)
            leader.list.entry[place] = list_entry(key, warp);
    };
    row.for_each_vector([&](int id, const auto &x) {
        bool any = false;
        for (float value : x)
            any |= value >= low && value <= top;
        if (!any)
            return;
        for (int i = 0; i < row.kPerVector; i++)
            if (x[i] >= low && x[i] <= top)
                take(x[i], id + i);
    });
    Found run = {warp_sum(own.measure), warp_sum(own.count), warp_min(own.least), warp_max(own.most)};
    if (lane() == 0)
        leader.found[warp] = run;
}

/* All runs' part of the bracket; every lane of the leading block gets it. */
__device__ inline Found sum_found(const Team &team) {
    Found own = {0, 0, ~0u, 0};
    for (int warp = lane(); warp < team.warps(); warp += kWarpThreads) {
        Found run = scratch().found[warp];
        own = {own.measure + run.measure, own.count + run.count, min(own.least, run.least),
               max(own.most, run.most)};
    }
    return {warp_sum(own.measure), warp_sum(own.count), warp_min(own.least), warp_max(own.most)};
}

/* The edge moves over the bracket in each run too. */
__device__ inline void move_runs(const Team &team, bool down) {
    for (int warp = threadIdx.x; warp < team.warps(); warp += kBlockThreads)
        scratch().beyond[warp] += down ? scratch().found[warp].measure : 0 - scratch().found[warp].measure;
}

/* The last token is in the list. Returns the prefix's bound; the runs' measures become those of the prefix. */
template <typename Measure>
__device__ uint64_t cut_list(const Search &search, uint64_t before, Measure measure) {
    List &list = scratch().list;
    list_sort(list);
    list_sum(list, before, measure);
    int last = list.first([&](int i) { return list.sum[i] >= search.target; });
    bool down = search.goes_down();
    for (int i = threadIdx.x; i < static_cast<int>(list.count); i += kBlockThreads) {
        unsigned long long weight = measure(entry_value(list.entry[i]));
        if (down == (i <= last))
            atomicAdd(reinterpret_cast<unsigned long long *>(&scratch().beyond[entry_warp(list.entry[i])]),
                      down ? weight : 0 - weight);
    }
    return entry_key(list.entry[last]);
}

/* The last token is one of many alike: where is it? The runs' measures become those of the prefix. By thread 0. */
template <typename Measure>
__device__ Place place_in_tie(const Team &team, const Search &search, uint64_t before, uint32_t value,
                              Measure measure) {
    uint64_t each = measure(arith_of_ordered(value));
    uint64_t left = (search.target - before + each - 1) / each; /* so many of them are kept */
    bool down = search.goes_down();
    Place place = {-1, 0};
    for (int warp = 0; warp < team.warps(); warp++) {
        uint64_t here = scratch().found[warp].count, kept = min(here, left);
        if (kept > 0 && left <= here)
            place = {warp, left - 1};
        left -= kept;
        scratch().beyond[warp] += down ? kept * each : 0 - (here - kept) * each;
    }
    return place;
}

/* Sets the next step after a sweep. By the whole leading block. */
template <typename Measure>
__device__ void advance(const Team &team, Search &search, Measure measure, uint64_t judged) {
    Scratch &own = scratch();
    Found all = sum_found(team);
    bool down = search.goes_down();
    uint64_t before = down ? search.beyond : search.beyond - all.measure; /* what lies beyond the bracket */
    bool inside = down ? search.target <= before + all.measure : search.target > before;
    bool at_the_end = down && own.step.low == search.floor;
    bool listed = inside && all.count <= kListPlaces;
    Step next = own.step;
    if (!inside && at_the_end) {
        next.kind = Step::DONE;
        next.bound = judged;
        move_runs(team, down);
    } else if (!inside) {
        move_runs(team, down);
        search.move(own.step, all);
        search.choose(next, measure);
    } else if (listed) {
        next.kind = Step::DONE;
        next.bound = cut_list(search, before, measure);
    } else if (all.least == all.most) {
        next.kind = Step::LOCATE;
        next.low = all.least;
        if (threadIdx.x == 0)
            next.place = place_in_tie(team, search, before, all.least, measure);
    } else {
        search.narrow(all);
        search.choose(next, measure);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        if (next.kind == Step::SWEEP)
            own.list.count = 0;
        own.list_is_head = listed && before == 0;
        own.step = next;
    }
}

/*
 * The bound of the shortest prefix of the judged prefix whose measure reaches search.target; the judged one's own if it never does. The leader
 * gives the search; its scratch().beyond holds what lies beyond the edge run by run, and what is in the prefix run by run afterwards.
 */
template <typename Logit, typename Measure>
__device__ uint64_t find_cut(Row<Logit> &row, Search search, Measure measure, uint64_t judged) {
    Team &team = row.team;
    if (team.leads() && threadIdx.x == 0) {
        Step first = {};
        search.choose(first, measure);
        scratch().step = first;
        scratch().list.count = 0;
    }
    for (;;) {
        Step step = team.from_leader(&scratch().step);
        if (step.kind == Step::DONE)
            return step.bound;
        if (step.kind == Step::LOCATE) {
            float value = arith_of_ordered(step.low);
            if (step.place.warp / kBlockWarps == team.rank) {
                int token = locate(row, step.place, [&](float x, int id) -> uint64_t {
                    return x == value && arith_key(x, id) >= judged;
                });
                step.bound = arith_key(value, token);
            }
            team.sync(); /* all have read the step */
            if (step.place.warp / kBlockWarps == team.rank && threadIdx.x == 0) {
                step.kind = Step::DONE;
                *team.at_leader(&scratch().step) = step;
            }
            continue;
        }
        sweep(row, measure, judged, step);
        team.sync();
        if (team.leads())
            advance(team, search, measure, judged);
    }
}

} // namespace lotto

#endif
