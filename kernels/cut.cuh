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
    total = warp_sum_of_lanes(total);
    beyond = warp_sum_of_lanes(beyond);
    if (lane() == 0) {
        row.team.at_leader(scratch().found)[row.team.warp()] = {total, 0, 0, 0};
        row.team.at_leader(scratch().beyond)[row.team.warp()] = beyond;
    }
}

/* So many of a bracket's tokens a lane puts on the list; with more of them there is none. */
constexpr uint32_t kListedOfLane = 8;

/* Gathers the bracket's tokens in the leader's list, and tells it what each run has of them. */
template <typename Logit, typename Measure>
__device__ void sweep(Row<Logit> &row, Measure measure, uint64_t judged, const Step &step) {
    Scratch &leader = *row.team.at_leader(&scratch());
    Prefix prefix(judged);
    int warp = row.team.warp();
    uint64_t sum = 0;
    uint32_t count = 0;
    float least = ARITH_INFINITY, most = -ARITH_INFINITY;
    auto take = [&](float x, int id) {
        sum += measure(x);
        least = fminf(least, x);
        most = fmaxf(most, x);
        count++;
        uint32_t place = atomicAdd(&leader.list.count, 1u);
        if (place < kListPlaces)
            leader.list.entry[place] = list_entry(arith_key(x, id), warp);
    };
    auto take_unlisted = [&](float x, bool counts) {
        sum += counts ? measure(x) : 0;
        least = counts ? fminf(least, x) : least;
        most = counts ? fmaxf(most, x) : most;
        count += counts;
    };
    row.for_each_between(arith_of_ordered(step.low), arith_of_ordered(step.top),
                         [&](int first, const auto &x, uint32_t between) {
                             if (!prefix.is_whole())
                                 for (int i = 0; i < row.kPerVector; i++)
                                     between &= ~(prefix.holds(x[i], first + i) ? 0u : 1u << i);
                             if (count >= kListedOfLane)
                                 for (int i = 0; i < row.kPerVector; i++)
                                     take_unlisted(x[i], between >> i & 1);
                             else
                                 for (; between; between &= between - 1) {
                                     int id = first + __ffs(between) - 1;
                                     take(row.value_of(id), id);
                                 }
                         });
    uint32_t counted = warp_sum(count);
    Found run = {Measure::kCounts ? counted : warp_sum_of_lanes(sum), counted, warp_min(arith_ordered(least)),
                 warp_max(arith_ordered(most))};
    if (lane() == 0)
        leader.found[warp] = run;
}

/* Where a prefix ends. */
struct Cut {
    uint64_t bound;
    bool
        list_is_head; /* the leader's list holds the first tokens of the row's order, the prefix's among them, sorted */
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
