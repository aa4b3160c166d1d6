/*
 * The draw: inverse transform sampling over integer weights in token-id order.
 *
 * The leader finds the run in which the running sum of the kept weights passes the target, and there the token, reading another block's part; of many draws
 * each block finds its own. The sums are exact, so how the row is cut does not change the token.
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

    __device__ KeptWeight(uint64_t bound, const Weight &weight) : prefix(bound), weight(weight) {}
    __device__ explicit KeptWeight(const Kept &kept) : KeptWeight(kept.bound, kept.weight) {}
    __device__ uint64_t operator()(float x, int id) const { return prefix.holds(x, id) ? weight(x) : 0; }

    /* Of a vector's tokens, by estimates. */
    template <int kPerVector> __device__ uint64_t estimated(const float (&x)[kPerVector], int id) const {
        Group group;
        for (int i = 0; i < kPerVector; i++)
            group.add(true, i, prefix.holds(x[i], id + i) ? estimate(weight, x[i]) : 0.0f);
        return group.sum();
    }
};

/* An entry's part of the kept mass, with the tokens in id order. */
struct Stretch {
    uint64_t begin, length;
    __device__ bool holds(uint64_t target) const { return begin <= target && target < begin + length; }
};

/* Of the i-th entry for each lane; none for one behind what is kept. By a whole warp. */
__device__ inline Stretch stretch_of(const List &list, int kept, int i) {
    auto id_at = [&](int i) { return i < kept ? arith_key_id(entry_key(list.entry[i])) : ~0u; };
    auto weight_at = [&](int i) { return i < kept ? list.sum[i] - (i > 0 ? list.sum[i - 1] : 0) : 0; };
    uint32_t id = id_at(i);
    uint64_t before = 0;
    for (int first = 0; first < kept; first += kWarpThreads) {
        uint32_t ids = id_at(first + lane());
        uint64_t weights = weight_at(first + lane());
        constexpr int kAtOnce = 4;
        for (int other = 0; other < min(kept - first, kWarpThreads); other += kAtOnce)
            for (int i = 0; i < kAtOnce; i++) {
                uint64_t weight = of_lane(weights, other + i);
                before += of_lane(ids, other + i) < id ? weight : 0;
            }
    }
    return {before, weight_at(i)};
}

/* The drawn token, its working value, and the mass it was drawn from. */
struct Drawn {
    int token;
    float x;
    uint64_t mass;
};

/* From the leader's list. By the whole leading block; the thread that finds the token returns it, the others -1. */
template <typename Target> __device__ Drawn draw_from_list(Target target) {
    const List &list = scratch().list;
    int kept = scratch().kept;
    Drawn drawn = {-1, 0, 0};
    for (int i = threadIdx.x; i - lane() < kept; i += kBlockThreads) {
        uint64_t mass = scratch().mass, goal = target(mass);
        if (stretch_of(list, kept, i).holds(goal))
            drawn = {static_cast<int>(arith_key_id(entry_key(list.entry[i]))), entry_value(list.entry[i]),
                     mass};
    }
    return drawn;
}

/* Whether a bound cuts no tie, so that the values alone tell what it holds. */
__device__ inline bool is_value(uint64_t bound) { return arith_key_id(bound) == ARITH_MAX_VOCAB - 1; }

/* Tells the leader what is kept of each run, by estimates; the kept bound is a value. */
template <typename Logit> __device__ void estimate_runs(const Row<Logit> &row, const Kept &kept) {
    Prefix prefix(kept.bound);
    uint64_t own = 0;
    auto sum = [&](auto estimated) {
        Group group;
        row.for_each_group(
            [&](int, const auto &x, bool first) {
                for (int i = 0; i < row.kPerVector; i++)
                    group.add(first, i, estimated(x[i]));
            },
            [&] { own += group.sum(); });
    };
    if (is_whole(kept.bound))
        sum([&](float x) { return estimate(kept.weight, x); });
    else
        sum([&](float x) { return x >= prefix.last ? estimate(kept.weight, x) : 0.0f; });
    uint64_t of_run = warp_sum_of_lanes(own);
    if (lane() == 0)
        leaders_scratch(row.team).beyond[row.team.warp()] = of_run;
}

/* What the leader knows of a run; what is estimated may be less than 0. */
__device__ inline uint64_t kept_of_run(int warp) {
    return max(static_cast<int64_t>(scratch().beyond[warp]), int64_t(0));
}

/* How far the distance from the sum of what lies before a token of a run to the target can be off, if so much of the mass was estimated. */
__device__ inline uint64_t draw_error(uint64_t target, uint64_t mass, uint64_t before, uint64_t of_run,
                                      uint64_t estimated, int vocab) {
    uint64_t taken_away = estimated > mass ? estimated - mass : 0;
    float share = static_cast<float>(target) / static_cast<float>(mass),
          other = static_cast<float>(mass - target) / static_cast<float>(mass);
    float weighted = share * static_cast<float>(mass - before) + other * static_cast<float>(before + of_run) +
                     static_cast<float>(taken_away);
    return estimate_error(weighted, vocab);
}

/* Finds where the drawn token is, from what is kept of each run. By the leader's first warp. */
template <typename Target> __device__ void place_draw(int warps, int vocab, Target target) {
    uint64_t mass = sum_runs(warps, kept_of_run), goal = target(mass);
    uint64_t estimated = scratch().search.estimated;
    Place place = find_run(warps, goal, kept_of_run);
    if (estimated > 0) {
        place.exact = false;
        place.error = draw_error(goal, mass, goal - place.rest, kept_of_run(place.warp), estimated, vocab);
    }
    if (lane() == 0) {
        scratch().mass = mass;
        scratch().place = place;
    }
}

/*
 * From what is kept of each run, which the leader has: it finds the token, for its scratch, and returns whether that is certain, which estimates may leave
 * open. By the whole leading block, which may read other blocks' parts: those have to stay until the team has met.
 */
template <typename Logit, typename Target>
__device__ bool draw_from_kept(const Row<Logit> &row, const KeptWeight &weight, Target target) {
    Scratch &own = scratch();
    if (warp_in_block() == 0)
        place_draw(row.team.warps(), row.vocab, target);
    __syncthreads();
    Place place = own.place;
    auto estimated = [&](const auto &x, int id) { return weight.estimated(x, id); };
    Located drawn = place.exact ? locate(row, place, weight) : locate(row, place, weight, estimated);
    if (threadIdx.x == 0) {
        own.drawn = drawn;
        own.is_sure = drawn.token >= 0;
    }
    return drawn.token >= 0;
}

/* What the leader has drawn, by the thread that did; the others have none. */
__device__ inline Drawn drawn_by(const Team &team) {
    if (!team.leads() || threadIdx.x != 0)
        return {-1, 0, 0};
    return {scratch().drawn.token, scratch().drawn.x, scratch().mass};
}

/* By exact sums. A call, so that it takes no registers and instructions of the others: for few rows. */
template <typename Logit, typename Target>
__device__ __noinline__ Drawn draw_exactly(Row<Logit> row, Kept kept, Target target) {
    if (row.team.leads() && threadIdx.x == 0)
        scratch().search.estimated = 0;
    measure_runs(row, kept);
    row.team.sync();
    if (row.team.leads())
        draw_from_kept(row, KeptWeight(kept), target);
    row.team.sync(); /* the leader has read the others' runs */
    return drawn_by(row.team);
}

/*
 * The first kept token, in id order, whose inclusive sum of weights exceeds target(kept mass), which lies below the kept mass. One
 * thread of the team returns it, the others -1. by_estimates: the runs' sums may be; then it returns no mass. From then on no
 * block reads another's memory.
 */
template <typename Logit, typename Target>
__device__ Drawn draw(Row<Logit> &row, const Kept &kept, bool by_estimates, Target target) {
    if (kept.known == LIST) {
        Drawn drawn = row.team.leads() ? draw_from_list(target) : Drawn{-1, 0, 0};
        row.team.leave();
        return drawn;
    }
    if (kept.known == DRAWN)
        return drawn_by(row.team);
    if (by_estimates && is_value(kept.bound)) {
        if (row.team.leads() && threadIdx.x == 0)
            scratch().search.estimated = 1; /* and nothing is taken away from it */
        estimate_runs(row, kept);
        row.team.sync();
        if (row.team.leads()) {
            draw_from_kept(row, KeptWeight(kept), target);
            if (warp_in_block() == 0)
                row.team.tell(&scratch().is_sure);
        }
        row.team.sync();
        if (scratch().is_sure)
            return drawn_by(row.team);
    }
    return draw_exactly(row, kept, target);
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
        runs[warp] = leaders_scratch(team).beyond[warp];
    __syncthreads();
    for (int number = 0; number < count; number++) {
        Place place = find_run(team.warps(), target(number), [&](int warp) { return runs[warp]; });
        if (place.block() != team.rank)
            continue;
        Located drawn = locate(row, place, measure);
        if (threadIdx.x == 0)
            act(number, drawn.token, drawn.x);
    }
}

/* Many draws from what is kept, whose mass the team has found. */
template <typename Logit, typename Target, typename Act>
__device__ void draw_many(const Row<Logit> &row, const Kept &kept, int count, Target target, Act act) {
    const List &list = scratch().list;
    if (kept.known != LIST)
        return draw_from_runs(row, KeptWeight(kept), count, target, act);
    for (int i = threadIdx.x; row.team.leads() && i - lane() < scratch().kept; i += kBlockThreads) {
        Stretch stretch = stretch_of(list, scratch().kept, i);
        for (int number = 0; number < count; number++)
            if (stretch.holds(target(number)))
                act(number, static_cast<int>(arith_key_id(entry_key(list.entry[i]))),
                    entry_value(list.entry[i]));
    }
}

} // namespace lotto

#endif
