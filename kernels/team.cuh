/*
 * A team: the blocks that share one row. From compute capability 9.0 on it is a cluster, before that one block.
 *
 * Block 0 leads. What the team decides the leader decides, in its shared memory, and all read it there or are told it in their own. Every step that passes
 * something on is a team-wide barrier, so what is written before one may be read after it, and written again after the next.
 */
#ifndef LOTTO_TEAM_CUH
#define LOTTO_TEAM_CUH

#include "block.cuh"

#include <cooperative_groups.h>

namespace lotto {

constexpr int kPortableTeamBlocks = 8; /* more must be allowed, and not every GPU has room for them */
constexpr int kMaxTeamBlocks = 16;
constexpr int kMaxTeamWarps = kMaxTeamBlocks * kBlockWarps;

/* Once made, meet() comes before the first use of another block's memory, of flag() or of sync(): only then has every block begun. */
struct Team {
    int rank, size; /* this block's, in blocks */
    int turn = 0;   /* of the two sets of slots of team_sum */

    __device__ Team() {
        if (threadIdx.x == 0)
            *flag() = 0;
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

    /* A word for the leader in which any thread may set bits. */
    __device__ static uint32_t *flag() {
        __shared__ uint32_t word;
        return &word;
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
        if (__builtin_expect(size > 1, true))
            return cooperative_groups::cluster_group::barrier_wait();
#endif
        __syncthreads();
    }

    __device__ void sync() const {
#if __CUDA_ARCH__ >= 900
        if (__builtin_expect(size > 1, true))
            return cooperative_groups::cluster_group::sync();
#endif
        __syncthreads();
    }

    /* The leader waits until nobody reads its shared memory any more; the others need not. */
    __device__ void leave() const {
#if __CUDA_ARCH__ >= 900
        if (size > 1) {
            cooperative_groups::cluster_group::barrier_arrive();
            if (leads())
                cooperative_groups::cluster_group::barrier_wait();
        }
#endif
    }

    /* Where another block of the team has this shared variable. */
    template <typename T> __device__ T *at(int other, T *shared) const {
#if __CUDA_ARCH__ >= 900
        return cooperative_groups::cluster_group::map_shared_rank(shared, other);
#else
        return shared;
#endif
    }
    template <typename T> __device__ T *at_leader(T *shared) const { return at(0, shared); }

    /*
     * Gives the other blocks what the leader has in this shared variable, which has no padding. By the leader's first warp; all have it after the next
     * barrier.
     */
    template <typename T> __device__ void tell(T *shared) const {
        constexpr int kWords = sizeof(T) / sizeof(uint32_t);
        static_assert(kWords * sizeof(uint32_t) == sizeof(T) && kWords <= kWarpThreads, "a word a lane");
        __syncwarp();
        if (lane() >= kWords)
            return;
        uint32_t *word = reinterpret_cast<uint32_t *>(shared) + lane(), own = *word;
#pragma unroll 1
        for (int other = 1; other < size; other++)
            *at(other, word) = own;
    }
};

/*
 * A variable in shared memory that whole warps read: each lane a word, which all get when they ask for it. That takes one pass over the banks; a wide read by
 * all lanes takes one for each word.
 */
template <typename T> class ByLanes {
    static constexpr unsigned kWords = sizeof(T) / sizeof(uint32_t);
    static_assert(kWords <= 8);
    const uint32_t *there;
    uint32_t own;

  public:
    __device__ explicit ByLanes(const T &variable)
        : there(reinterpret_cast<const uint32_t *>(&variable) + min(threadIdx.x % 8, kWords - 1)) {
        asm("" : "+l"(there)); /* not to be computed again for each reading */
    }
    __device__ void read() { own = *there; }

    /* By immediate operands, which the compiler would put into registers first. */
    template <size_t kOffset> __device__ uint32_t word() const {
        uint32_t word;
        asm volatile("shfl.sync.idx.b32 %0, %1, %2, 31, 0xffffffff;"
                     : "=r"(word)
                     : "r"(own), "n"(kOffset / sizeof(uint32_t)));
        return word;
    }
    template <size_t kOffset> __device__ uint64_t two_words() const {
        uint64_t upper = word<kOffset + sizeof(uint32_t)>();
        return upper << 32 | word<kOffset>();
    }
};

/* A slot for each warp of the team. */
__device__ inline uint64_t *team_slots(int turn) {
    __shared__ uint64_t of_warps[2][kMaxTeamWarps]; /* in turn: the one before may still be read */
    return of_warps[turn];
}

/* What the team's warps have, combined, for every thread. combine(0, x) is x. */
template <typename Combine> __device__ uint64_t team_reduce(Team &team, uint64_t of_warp, Combine combine) {
    team.turn ^= 1;
    uint64_t *of_warps = team_slots(team.turn);
    if (lane() < team.size)
        *team.at(lane(), &of_warps[team.warp()]) = of_warp;
    team.sync();
    uint64_t all = 0;
    for (int warp = lane(); warp < team.warps(); warp += kWarpThreads)
        all = combine(all, of_warps[warp]);
    return warp_reduce(all, combine);
}
__device__ inline uint64_t team_sum(Team &team, uint64_t of_warp) {
    return team_reduce(team, of_warp, [](uint64_t a, uint64_t b) { return a + b; });
}
__device__ inline uint64_t team_max(Team &team, uint64_t of_warp) {
    return team_reduce(team, of_warp, [](uint64_t a, uint64_t b) { return max(a, b); });
}

} // namespace lotto

#endif
