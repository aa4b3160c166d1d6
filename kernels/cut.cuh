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

/* What lies beyond a value, and the rest. */
template <typename Part> struct Sides {
    Part beyond, rest;

    __device__ static Sides of(Part own, float x, float value) {
        return x > value ? Sides{own, 0} : Sides{0, own};
    }
    /* Under predicates, where the compiler would first choose what to add. */
    __device__ void add(uint64_t own, float x, float value) {
        asm("{ .reg .pred is_beyond; setp.gt.f32 is_beyond, %3, %4;"
            "@is_beyond add.u64 %0, %0, %2; @!is_beyond add.u64 %1, %1, %2; }"
            : "+l"(beyond), "+l"(rest)
            : "l"(own), "f"(x), "f"(value));
    }
    __device__ void add(float own, float x, float value) {
        asm("{ .reg .pred is_beyond; setp.gt.f32 is_beyond, %3, %4;"
            "@is_beyond add.f32 %0, %0, %2; @!is_beyond add.f32 %1, %1, %2; }"
            : "+f"(beyond), "+f"(rest)
            : "f"(own), "f"(x), "f"(value));
    }
};

/* sum_by_four() on both sides of a value. */
template <typename Part, int kCount, typename Measure>
__device__ Sides<Part> sides_by_four(const float (&x)[kCount], float value, Measure measure) {
    Sides<Part> four[kCount / 4];
    for (int i = 0; i < kCount; i++)
        if (i % 4 == 0)
            four[i / 4] = Sides<Part>::of(measure(x[i], i), x[i], value);
        else
            four[i / 4].add(measure(x[i], i), x[i], value);
    for (int distance = kCount / 8; distance > 0; distance /= 2)
        for (int i = 0; i < distance; i++)
            four[i] = {four[i].beyond + four[i + distance].beyond, four[i].rest + four[i + distance].rest};
    return four[0];
}

/* Tells the leader what a run has beyond a value, and of the rest. */
__device__ inline void report_sides(const Team &team, uint64_t beyond, uint64_t rest) {
    if (lane() == 0) {
        team.at_leader(scratch().beyond)[team.warp()] = beyond;
        team.at_leader(scratch().rest)[team.warp()] = rest;
    }
}

/* Tells the leader, run by run, what of the judged prefix lies beyond a value, and the rest. */
template <typename Logit, typename Measure>
__device__ void measure_beyond(Row<Logit> &row, Measure measure, uint64_t judged, float value) {
    using Part = typename Measure::Part;
    Prefix prefix(judged);
    uint64_t beyond = 0, rest = 0;
    auto add = [&](Sides<Part> sides) {
        beyond += units_of(sides.beyond);
        rest += units_of(sides.rest);
    };
    if (Measure::kNoneWithoutCandidate && prefix.is_whole())
        row.for_each_values([&](const auto &x) {
            add(sides_by_four<Part>(x, value, [&](float each, int) { return measure(each); }));
        });
    else
        row.for_each_vector([&](int id, const auto &x) {
            add(sides_by_four<Part>(x, value, [&](float each, int i) {
                return prefix.holds(each, id + i) ? measure(each) : Part(0);
            }));
        });
    report_sides(row.team, warp_sum_of_lanes(beyond), warp_sum_of_lanes(rest));
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

/* The bracket from the row's maximum down to a value, and with it, by a measure or its estimate, what the whole row measures, run by run. */
template <typename Logit, typename Measure, typename OfAll>
__device__ void measure_and_sweep_head(Row<Logit> &row, Measure measure, OfAll of_all, float low) {
    using Part = typename OfAll::Part;
    Gathering<Measure> head(row.team);
    uint64_t all = 0;
    row.for_each_vector([&](int id, const auto &x) {
        float most = x[0];
        for (float each : x)
            most = fmaxf(most, each);
        all += units_of(sum_by_four<Part>(x, [&](float each, int) { return of_all(each); }));
        if (!(most >= low))
            return;
        for (int i = 0; i < row.kPerVector; i++)
            if (x[i] >= low)
                head.take(x[i], id + i, measure(x[i]));
    });
    head.report(false);
    report_sides(row.team, 0, warp_sum_of_lanes(all));
}

/* Where a prefix ends. */
struct Cut {
    uint64_t bound;
    /* The leader's list holds the first tokens of the row's order, the prefix's among them, sorted and, if measured by weight, summed. */
    bool list_is_head;
    bool by_estimates, sure; /* they may leave it open */
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
        if (step.kind == Step::DONE || step.kind == Step::UNSURE)
            return {step.bound, step.list_is_head, false, step.kind == Step::DONE};
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
