/*
 * The draw: inverse transform sampling over integer weights in token-id order.
 *
 * The leader finds the run in which the running sum of the kept weights passes the target, the run's block the token. The sums are exact, so how
 * the row is cut does not change the token.
 */
#ifndef LOTTO_DRAW_CUH
#define LOTTO_DRAW_CUH

#include "keep.cuh"

#include <curand_philox4x32_x.h>

namespace lotto {

/* A draw's 64-bit number. */
__device__ inline uint64_t random_number(uint64_t seed, uint64_t position, arith_purpose purpose,
                                         int number) {
    arith_philox counter = arith_counter(position, purpose, static_cast<uint32_t>(number));
    uint4 random =
        curand_Philox4x32_10(make_uint4(counter.word[0], counter.word[1], counter.word[2], counter.word[3]),
                             make_uint2(static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)));
    return arith_random({{random.x, random.y, random.z, random.w}});
}

/* A token's weight among what is kept. */
struct KeptWeight {
    Prefix prefix;
    Weight weight;

    __device__ explicit KeptWeight(const Kept &kept) : prefix(kept.bound), weight(kept.weight) {}
    __device__ uint64_t operator()(float x, int id) const { return prefix.holds(x, id) ? weight(x) : 0; }
};

/* An entry's part of the kept mass, with the tokens in id order. */
struct Stretch {
    uint64_t begin, length;
    __device__ bool holds(uint64_t target) const { return begin <= target && target < begin + length; }
};

__device__ inline Stretch stretch_of(const List &list, int kept, int i) {
    uint32_t id = arith_key_id(entry_key(list.entry[i]));
    uint64_t before = 0, sum_of_better = 0;
    for (int other = 0; other < kept; other++) {
        uint64_t sum = list.sum[other];
        before += arith_key_id(entry_key(list.entry[other])) < id ? sum - sum_of_better : 0;
        sum_of_better = sum;
    }
    return {before, list.sum[i] - (i > 0 ? list.sum[i - 1] : 0)};
}

/* From the leader's list. By the whole leading block; the thread that finds the token returns it, the others -1. */
template <typename Target> __device__ Drawn draw_from_list(Target target) {
    const List &list = scratch().list;
    int kept = scratch().kept;
    Drawn drawn = {-1, 0, scratch().mass};
    for (int i = threadIdx.x; i < kept; i += kBlockThreads) {
        uint64_t goal = target(drawn.mass);
        if (stretch_of(list, kept, i).holds(goal))
            drawn = {static_cast<int>(arith_key_id(entry_key(list.entry[i]))), entry_value(list.entry[i]),
                     drawn.mass};
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
        int token = locate(row, place, KeptWeight(kept));
        if (threadIdx.x == 0)
            drawn = {token, row.value_of(token), *team.at_leader(&scratch().mass)};
    }
    return drawn;
}

/*
 * Many draws by a measure of which the leader's scratch().beyond has each run's sum: act(number, token, working value) for each, by one thread of the
 * team. target(number) lies below the whole sum. Each block finds those of its own part, so that no draw takes a barrier of the team.
 */
template <typename Logit, typename Measure, typename Target, typename Act>
__device__ void draw_from_runs(const Row<Logit> &row, Measure measure, int count, Target target, Act act) {
    const Team &team = row.team;
    uint64_t *runs = scratch().beyond;
    for (int warp = threadIdx.x; !team.leads() && warp < team.warps(); warp += kBlockThreads)
        runs[warp] = team.at_leader(runs)[warp];
    __syncthreads();
    for (int number = 0; number < count; number++) {
        Place place = find_run(team.warps(), target(number), [&](int warp) { return runs[warp]; });
        if (place.warp / kBlockWarps != team.rank)
            continue;
        int token = locate(row, place, measure);
        if (threadIdx.x == 0)
            act(number, token, row.value_of(token));
    }
}

/* Many draws from what is kept, whose mass the team has found. */
template <typename Logit, typename Target, typename Act>
__device__ void draw_many(const Row<Logit> &row, const Kept &kept, int count, Target target, Act act) {
    const List &list = scratch().list;
    if (!kept.listed)
        return draw_from_runs(row, KeptWeight(kept), count, target, act);
    for (int i = threadIdx.x; row.team.leads() && i < scratch().kept; i += kBlockThreads) {
        Stretch stretch = stretch_of(list, scratch().kept, i);
        for (int number = 0; number < count; number++)
            if (stretch.holds(target(number)))
                act(number, static_cast<int>(arith_key_id(entry_key(list.entry[i]))),
                    entry_value(list.entry[i]));
    }
}

} // namespace lotto

#endif
