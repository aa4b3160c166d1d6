/*
 * The draw: inverse transform sampling over integer weights in token-id order.
 *
 * The leader finds the run in which the running sum of the kept weights passes the target, the run's block the token. The sums are exact, so how
 * the row is cut does not change the token.
 */
#ifndef LOTTO_DRAW_CUH
#define LOTTO_DRAW_CUH

#include "keep.cuh"

namespace lotto {

/* From the leader's list. By the whole leading block; the thread that finds the token returns it, the others -1. */
template <typename Target> __device__ Drawn draw_from_list(Target target) {
    const List &list = scratch().list;
    int kept = scratch().kept;
    Drawn drawn = {-1, 0, scratch().mass};
    for (int i = threadIdx.x; i < kept; i += kBlockThreads) {
        uint32_t id = arith_key_id(entry_key(list.entry[i]));
        uint64_t before = 0, sum_of_better = 0, goal = target(drawn.mass);
        for (int other = 0; other < kept; other++) {
            uint64_t sum = list.sum[other];
            before += arith_key_id(entry_key(list.entry[other])) < id ? sum - sum_of_better : 0;
            sum_of_better = sum;
        }
        if (before <= goal && goal < before + list.sum[i] - (i > 0 ? list.sum[i - 1] : 0))
            drawn = {static_cast<int>(id), entry_value(list.entry[i]), drawn.mass};
    }
    return drawn;
}

/*
 * The first kept token, in id order, whose inclusive sum of weights exceeds target(kept mass), which lies below the kept mass. One
 * thread of the team returns it, the others -1.
 */
template <typename Logit, typename Target> __device__ Drawn draw(Row<Logit> &row, Kept &kept, Target target) {
    Team &team = row.team;
    if (kept.listed)
        return team.leads() ? draw_from_list(target) : Drawn{-1, 0, 0};
    measure_runs(row, kept);
    team.sync();
    if (team.leads() && warp_in_block() == 0) {
        uint64_t mass = sum_runs(scratch().beyond, team.warps());
        Place place = find_run(team.warps(), target(mass), [](int warp) { return scratch().beyond[warp]; });
        if (lane() == 0) {
            scratch().mass = mass;
            scratch().place = place;
        }
    }
    Place place = team.from_leader(&scratch().place);
    Drawn drawn = {-1, 0, 0};
    if (place.warp / kBlockWarps == team.rank) {
        Prefix prefix(kept.bound);
        int token = locate(row, place, [&](float x, int id) -> uint64_t {
            return prefix.holds(x, id) ? kept.weight(x) : 0;
        });
        if (threadIdx.x == 0)
            drawn = {token, row.value_of(token), *team.at_leader(&scratch().mass)};
    }
    return drawn;
}

} // namespace lotto

#endif
