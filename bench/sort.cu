// The classical sampler: sort every row's logits (CUB's segmented radix sort), then cut and draw by prefix sums over the sorted row.
#include "block.cuh"

#include <cub/device/device_segmented_radix_sort.cuh>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

namespace {

using namespace peers_block;

constexpr size_t kAlignment = 256;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

struct RowBegin {
    int vocab;
    __host__ __device__ int operator()(int row) const { return row * vocab; }
};

// Of the workspace: the ids before and after, the logits after, and CUB's own.
struct Parts {
    int *ids, *sorted_ids;
    float *sorted;
    void *sort;
    size_t sort_bytes;
};

cudaError_t sort(const peer_call &call, Parts &parts, cudaStream_t stream) {
    auto begins = thrust::make_transform_iterator(thrust::counting_iterator<int>(0),
                                                  RowBegin{static_cast<int>(call.vocab)});
    return cub::DeviceSegmentedRadixSort::SortPairsDescending(
        parts.sort, parts.sort_bytes, call.logits, parts.sorted, parts.ids, parts.sorted_ids,
        static_cast<int>(call.rows * call.vocab), static_cast<int>(call.rows), begins, begins + 1, 0, 32,
        stream);
}

Parts lay_out(const peer_call &call) {
    size_t bytes = aligned(static_cast<size_t>(call.rows * call.vocab) * sizeof(float));
    char *base = static_cast<char *>(call.workspace);
    return {reinterpret_cast<int *>(base), reinterpret_cast<int *>(base + bytes),
            reinterpret_cast<float *>(base + 2 * bytes), base + 3 * bytes, 0};
}

__global__ void number_tokens(int *ids, int vocab) {
    int id = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
    if (id < vocab)
        ids[static_cast<int64_t>(blockIdx.x) * vocab + id] = id;
}

__global__ void __launch_bounds__(kThreads) cut_and_draw(peer_call call, Parts parts) {
    int64_t first = blockIdx.x * call.vocab;
    const float *sorted = parts.sorted + first;
    float scale = 1 / call.temperature, maximum = sorted[0];
    auto weight = [&](int i) { return expf((sorted[i] - maximum) * scale); };
    int count = static_cast<int>(call.top_k > 0 && call.top_k < call.vocab ? call.top_k : call.vocab);
    float kept = sum_over(count, weight);
    if (call.top_p < 1) {
        Place cut = first_beyond(call.top_p * kept, count, weight);
        count = cut.index + 1;
        kept = cut.sum;
    }
    Place drawn = first_beyond(call.random[blockIdx.x] * kept, count, weight);
    if (threadIdx.x == 0)
        call.tokens[blockIdx.x] = parts.sorted_ids[first + drawn.index];
}

const char *lacks(const peer_call *call) {
    return call->rows * call->vocab > INT32_MAX ? "its sort takes at most 2^31 - 1 logits" : nullptr;
}

size_t workspace_bytes(const peer_call *call) {
    Parts parts = lay_out(*call);
    parts.sort = nullptr; // asks for the size
    sort(*call, parts, nullptr);
    return 3 * aligned(static_cast<size_t>(call->rows * call->vocab) * sizeof(float)) + parts.sort_bytes;
}

cudaError_t enqueue(const peer_call *call, cudaStream_t stream) {
    Parts parts = lay_out(*call), asked = parts;
    asked.sort = nullptr;
    if (cudaError_t error = sort(*call, asked, stream); error != cudaSuccess)
        return error;
    parts.sort_bytes = asked.sort_bytes;
    dim3 grid(static_cast<unsigned>(call->rows),
              static_cast<unsigned>((call->vocab + kThreads - 1) / kThreads));
    number_tokens<<<grid, kThreads, 0, stream>>>(parts.ids, static_cast<int>(call->vocab));
    if (cudaError_t error = sort(*call, parts, stream); error != cudaSuccess)
        return error;
    cut_and_draw<<<static_cast<unsigned>(call->rows), kThreads, 0, stream>>>(*call, parts);
    return cudaGetLastError();
}

} // namespace

const peer peer_sort = {
    "sort",          "CUB's segmented radix sort of every row, then prefix sums over the sorted rows",
    false,           lacks,
    workspace_bytes, enqueue};
