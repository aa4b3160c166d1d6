/*
 * The first pass over a row, which fetches it: its maximum, each lane's part of that, and its status. Who has the first token of its order.
 */
#ifndef LOTTO_SUMMARY_CUH
#define LOTTO_SUMMARY_CUH

#include "row.cuh"

namespace lotto {

/* What the first pass over a row tells. */
struct Summary {
    float maximum;      /* of the working values; -inf: no candidate */
    float own[kPieces]; /* of the tokens that the lane fetched */
    uint32_t found;     /* of the row's status, beside what the team's flag has */
    uint32_t most;      /* the largest logit, as an ordered integer, */
    uint32_t of_blocks; /* and which blocks have it, a bit each */

    __device__ bool is_empty() const { return maximum == -ARITH_INFINITY; }
    /* In the leader. */
    __device__ uint32_t status() const { return found | *Team::flag(); }
};

/* The maxima of what was fetched, as ordered integers: by each warp of this block, and by each block of the team. */
struct alignas(16) Maxima {
    uint32_t of_warp[kFetchingWarps], of_block[kMaxTeamBlocks];
};

__device__ inline Maxima &maxima() {
    __shared__ Maxima shared;
    return shared;
}

/* Fetches the part: the lane's maxima, and whether the warp met a NaN. */
template <typename Logit> __device__ bool take(Row<Logit> &row, float (&own)[kPieces]) {
    row.fetch(own);
    bool had_nan = __any_sync(kWholeWarp, own[0] != own[0] || own[1] != own[1]);
    if (had_nan) {
        if (row.is_held())
            row.settle_fetched();
        row.take_maxima(own);
    }
    return had_nan;
}

/* No samples are taken. */
struct NoSamples {
    __device__ static constexpr bool are_wanted() { return false; }
    __device__ void prepare() const {}
    __device__ void operator()(const Summary &, float) const {}
};

/*
 * What the team makes of its lanes' maxima; status: bits of this thread. sample(summary, maximum): by the warps that fetch, once they know their block's
 * maximum, of its part.
 */
template <typename Logit, typename Sample = NoSamples>
__device__ Summary agree(Row<Logit> &row, const float (&own_of_pieces)[kPieces], uint32_t status,
                         Sample sample = {}) {
    Team &team = row.team;
    Summary summary = {};
    for (int piece = 0; piece < kPieces; piece++)
        summary.own[piece] = own_of_pieces[piece];
    float own = fmaxf(summary.own[0], summary.own[1]);
    team.meet();
    if (status)
        atomicOr(team.at_leader(team.flag()), status);
    if (row.fetches()) {
        bool are_wanted = sample.are_wanted();
        if (are_wanted)
            sample.prepare();
        uint32_t of_lanes = warp_max(arith_ordered(own));
        if (lane() == 0)
            maxima().of_warp[warp_in_block()] = of_lanes;
        __barrier_sync_count(1, kFetchingWarps * kWarpThreads);
        auto of_block = [] {
            uint32_t most = 0;
            for (uint32_t of_warp : maxima().of_warp)
                most = max(most, of_warp);
            return most;
        };
        if (warp_in_block() == 0 && lane() < team.size)
            *team.at(lane(), &maxima().of_block[team.rank]) = of_block();
        if (are_wanted)
            sample(summary, arith_of_ordered(of_block()));
    }
    team.sync();
    uint32_t most = lane() < team.size ? maxima().of_block[lane()] : 0;
    summary.most = warp_max(most);
    summary.of_blocks = __ballot_sync(kWholeWarp, most == summary.most);
    summary.maximum = arith_of_ordered(summary.most);
    summary.found = summary.is_empty() ? LOTTO_ROW_EMPTY : 0;
    if (summary.maximum == ARITH_INFINITY) {
        summary.found |= LOTTO_ROW_HAD_POS_INF;
        row.has_infinity = true;
        if (row.is_held())
            row.settle_fetched();
        __syncthreads();
        for (float &of_piece : summary.own)
            of_piece = row.settle(of_piece);
        summary.maximum = 0.0f;
    }
    return summary;
}

/* A row that nothing adjusts. */
template <typename Logit, typename Sample = NoSamples>
__device__ Summary summarize(Row<Logit> &row, Sample sample = {}) {
    float own[kPieces];
    bool had_nan = take(row, own);
    return agree(row, own, had_nan ? LOTTO_ROW_HAD_NAN : 0, sample);
}

/* A row that is not held, whose team has met. */
template <typename Logit> __device__ Summary summarize_again(Row<Logit> &row) {
    Summary summary = {};
    row.take_maxima(summary.own);
    uint32_t most = warp_max(arith_ordered(fmaxf(summary.own[0], summary.own[1])));
    summary.maximum = arith_of_ordered(static_cast<uint32_t>(team_max(row.team, most)));
    if (summary.maximum == ARITH_INFINITY) {
        row.has_infinity = true;
        for (float &of_piece : summary.own)
            of_piece = row.settle(of_piece);
        summary.maximum = 0.0f;
    }
    return summary;
}

/* One that is not read, as its status says, has no candidates. */
template <typename Logit>
__device__ Summary refuse(Row<Logit> &row, uint32_t status = LOTTO_ROW_BAD_CONTROL) {
    row.abandon();
    row.team.meet();
    return {-ARITH_INFINITY, {}, status, 0, 0};
}

/* The id of the first token of the row's order, in one thread of the team; -1 in the others. */
template <typename Logit> __device__ int first_token(const Row<Logit> &row, const Summary &summary) {
    int warp = warp_in_block();
    if (!row.fetches() || row.team.rank != __ffs(summary.of_blocks) - 1)
        return -1;
    for (int before = 0; before < warp; before++)
        if (maxima().of_warp[before] == summary.most)
            return -1;
    if (maxima().of_warp[warp] != summary.most)
        return -1;
    uint32_t first = ~0u;
    row.for_each_vector(row.fetch_begin(warp), row.fetch_begin(warp + 1), [&](int id, const auto &x) {
        for (int i = row.kPerVector - 1; i >= 0; i--)
            first = x[i] == summary.maximum ? min(first, static_cast<uint32_t>(id + i)) : first;
    });
    first = warp_min(first);
    return lane() == 0 ? static_cast<int>(first) : -1;
}

} // namespace lotto

#endif
