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

/* sum += own if x > value: under a predicate, where the compiler would first choose what to add. */
__device__ inline void add_if_greater(uint64_t &sum, uint64_t own, float x, float value) {
    asm("{ .reg .pred is_greater; setp.gt.f32 is_greater, %2, %3; @is_greater add.u64 %0, %0, %1; }"
        : "+l"(sum)
        : "l"(own), "f"(x), "f"(value));
}

/* Tells the leader, run by run, what lies beyond a value, and what is judged in all. */
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
    if (lane() == 0) {
        row.team.at_leader(scratch().total)[row.team.warp()] = total;
        row.team.at_leader(scratch().beyond)[row.team.warp()] = beyond;
    }
}

/* So many of a bracket's tokens a lane puts on the list; with more of them there is none. */
constexpr uint32_t kListedOfLane = 8;

/* A lane's part of a bracket: puts its tokens on the leader's list, and tells the leader what each run has of them. */
template <typename Measure> struct Gathering {
    Scratch &leader;
    int warp;
    uint64_t sum = 0, passed = 0;
    uint32_t count = 0;
    float least = ARITH_INFINITY, most = -ARITH_INFINITY;

    __device__ explicit Gathering(const Team &team)
        : leader(*team.at_leader(&scratch())), warp(team.warp()) {}

    __device__ void take(float x, int id, uint64_t measure) {
        sum += measure;
        least = fminf(least, x);
        most = fmaxf(most, x);
        if (count++ >= kListedOfLane)
            return;
        uint32_t place = atomicAdd(&leader.list.count, 1u);
        if (place < kListPlaces)
            leader.list.entry[place] = list_entry(arith_key(x, id), warp);
    }
    __device__ void report(bool passes) const {
        uint32_t counted = warp_sum(count);
        uint64_t all_passed = passes ? warp_sum_of_lanes(passed) : 0;
        Found run = {Measure::kCounts ? counted : warp_sum_of_lanes(sum), all_passed, counted,
                     warp_min(arith_ordered(least)), warp_max(arith_ordered(most))};
        if (lane() == 0)
            leader.found[warp] = run;
    }
};

/* One bracket, and what else of the stretch is measured. */
template <typename Logit, typename Measure>
__device__ void sweep(Row<Logit> &row, Measure measure, uint64_t judged, const Step &step) {
    Gathering<Measure> bracket(row.team);
    Prefix prefix(judged);
    float low = arith_of_ordered(step.low), top = arith_of_ordered(step.top);
    row.for_each_between(arith_of_ordered(step.least), arith_of_ordered(step.most), [&](int id, float x) {
        if (!prefix.is_whole() && !prefix.holds(x, id))
            return;
        uint64_t own = measure(x);
        if (x >= low && x <= top)
            bracket.take(x, id, own);
        else
            bracket.passed += own;
    });
    bracket.report(step.passes());
}

/* The bracket from the row's maximum down to a value, and with it what is judged in all, run by run. */
template <typename Logit, typename Measure>
__device__ void measure_and_sweep_head(Row<Logit> &row, Measure measure, float low) {
    Gathering<Measure> head(row.team);
    uint64_t total = 0;
    row.for_each_vector([&](int id, const auto &x) {
        uint64_t own[row.kPerVector];
        float most = x[0];
        for (int i = 0; i < row.kPerVector; i++) {
            own[i] = measure(x[i]);
            total += own[i];
            most = fmaxf(most, x[i]);
        }
        if (!(most >= low))
            return;
        for (int i = 0; i < row.kPerVector; i++)
            if (x[i] >= low)
                head.take(x[i], id + i, own[i]);
    });
    head.report(false);
    total = warp_sum_of_lanes(total);
    if (lane() == 0)
        head.leader.total[head.warp] = total;
}

/* Where a prefix ends. */
struct Cut {
    uint64_t bound;
    /* The leader's list holds the first tokens of the row's order, the prefix's among them, sorted and, if measured by weight, summed. */
    bool list_is_head;
};

/*
 * The end of the shortest prefix of the judged prefix whose measure reaches the target; the judged one's own if it never does. The leader has begun the
 * search; its scratch().beyond holds what lies beyond the edge run by run, and what is in the prefix run by run afterwards.
 */
template <typename Logit, typename Measure>
__device__ Cut find_cut(Row<Logit> &row, Measure measure, uint64_t judged) {
    Team &team = row.team;
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
            advance_search(team.warps(), measure);
    }
}

} // namespace lotto

#endif
