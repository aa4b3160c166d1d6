/*
 * A team: the blocks that share one row. From compute capability 9.0 on it is a cluster, before that one block.
 *
 * Block 0 leads. What the team decides the leader decides, in its shared memory, and all read it there. Every step that passes something on
 * is a team-wide barrier, so what is written before one may be read after it, and written again after the next.
 */
#ifndef LOTTO_TEAM_CUH
#define LOTTO_TEAM_CUH

#include "block.cuh"

#include <cooperative_groups.h>

namespace lotto {

constexpr int kPortableTeamBlocks = 8; /* more must be allowed, and not every GPU has room for them */
constexpr int kMaxTeamBlocks = 16;
constexpr int kMaxTeamWarps = kMaxTeamBlocks * kBlockWarps;

/* Once made, meet() comes before the first use of another block's memory or of sync(): only then has every block begun. */
struct Team {
    int rank, size; /* this block's, in blocks */
    int turn = 0;   /* of the two sets of slots of team_gather */

    __device__ Team() {
#if __CUDA_ARCH__ >= 900
        rank = static_cast<int>(cooperative_groups::cluster_group::block_rank());
        size = static_cast<int>(cooperative_groups::cluster_group::num_blocks());
        if (size > 1)
            cooperative_groups::cluster_group::barrier_arrive();
#else
        rank = 0;
        size = 1;
#endif
    }

    /* Of the team in the grid: its row. */
    __device__ int64_t index() const {
#if __CUDA_ARCH__ >= 900
        return __clusterIdx().x;
#else
        return blockIdx.x;
#endif
    }
    __device__ bool leads() const { return rank == 0; }
    __device__ int warps() const { return size * kBlockWarps; }
    __device__ int warp() const { return rank * kBlockWarps + warp_in_block(); }

    __device__ void meet() const {
#if __CUDA_ARCH__ >= 900
        if (size > 1)
            cooperative_groups::cluster_group::barrier_wait();
#endif
    }

    __device__ void sync() const {
#if __CUDA_ARCH__ >= 900
        if (size > 1)
            return cooperative_groups::cluster_group::sync();
#endif
        __syncthreads();
    }

    /* Where another block of the team has this shared variable. */
    template <typename T> __device__ T *at(int other, T *shared) const {
#if __CUDA_ARCH__ >= 900
        if (size > 1)
            return cooperative_groups::cluster_group::map_shared_rank(shared, other);
#endif
        return shared;
    }
    template <typename T> __device__ T *at_leader(T *shared) const { return at(0, shared); }

    /* What the leader has in a shared variable, once it has written it. */
    template <typename T> __device__ T from_leader(T *shared) const {
        sync();
        return *at_leader(shared);
    }
};

/* What each warp of the team has, in the order of the warps, for every thread. Read it before the next team-wide barrier but one. */
template <typename T> __device__ const T *team_gather(Team &team, T of_warp) {
    __shared__ T slots[2][kMaxTeamWarps];
    team.turn ^= 1;
    if (lane() < team.size)
        *team.at(lane(), &slots[team.turn][team.warp()]) = of_warp;
    team.sync();
    return slots[team.turn];
}

__device__ inline uint64_t team_sum(Team &team, uint64_t own) {
    const uint64_t *sums = team_gather(team, warp_sum(own));
    uint64_t sum = 0;
    for (int warp = lane(); warp < team.warps(); warp += kWarpThreads)
        sum += sums[warp];
    return warp_sum(sum);
}

__device__ inline uint32_t team_min(Team &team, uint32_t own) {
    const uint32_t *least = team_gather(team, warp_min(own));
    uint32_t result = ~0u;
    for (int warp = lane(); warp < team.warps(); warp += kWarpThreads)
        result = min(result, least[warp]);
    return warp_min(result);
}

} // namespace lotto

#endif
