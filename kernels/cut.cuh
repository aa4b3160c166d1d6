/*
 * Where a prefix ends whose measure just reaches a target: top-k by count, top-p by weight. The team's part: what the leader asks of it (search.cuh).
 *
 * A guess says where about the last token lies; one pass measures exactly what lies beyond the guessed value; sweeps over brackets of
 * values lead from there to the last token. So the result is exact whatever the guess was.
 */
#ifndef LOTTO_CUT_CUH
#define LOTTO_CUT_CUH

#include "guess.cuh"
#include "search.cuh"

namespace lotto {

/* Tells the leader what lies beyond a value run by run, and every block the sums of both sides. By all warps, each with its run's. */
__device__ inline void tell_sides(const Team &team, uint64_t beyond, uint64_t rest) {
    Scratch &own = scratch();
    if (lane() == 0) {
        own.of_warps[warp_in_block()][BEYOND] = beyond;
        own.of_warps[warp_in_block()][REST] = rest;
        leaders_scratch(team).beyond[team.warp()] = beyond;
    }
    __syncthreads();
    if (warp_in_block() > 0)
        return;
    static_assert(SIDES * kMaxTeamBlocks == kWarpThreads, "a lane for each side and block that is told");
    int side = lane() % SIDES, block = lane() / SIDES;
    uint64_t sum = 0;
    for (const auto &of_warp : own.of_warps)
        sum += of_warp[side];
    if (block < team.size)
        *team.at(block, &own.of_blocks[team.rank][side]) = sum;
}

/* Measures the sides of a value. A call, so that it takes no registers of the others. */
template <typename Logit, typename Measure>
__device__ __noinline__ void measure_beyond(Row<Logit> row, Measure measure, uint64_t judged, float value) {
    Prefix prefix(judged);
    bool all = Measure::kNoneWithoutCandidate && is_whole(judged);
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
                add_if_greater(beyond, own[i], x[i], value);
    };
    if (all)
        row.for_each_vector([&](int, const auto &x) { add(x, [&](int i) { return measure(x[i]); }); });
    else
        row.for_each_vector([&](int id, const auto &x) {
            add(x, [&](int i) -> uint64_t { return prefix.holds(x[i], id + i) ? measure(x[i]) : 0; });
        });
    total = warp_sum_of_lanes(total);
    beyond = warp_sum_of_lanes(beyond);
    tell_sides(row.team, beyond, total - beyond);
}

/* The same by estimates, where every candidate is judged. */
template <typename Logit>
__device__ void estimate_beyond(const Row<Logit> &row, const Weight &weight, float value) {
    Group of_beyond, of_rest;
    uint64_t beyond = 0, rest = 0;
    row.for_each_group(
        [&](int, const auto &x, bool first) {
            for (int i = 0; i < row.kPerVector; i++)
                add_to_side(of_beyond, of_rest, first, i, estimate(weight, x[i]), x[i], value);
        },
        [&] {
            beyond += of_beyond.sum();
            rest += of_rest.sum();
        });
    rest = warp_sum_of_lanes(rest);
    tell_sides(row.team, warp_sum_of_lanes(beyond), rest);
}

/* By estimates where they may be, unless exact sums are asked for. */
template <typename Logit, typename Measure>
__device__ void measure_sides(Row<Logit> &row, Measure measure, uint64_t judged, float value, bool exactly) {
    if constexpr (!Measure::kEstimated)
        measure_beyond(row, measure, judged, value);
    else if (measure.by_estimates && !exactly)
        estimate_beyond(row, measure, value);
    else
        measure_beyond<Logit, Weight>(row, measure, judged, value);
}

/* A lane's part of a bracket: puts its tokens on the leader's list, and tells the leader what each run has of them. */
template <typename Measure> struct Gathering {
    Scratch &leader;
    int warp;
    uint64_t sum = 0, passed = 0;
    uint32_t count = 0, least = ~0u, most = 0; /* values, as ordered integers */
    bool list_is_full = false;

    __device__ Gathering(Scratch &leader, const Team &team) : leader(leader), warp(team.warp()) {}

    __device__ void take(float x, int id, uint64_t measure) {
        uint32_t ordered = arith_ordered(x);
        sum += measure;
        count++;
        least = min(least, ordered);
        most = max(most, ordered);
        uint32_t place = list_is_full ? kListPlaces : atomicAdd(&leader.list.count, 1u);
        list_is_full = place >= kListPlaces;
        if (!list_is_full)
            leader.list.entry[place] = list_entry(arith_key(x, id), warp);
    }
    __device__ void report(bool passes) const {
        uint32_t counted = warp_sum(count);
        uint64_t all_passed = passes ? warp_sum_of_lanes(passed) : 0;
        Found run = {Measure::kCounts ? counted : warp_sum_of_lanes(sum),
                     all_passed,
                     counted,
                     warp_min(least),
                     warp_max(most),
                     0};
        if (lane() == 0)
            leader.found[warp] = run;
    }
};

/* A bracket of one value. */
template <typename Logit, typename Measure>
__device__ void count_value(const Row<Logit> &row, Scratch &leader, Measure measure, float value) {
    uint32_t own = 0, ordered = arith_ordered(value);
    row.for_each_vector([&](int, const auto &x) {
        for (float each : x)
            own += each == value;
    });
    uint32_t count = warp_sum(own);
    if (lane() == 0)
        leader.found[row.team.warp()] = {count * measure(value), 0, count, ordered, ordered, 0};
}

/* One bracket, and what else of the stretch is measured. */
template <typename Logit, typename Measure>
__device__ void sweep(Row<Logit> &row, Scratch &leader, Measure measure, uint64_t judged,
                      const Range &range) {
    Gathering<Measure> bracket(leader, row.team);
    Prefix prefix(judged);
    row.for_each_between(range.least, range.most, [&](int id, float x) {
        if (!is_whole(judged) && !prefix.holds(x, id))
            return;
        uint64_t own = measure(x);
        if (x >= range.low && x <= range.top)
            bracket.take(x, id, own);
        else
            bracket.passed += own;
    });
    bracket.report(range.passes());
}

/* What all of a row measures: exactly, and by estimates. */
template <typename Measure> struct Total {
    Measure measure;
    uint64_t sum = 0;

    __device__ explicit Total(const Measure &measure) : measure(measure) {}
    __device__ void add(bool, int, float x) { sum += measure(x); }
    __device__ void end_group() {}
};
struct EstimatedTotal {
    Weight weight;
    uint64_t sum = 0;
    Group group;

    __device__ explicit EstimatedTotal(const Weight &weight) : weight(weight) {}
    __device__ void add(bool first, int i, float x) { group.add(first, i, estimate(weight, x)); }
    __device__ void end_group() { sum += group.sum(); }
};
template <typename Measure>
using TotalOf = std::conditional_t<Measure::kEstimated, EstimatedTotal, Total<Measure>>;

/* The bracket from the row's maximum down to a value, and with it what is judged in all, run by run. */
template <typename Logit, typename Measure>
__device__ void sweep_head(Row<Logit> &row, Scratch &leader, Measure measure, float low) {
    Gathering<Measure> head(leader, row.team);
    TotalOf<Measure> total(measure);
    row.for_each_group(
        [&](int id, const auto &x, bool first) {
            float most = x[0];
            for (int i = 0; i < row.kPerVector; i++) {
                total.add(first, i, x[i]);
                most = fmaxf(most, x[i]);
            }
            if (!(most >= low))
                return;
            for (int i = 0; i < row.kPerVector; i++)
                if (x[i] >= low)
                    head.take(x[i], id + i, measure(x[i]));
        },
        [&] { total.end_group(); });
    head.report(false);
    uint64_t of_run = warp_sum_of_lanes(total.sum);
    if (lane() == 0) {
        leader.rest[head.warp] = of_run;
        leader.beyond[head.warp] = 0;
    }
}

/* Where a prefix ends. */
struct Cut {
    uint64_t bound;
    Known known; /* to the leader */
};

/* No token is drawn from the prefix yet. */
struct NoDraw {
    __device__ Known operator()(uint64_t, const Weight & = {}) const { return RUNS; }
};

/* If the search is done: finds where in a tie it ends, and draws. By the whole leading block. */
template <typename Logit, typename Measure, typename Draw>
__device__ void end_search(const Row<Logit> &row, Measure measure, uint64_t judged, Draw draw) {
    Step &step = scratch().step;
    __syncthreads();
    Step::Kind kind = step.kind;
    if (kind < Step::LOCATE)
        return;
    uint64_t bound = step.bound;
    Known known = step.known;
    __syncthreads(); /* all have read it */
    if (kind == Step::LOCATE) {
        float value = arith_key_value(bound);
        Located last = locate(row, scratch().tie, [&](float x, int id) -> uint64_t {
            return x == value && arith_key(x, id) >= judged;
        });
        bound = arith_key(value, last.token);
    }
    if (known == RUNS)
        known = draw(bound);
    if (threadIdx.x == 0) {
        step.kind = Step::DONE;
        step.known = known;
        step.bound = bound;
    }
}

/*
 * The end of the shortest prefix of the judged prefix whose measure reaches the target; the judged one's own if it never does. The leader has begun the
 * search; its scratch().beyond holds what lies beyond the edge run by run, and what is in the prefix run by run afterwards. draw(bound): by the whole leading
 * block, may draw a token from the prefix by these, and returns what the leader has of it then.
 */
template <typename Logit, typename Measure, typename Draw = NoDraw>
__device__ Cut find_cut(Row<Logit> &row, Measure measure, uint64_t judged, Draw draw = {}) {
    Team &team = row.team;
    Scratch &leader = leaders_scratch(team);
    AskedStep step(scratch().step);
    if (team.leads() && warp_in_block() == 0)
        tell_step(team);
    for (;;) {
        team.sync();
        step.read();
        Step::Kind kind = step.kind();
        if (kind == Step::DONE)
            return {step.bound(), step.known()};
        if (Measure::kEstimated && kind == Step::SIDES) { /* others have no registers for it */
            measure_sides(row, measure, judged, step.top(), false);
            team.sync();
            if (warp_in_block() == 0)
                choose_bracket(team.size, row.vocab, measure);
            __syncthreads();
            step.read();
            kind = step.kind();
        }
        if (kind == Step::SWEEP)
            sweep(row, leader, measure, judged, {step.low(), step.top(), step.least(), step.most()});
        else if (!Measure::kCounts && kind == Step::HEAD)
            sweep_head(row, leader, measure, step.low());
        else if (kind == Step::COUNT)
            count_value(row, leader, measure, step.low());
        else
            measure_sides(row, measure, judged, step.top(), kind == Step::EXACT_SIDES);
        team.sync();
        if (team.leads()) {
            advance_search(team.size, row.vocab, measure);
            end_search(row, measure, judged, draw);
            if (warp_in_block() == 0)
                tell_step(team);
        }
    }
}

} // namespace lotto

#endif
