/*
 * A list of tokens in the leader's shared memory: what lies in a stretch of the row's order, gathered by the whole team and sorted by the
 * leader. An entry is the token's key and, behind it, the warp whose run holds it, where the runs' measures depend on that.
 */
#ifndef LOTTO_LIST_CUH
#define LOTTO_LIST_CUH

#include "prefix.cuh"

namespace lotto {

constexpr int kListPlaces = 512;
constexpr int kListPlacesPerThread = kListPlaces / kBlockThreads;
static_assert(kListPlaces <= 2 * kBlockThreads, "a thread for each pair that is compared");
constexpr int kEntryWarpBits = 7;
static_assert(kMaxTeamWarps <= 1 << kEntryWarpBits, "an entry has room for the warp");
static_assert(ARITH_KEY_BITS + kEntryWarpBits <= 64, "an entry has room for the key");

__device__ inline uint64_t list_entry(uint64_t key, int warp) {
    return key << kEntryWarpBits | static_cast<unsigned>(warp);
}
__device__ inline uint64_t entry_key(uint64_t entry) { return entry >> kEntryWarpBits; }
__device__ inline int entry_warp(uint64_t entry) { return static_cast<int>(entry % (1u << kEntryWarpBits)); }
__device__ inline float entry_value(uint64_t entry) { return arith_key_value(entry_key(entry)); }

struct List {
    uint32_t count; /* of the tokens; those beyond kListPlaces have no place */
    alignas(16) uint64_t entry[kListPlaces];
    uint64_t sum[kListPlaces]; /* of the measures up to and including the entry's */

    /* Of the first so many entries the first for which reached(index) holds; their number if none does. reached never turns false again. By the whole leading block. */
    template <typename Reached> __device__ int first(int all, Reached reached) const {
        int before = 0;
        for (int begin = 0; begin < all; begin += kBlockThreads) {
            int i = begin + static_cast<int>(threadIdx.x);
            before += __syncthreads_count(i < all && !reached(i));
        }
        return before;
    }
};

/* The better of two entries, or the worse. */
__device__ inline uint64_t better_or_worse(bool better, uint64_t a, uint64_t b) {
    return (a < b) == better ? b : a;
}

/*
 * Best first, once the block has met: a bitonic sort (Batcher, "Sorting networks and their applications", AFIPS 1968), by as many warps as it takes. Each
 * has a stretch of the list in registers, two entries a lane; entries of two warps meet in the list. By the whole leading block.
 */
static __device__ __noinline__ void list_sort(List &list, int all) {
    constexpr int kOfWarp = 2 * kWarpThreads;
    int places = kOfWarp;
    while (places < all)
        places *= 2;
    int i = warp_in_block() * kOfWarp + lane(), j = i + kWarpThreads, threads = places / 2;
    if (static_cast<int>(threadIdx.x) >= threads)
        return;
    uint64_t a = i < all ? list.entry[i] : 0, b = j < all ? list.entry[j] : 0;
#pragma unroll
    for (int run = 2; run <= kListPlaces; run *= 2) {
        if (run > places)
            break;
        bool a_down = (i & run) == 0, b_down = (j & run) == 0; /* in the run the better come first */
#pragma unroll
        for (int distance = run / 2; distance > 0; distance /= 2) {
            if (distance >= kOfWarp) {
                list.entry[i] = a;
                list.entry[j] = b;
                __barrier_sync_count(1, threads);
                bool first = (i & distance) == 0;
                a = better_or_worse(a_down == first, a, list.entry[i ^ distance]);
                b = better_or_worse(b_down == first, b, list.entry[j ^ distance]);
                __barrier_sync_count(1, threads);
            } else if (distance == kWarpThreads) {
                uint64_t first = better_or_worse(a_down, a, b);
                b = better_or_worse(!a_down, a, b);
                a = first;
            } else {
                bool first = (i & distance) == 0;
                a = better_or_worse(a_down == first, a, __shfl_xor_sync(kWholeWarp, a, distance));
                b = better_or_worse(b_down == first, b, __shfl_xor_sync(kWholeWarp, b, distance));
            }
        }
    }
    list.entry[i] = a;
    list.entry[j] = b;
}

/* Fills in the sums of the entries' measures, from a sum that lies before the first. By the whole leading block, together. */
template <typename Measure> __device__ void list_sum(List &list, uint64_t before, Measure measure) {
    uint64_t sums[kListPlacesPerThread], sum = 0;
    int all = static_cast<int>(list.count);
    int first = static_cast<int>(threadIdx.x) * kListPlacesPerThread;
    for (int i = 0; i < kListPlacesPerThread; i++) {
        if (first + i < all)
            sum += measure(entry_value(list.entry[first + i]));
        sums[i] = sum;
    }
    uint64_t of_warp;
    bool in_one_warp = all <= kWarpThreads * kListPlacesPerThread;
    before += in_one_warp ? warp_sum_before(sum, of_warp) : block_sum_before(sum);
    for (int i = 0; first < all && i < kListPlacesPerThread; i++)
        list.sum[first + i] = before + sums[i];
    __syncthreads();
}

} // namespace lotto

#endif
