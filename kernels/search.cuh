/*
 * Where a prefix ends whose measure just reaches a target: the leader's part, which decides.
 *
 * From a value beyond which the measure is known exactly, a bracket of values is placed where the target should be, with what lies beyond it known
 * exactly at every step, until the last token is in the bracket and the bracket's tokens fit the leader's list, which is sorted and
 * summed. A bracket with too many tokens is narrowed, in the end halved; one whose tokens are all alike is cut by their ids.
 */
#ifndef LOTTO_SEARCH_CUH
#define LOTTO_SEARCH_CUH

#include "list.cuh"

namespace lotto {

/* What a bracket holds of a run. */
struct Found {
    uint64_t measure, passed;    /* passed: of the rest of the step's stretch */
    uint32_t count, least, most; /* values, as ordered integers */
};

/* What the leader asks of the team. */
struct Step {
    enum Kind { SWEEP, LOCATE, DONE } kind;
    /* SWEEP, as ordered integers, inclusive: a bracket, and the stretch from the edge to its far end, of which the rest is measured alone. */
    uint32_t low, top, least, most;
    Place place;       /* LOCATE: the token with value low at this place, by count */
    uint64_t bound;    /* DONE */
    bool list_is_head; /* DONE: the list holds the first tokens of the row's order, sorted */

    __device__ bool passes() const { return least < low || most > top; }
};

constexpr uint32_t kOrderedMinusZero = 0x7fffffffu;

/* The next ordered value up, and down, that is a float's: none has the place of -0, which as a float would be that of +0. */
__device__ inline uint32_t ordered_above(uint32_t value) {
    return value + 1 == kOrderedMinusZero ? value + 2 : value + 1;
}
__device__ inline uint32_t ordered_below(uint32_t value) {
    return value - 1 == kOrderedMinusZero ? value - 2 : value - 1;
}

/* How far a bracket's ends are from the edge. */
struct Widths {
    float near, far;
};

/* What the leader knows of where the prefix ends. Its values are floats': none is kOrderedMinusZero. */
struct Search {
    uint64_t judged;         /* the prefix that the found one is part of, by its bound */
    uint64_t target;         /* what the found one measures, at least */
    uint32_t edge;           /* tokens with larger values are beyond it */
    uint64_t beyond;         /* their measure */
    uint32_t floor, ceiling; /* the last token's value lies between these */
    float tokens_per_unit;   /* near the edge, as far as is known; 0: it is not */
    int bits_rounded;        /* the logits that differ from one in its last so many bits alone are that one */
    int misses, overflows;   /* brackets without the last token, and with too many others */

    __device__ bool goes_down() const { return target > beyond; }

    /* Of a bracket likely to hold the last token, and few others. value, each: of a token at the edge, and what it measures. */
    __device__ Widths widths(float value, uint64_t each) const {
        uint64_t away = goes_down() ? target - beyond : beyond - target;
        float tokens = static_cast<float>(away) / static_cast<float>(each);
        float aside = fminf(kWarpThreads + 0.15f * tokens, 0.4f * kListPlaces);
        bool lost = misses > 2 || (tokens > 4 * kListPlaces && overflows == 0); /* or many tokens are alike */
        float near = lost ? 0.0f : fmaxf(tokens - aside, 0.0f), far = lost ? 2.0f * tokens : tokens + aside;
        float unsure = misses < 3 ? 1.0f : static_cast<float>(1 << min(3 * (misses - 2), 30));
        float apart =
            fabsf(value) * 0x1p-24f * static_cast<float>(1 << bits_rounded); /* from what lies on a value */
        near = fmaxf(near / tokens_per_unit - apart, 0.0f);
        far = unsure * far / tokens_per_unit + apart;
        return far > 0.0f && far < ARITH_INFINITY ? Widths{near, far} : Widths{0, ARITH_INFINITY};
    }

    /* Of the values from one to another, about half are up to the result, the last not, unless all are alike. */
    __device__ uint32_t halfway(uint32_t first, uint32_t last) const {
        uint32_t from = first >> bits_rounded, to = last >> bits_rounded;
        if (from == to)
            return last;
        uint32_t middle = from > to ? to + (from - to + 1) / 2 : from + (to - from) / 2;
        return from > to ? middle << bits_rounded : ((middle + 1) << bits_rounded) - 1;
    }

    /* The next bracket. measure: of one token at the edge. In the end brackets are halved, so that the search does. */
    template <typename Measure> __device__ void choose(Step &step, Measure measure) const {
        bool halves = overflows > 2 || misses > 12, down = goes_down();
        uint32_t first = down ? edge : ordered_above(edge), last = down ? floor : ceiling;
        float value = arith_of_ordered(first), sign = down ? -1.0f : 1.0f;
        Widths width = widths(value, measure(value));
        auto within = [&](uint32_t ordered) { return min(max(ordered, min(first, last)), max(first, last)); };
        uint32_t near = first, far = halfway(first, last);
        if (!halves) {
            near = within(arith_ordered(value + sign * width.near));
            far = within(arith_ordered(value + sign * width.far));
        }
        step.kind = Step::SWEEP;
        /* Halving may end at -0's place; the bracket's other end is beyond it. */
        step.low = min(near, far) + (min(near, far) == kOrderedMinusZero);
        step.top = max(near, far) - (max(near, far) == kOrderedMinusZero);
        step.least = min(step.low, first);
        step.most = max(step.top, first);
    }

    /* The stretch between the edge and the bracket is measured: the edge moves to the bracket. Was the last token in that stretch already? */
    __device__ bool pass(const Step &step, uint64_t measure) {
        bool down = goes_down();
        beyond += down ? measure : 0 - measure;
        edge = down ? step.top : ordered_below(step.low);
        bool missed = goes_down() != down;
        misses += missed;
        if (goes_down())
            ceiling = min(ceiling, edge);
        else
            floor = max(floor, ordered_above(edge));
        return missed;
    }

    /* What a bracket tells of how densely tokens lie; an empty one, that they lie far apart. */
    __device__ void learn(uint32_t low, uint32_t top, uint32_t count) {
        float width = arith_of_ordered(top) - arith_of_ordered(low);
        if (count == 0)
            tokens_per_unit *= 1.0f / 64;
        else if (width > 0.0f)
            tokens_per_unit = static_cast<float>(count) / width;
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

/* The drawn token, its working value, and the mass it was drawn from. */
struct Drawn {
    int token;
    float x;
    uint64_t mass;
};

/* The leader's, but for its address. */
struct Scratch {
    List list;
    uint64_t beyond[kMaxTeamWarps]; /* the measure of what lies beyond the edge, or is kept, run by run */
    uint64_t total[kMaxTeamWarps];  /* of what is judged, run by run */
    Found found[kMaxTeamWarps];
    Search search;
    Step step;
    float low;    /* of a head that is listed */
    bool by_head; /* the first step gathers the head of the row */
    uint64_t bound;
    int kept; /* of a list that holds all that is kept: the first so many */
    uint64_t mass;
    Place place; /* of the drawn token, by mass */
    Drawn drawn;
};

__device__ inline Scratch &scratch() {
    __shared__ Scratch shared;
    return shared;
}

/* A sum over the runs, by a warp of the leader's. */
__device__ inline uint64_t sum_runs(const uint64_t *of_runs, int warps) {
    uint64_t sum = 0;
    for (int warp = lane(); warp < warps; warp += kWarpThreads)
        sum += of_runs[warp];
    return warp_sum(sum);
}

/* All runs' part of the bracket; every lane of the leading block gets it. */
__device__ inline Found sum_found(int warps) {
    Found own = {0, 0, 0, ~0u, 0};
    for (int warp = lane(); warp < warps; warp += kWarpThreads) {
        Found run = scratch().found[warp];
        own = {own.measure + run.measure, own.passed + run.passed, own.count + run.count,
               min(own.least, run.least), max(own.most, run.most)};
    }
    return {warp_sum(own.measure), warp_sum(own.passed), warp_sum(own.count), warp_min(own.least),
            warp_max(own.most)};
}

/* The edge moves over what was found in each run too; what is counted is not drawn from. */
template <typename Measure> __device__ void move_runs(int warps, bool down, uint64_t Found::*over) {
    for (int warp = threadIdx.x; !Measure::kCounts && warp < warps; warp += kBlockThreads)
        scratch().beyond[warp] += down ? scratch().found[warp].*over : 0 - scratch().found[warp].*over;
}

/* The last token is in the list. Returns the prefix's bound; the runs' measures become those of the prefix. */
template <typename Measure>
__device__ uint64_t cut_list(const Search &search, uint64_t before, Measure measure) {
    List &list = scratch().list;
    list_sort(list);
    __syncthreads();
    if constexpr (Measure::kCounts)
        return entry_key(list.entry[search.target - before - 1]);
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
__device__ Place place_in_tie(int warps, const Search &search, uint64_t before, uint32_t value,
                              Measure measure) {
    uint64_t each = measure(arith_of_ordered(value));
    uint64_t left = (search.target - before + each - 1) / each; /* so many of them are kept */
    bool down = search.goes_down();
    Place place = {-1, 0};
    for (int warp = 0; warp < warps; warp++) {
        uint64_t here = scratch().found[warp].count, kept = min(here, left);
        if (kept > 0 && left <= here)
            place = {warp, left - 1};
        left -= kept;
        if constexpr (!Measure::kCounts)
            scratch().beyond[warp] += down ? kept * each : 0 - (here - kept) * each;
    }
    return place;
}

/* The first step. By thread 0. */
template <typename Measure> __device__ void begin_search(const Search &search, Measure measure) {
    Step first = {};
    search.choose(first, measure);
    scratch().search = search;
    scratch().step = first;
    scratch().list.count = 0;
}

/* The same if it takes the head of the row, down to a value. By thread 0. */
__device__ inline void begin_search(const Search &search, uint32_t low) {
    scratch().search = search;
    scratch().step = {Step::SWEEP, low, search.ceiling, low, search.ceiling, {}, 0, false};
    scratch().list.count = 0;
}

/* The next step after a sweep. By the whole leading block; a call, so that it takes no registers and instructions of the others. */
template <typename Measure> __device__ __noinline__ void advance_search(int warps, Measure measure) {
    Scratch &own = scratch();
    Search search = own.search;
    Found all = sum_found(warps);
    bool down = search.goes_down(), missed = false;
    if (own.step.passes()) {
        move_runs<Measure>(warps, down, &Found::passed);
        missed = search.pass(own.step, all.passed);
        __syncthreads();
    }
    uint64_t before = down ? search.beyond : search.beyond - all.measure; /* what lies beyond the bracket */
    bool inside = !missed && (down ? search.target <= before + all.measure : search.target > before);
    bool at_the_end = down && own.step.low == search.floor;
    bool listed = inside && own.list.count == all.count && all.count <= kListPlaces;
    Step next = own.step;
    if (missed) {
        search.choose(next, measure);
    } else if (!inside && at_the_end) {
        next.kind = Step::DONE;
        next.bound = search.judged;
        move_runs<Measure>(warps, down, &Found::measure);
    } else if (!inside) {
        move_runs<Measure>(warps, down, &Found::measure);
        search.move(own.step, all);
        search.choose(next, measure);
    } else if (listed) {
        next.kind = Step::DONE;
        next.bound = cut_list(search, before, measure);
    } else if (all.least == all.most) {
        next.kind = Step::LOCATE;
        next.low = all.least;
        if (threadIdx.x == 0)
            next.place = place_in_tie(warps, search, before, all.least, measure);
    } else {
        search.narrow(all);
        search.choose(next, measure);
    }
    next.list_is_head = listed && before == 0;
    __syncthreads();
    if (threadIdx.x == 0) {
        if (next.kind == Step::SWEEP)
            own.list.count = 0;
        own.search = search;
        own.step = next;
    }
}

} // namespace lotto

#endif
