/*
 * A prefix written out, of any length: its keys collected into global memory by the team and sorted by rank there by the leader, by a stable
 * radix sort of 8-bit digits, least significant first, between two buffers.
 * Source: Satish, Harris, Garland, "Designing efficient sorting algorithms for manycore GPUs", IPDPS 2009; the ranks inside a tile
 * are CUB's BlockRadixRankMatch.
 */
#ifndef LOTTO_RANKING_CUH
#define LOTTO_RANKING_CUH

#include "keep.cuh"

#include <cub/block/block_radix_rank.cuh>

namespace lotto {

constexpr int kSortDigitBits = 8;
constexpr int kSortBins = 1 << kSortDigitBits;
constexpr int kTileItems = 4;
constexpr int kTile = kBlockThreads * kTileItems;
static_assert(kSortBins <= kBlockThreads, "a thread looks after at most one bin");

/* Writes the keys of the prefix to keys, in no particular order. */
template <typename Logit> __device__ void collect(Row<Logit> &row, uint64_t bound, uint64_t *keys) {
    uint32_t *count = &leaders_scratch(row.team).list.count;
    row.team.sync();
    if (row.team.leads() && threadIdx.x == 0)
        *count = 0;
    row.team.sync();
    Prefix prefix(bound);
    row.for_each_vector([&](int id, const auto &x) {
        for (int i = 0; i < row.kPerVector; i++)
            if (prefix.holds(x[i], id + i))
                keys[atomicAdd(count, 1u)] = arith_key(x[i], id + i);
    });
    row.team.sync();
}

/* A key's bin in one pass: larger digits first. */
struct BinOfKey {
    int shift;
    __device__ uint32_t Digit(uint64_t key) const { return kSortBins - 1 - (key >> shift) % kSortBins; }
};

/* Where each bin's keys begin. */
__device__ inline void find_places(const uint64_t *keys, int count, BinOfKey bin_of, uint32_t *places) {
    if (threadIdx.x < kSortBins)
        places[threadIdx.x] = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < count; i += kBlockThreads)
        atomicAdd(&places[bin_of.Digit(keys[i])], 1u);
    __syncthreads();
    uint64_t before = block_sum_before<uint64_t>(threadIdx.x < kSortBins ? places[threadIdx.x] : 0);
    if (threadIdx.x < kSortBins)
        places[threadIdx.x] = static_cast<uint32_t>(before);
    __syncthreads();
}

/* One pass: `to` receives the keys of `from` by bin, and within a bin in the order they had. */
__device__ inline void sort_by_digit(const uint64_t *from, uint64_t *to, int count, BinOfKey bin_of) {
    using Rank = cub::BlockRadixRankMatch<kBlockThreads, kSortDigitBits, false>;
    __shared__ typename Rank::TempStorage storage;
    __shared__ uint32_t places[kSortBins];
    __shared__ int firsts[kSortBins + 1]; /* the rank in the tile of each bin's first key */
    find_places(from, count, bin_of, places);
    if (threadIdx.x == 0)
        firsts[kSortBins] = kTile;

    int lane_begin = threadIdx.x / kWarpThreads * kWarpThreads * kTileItems + threadIdx.x % kWarpThreads;
    for (int tile = 0; tile < count; tile += kTile) {
        uint64_t keys[kTileItems]; /* a warp's keys follow each other; past the end 0, which ranks last */
        for (int i = 0; i < kTileItems; i++) {
            int at = tile + lane_begin + i * kWarpThreads;
            keys[i] = at < count ? from[at] : 0;
        }
        int ranks[kTileItems], first[1];
        Rank(storage).RankKeys(keys, ranks, bin_of, first);
        if (threadIdx.x < kSortBins)
            firsts[threadIdx.x] = first[0];
        __syncthreads();
        for (int i = 0; i < kTileItems; i++) {
            uint32_t bin = bin_of.Digit(keys[i]);
            if (tile + lane_begin + i * kWarpThreads < count)
                to[places[bin] + ranks[i] - firsts[bin]] = keys[i];
        }
        __syncthreads();
        if (threadIdx.x < kSortBins)
            places[threadIdx.x] += firsts[threadIdx.x + 1] - firsts[threadIdx.x];
        __syncthreads();
    }
}

/*
 * The keys of a prefix of `count` tokens, best first, for the leader; workspace holds 2 * count keys, of which the result is one half.
 */
template <typename Logit>
__device__ const uint64_t *rank(Row<Logit> &row, uint64_t bound, int count, void *workspace) {
    uint64_t *from = static_cast<uint64_t *>(workspace), *to = from + count;
    if (count == 0)
        return from;
    collect(row, bound, from);
    if (row.team.leads())
        for (int shift = 0; shift < ARITH_KEY_BITS; shift += kSortDigitBits) {
            sort_by_digit(from, to, count, BinOfKey{shift});
            uint64_t *sorted = to;
            to = from;
            from = sorted;
        }
    return from;
}

} // namespace lotto

#endif
