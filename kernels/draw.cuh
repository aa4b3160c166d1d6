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

/*
 * The first kept token, in id order, whose inclusive sum of weights exceeds target(kept mass), which lies below the kept mass. The leader's
 * scratch() has the token and the mass once this returns; the other blocks can read them there.
 */
template <typename Logit, typename Target> __device__ void draw(Row<Logit> &row, Kept &kept, Target target) {
    Team &team = row.team;
    measure_runs(row, kept);
    team.sync();
    if (team.leads() && warp_in_block() == 0) {
        uint64_t mass = sum_runs(team);
        Place place = find_run(team.warps(), target(mass), [](int warp) { return scratch().beyond[warp]; });
        if (lane() == 0) {
            scratch().mass = mass;
            scratch().place = place;
        }
    }
    Place place = team.from_leader(&scratch().place);
    if (place.warp / kBlockWarps == team.rank) {
        Prefix prefix(kept.bound);
        int token = locate(row, place, [&](float x, int id) -> uint64_t {
            return prefix.holds(x, id) ? kept.weight(x) : 0;
        });
        if (threadIdx.x == 0)
            *team.at_leader(&scratch().token) = token;
    }
    team.sync();
}

} // namespace lotto

#endif
