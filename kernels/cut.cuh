/*
 * Where a prefix ends whose measure just reaches a target: top-k by count, top-p by weight.
 *
 * A guess says where about the last token lies. One pass measures exactly what lies beyond the guessed value; from there a bracket of values is
 * walked towards the target, with what lies beyond it known exactly at every step, until the last token is in the bracket and the bracket's
 * tokens fit the leader's list, which is sorted and summed. A bracket with too many tokens is halved; one whose tokens are all alike
 * is cut by their ids. So the result is exact whatever the guess was.
 */
#ifndef LOTTO_CUT_CUH
#define LOTTO_CUT_CUH

#include "guess.cuh"
#include "list.cuh"

namespace lotto {

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
    bool list_is_head; /* DONE: the list holds the first tokens of the row's order, sorted */
};

/* The drawn token, and the mass it was drawn from. */
struct Drawn {
    int token;
    uint64_t mass;
};

/* The leader's, but for its address. */
struct Scratch {
    List list;
    uint64_t beyond[kMaxTeamWarps]; /* the measure of what lies beyond the edge, or is kept, run by run */
    Found found[kMaxTeamWarps];
    Step step;
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
    bool all = Measure::kNoneWithoutCandidate && prefix.is_whole();
    uint64_t total = 0, beyond = 0;
    auto add = [&](const auto &x, auto of) {
        uint64_t own[row.kPerVector];
        float most = x[0];
        for (int i = 0; i < row.kPerVector; i++) {
            own[i] = of(i);
            total += own[i];
            most = fmaxf(most, x[i]);
        }
        if (most > value)
            for (int i = 0; i < row.kPerVector; i++)
                beyond += x[i] > value ? own[i] : 0;
    };
    if (all)
        row.for_each_vector([&](int, const auto &x) { add(x, [&](int i) { return measure(x[i]); }); });
    else
        row.for_each_vector([&](int id, const auto &x) {
            add(x, [&](int i) -> uint64_t { return prefix.holds(x[i], id + i) ? measure(x[i]) : 0; });
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

/* What the leader knows of where the prefix ends. */
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
            uint32_t near = edge + 1;
            float value = arith_of_ordered(near);
            uint32_t far =
                halves ? near + (ceiling - near) / 2 : arith_ordered(value + width(measure(value)));
            step.low = near;
            step.top = max(min(far, ceiling), near);
        }
        /* No value has the place of -0, and as a float it would be that of +0. */
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
            edge = step.low - 1;
            ceiling = min(ceiling, edge);
        } else {
            beyond -= found.measure;
            edge = step.top;
            floor = max(floor, edge + 1);
        }
        misses++;
        learn(step.low, step.top, found.count);
    }

    /* It was, among too many. */
    __device__ void narrow(const Found &found) {
        edge = goes_down() ? found.most : found.least - 1;
        floor = found.least;
        ceiling = found.most;
        overflows++;
        learn(found.least, found.most, found.count);
    }
};

/* So many of a bracket's tokens a lane puts on the list; with more of them there is none. */
constexpr uint32_t kListedOfLane = 16;

/* Gathers the bracket's tokens in the leader's list, and tells it what each run has of them. */
template <typename Logit, typename Measure>
__device__ void sweep(Row<Logit> &row, Measure measure, uint64_t judged, const Step &step) {
    Scratch &leader = *row.team.at_leader(&scratch());
    Prefix prefix(judged);
    int warp = row.team.warp();
    uint64_t sum = 0;
    uint32_t count = 0;
    float least = ARITH_INFINITY, most = -ARITH_INFINITY;
    row.for_each_between(arith_of_ordered(step.low), arith_of_ordered(step.top), [&](float x, int id) {
        if (!prefix.holds(x, id))
            return;
        sum += measure(x);
        least = fminf(least, x);
        most = fmaxf(most, x);
        if (++count > kListedOfLane)
            return;
        uint32_t place = atomicAdd(&leader.list.count, 1u);
        if (place < kListPlaces)
            leader.list.entry[place] = list_entry(arith_key(x, id), warp);
    });
    Found run = {warp_sum(sum), warp_sum(count), warp_min(arith_ordered(least)),
                 warp_max(arith_ordered(most))};
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

/* The edge moves over the bracket in each run too; what is counted is not drawn from. */
template <typename Measure> __device__ void move_runs(const Team &team, bool down) {
    for (int warp = threadIdx.x; !Measure::kCounts && warp < team.warps(); warp += kBlockThreads)
        scratch().beyond[warp] += down ? scratch().found[warp].measure : 0 - scratch().found[warp].measure;
}

/* The last token is in the list. Returns the prefix's bound; the runs' measures become those of the prefix. */
template <typename Measure>
__device__ uint64_t cut_list(const Search &search, uint64_t before, Measure measure) {
    List &list = scratch().list;
    list_sort(list);
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
        if constexpr (!Measure::kCounts)
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
    bool listed = inside && own.list.count == all.count && all.count <= kListPlaces;
    Step next = own.step;
    if (!inside && at_the_end) {
        next.kind = Step::DONE;
        next.bound = judged;
        move_runs<Measure>(team, down);
    } else if (!inside) {
        move_runs<Measure>(team, down);
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
    next.list_is_head = listed && before == 0;
    __syncthreads();
    if (threadIdx.x == 0) {
        if (next.kind == Step::SWEEP)
            own.list.count = 0;
        own.step = next;
    }
}

/* Where a prefix ends. */
struct Cut {
    uint64_t bound;
    bool
        list_is_head; /* the leader's list holds the first tokens of the row's order, sorted, the prefix's among them */
};

/*
 * The end of the shortest prefix of the judged prefix whose measure reaches search.target; the judged one's own if it never does. The leader
 * gives the search; its scratch().beyond holds what lies beyond the edge run by run, and what is in the prefix run by run afterwards.
 */
template <typename Logit, typename Measure>
__device__ Cut find_cut(Row<Logit> &row, Search search, Measure measure, uint64_t judged) {
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
            return {step.bound, step.list_is_head};
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
