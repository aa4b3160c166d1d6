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
    uint64_t entry[kListPlaces];
    uint64_t sum[kListPlaces]; /* of the measures up to and including the entry's */

    /* The first entry, by rank, for which reached(index) holds; count if none does. reached never turns false again. */
    template <typename Reached> __device__ int first(Reached reached) const {
        int low = 0, high = static_cast<int>(count);
        while (low < high) {
            int middle = (low + high) / 2;
            if (reached(middle))
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }
};

/*
 * Best first, once the block has met: a bitonic sort (Batcher, "Sorting networks and their applications", AFIPS 1968), by as many warps as it takes. By the
 * whole leading block.
 */
__device__ inline void list_sort(List &list) {
    int places = 2 * kWarpThreads;
    while (places < static_cast<int>(list.count))
        places *= 2;
    for (int i = static_cast<int>(list.count + threadIdx.x); i < places; i += kBlockThreads)
        list.entry[i] = 0;
    __syncthreads();
    int pair = static_cast<int>(threadIdx.x), pairs = places / 2;
    if (pair >= pairs)
        return;
    for (int run = 2; run <= places; run *= 2) {
        bool better_first = (2 * pair & run) == 0;
        for (int distance = run / 2; distance > 0; distance /= 2) {
            uint64_t *first = &list.entry[2 * pair - (pair & (distance - 1))], *second = first + distance;
            uint64_t a = *first, b = *second;
            if ((a < b) == better_first) {
                *first = b;
                *second = a;
            }
            if (pairs > kWarpThreads)
                __barrier_sync_count(1, pairs);
            else
                __syncwarp();
        }
    }
}

/* Fills in the sums of the entries' measures, from a sum that lies before the first. By the whole leading block, together. */
template <typename Measure> __device__ void list_sum(List &list, uint64_t before, Measure measure) {
    uint64_t sums[kListPlacesPerThread], sum = 0;
    int first = static_cast<int>(threadIdx.x) * kListPlacesPerThread;
    for (int i = 0; i < kListPlacesPerThread; i++) {
        if (first + i < static_cast<int>(list.count))
            sum += measure(entry_value(list.entry[first + i]));
        sums[i] = sum;
    }
    before += block_sum_before(sum);
    for (int i = 0; i < kListPlacesPerThread; i++)
        list.sum[first + i] = before + sums[i];
    __syncthreads();
}

} // namespace lotto

#endif
