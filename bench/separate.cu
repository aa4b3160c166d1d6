// A kernel for each step, each reading and writing rows of probabilities: softmax, top-k, top-p, draw. The filters find their threshold by
// radix passes over the bits of the probabilities, eight at a time, as common libraries' do.
#include "block.cuh"

namespace {

using namespace peers_block;

constexpr int kDigits = 256;

__global__ void __launch_bounds__(kThreads) softmax(peer_call call, float *probs) {
    __shared__ typename Reduce::TempStorage storage;
    __shared__ float maximum;
    const float *row = call.logits + blockIdx.x * call.vocab;
    float scale = 1 / call.temperature, mine = -INFINITY;
    int vocab = static_cast<int>(call.vocab);
    for (int i = threadIdx.x; i < vocab; i += kThreads)
        mine = fmaxf(mine, row[i]);
    mine = Reduce(storage).Reduce(mine, [](float a, float b) { return fmaxf(a, b); });
    if (threadIdx.x == 0)
        maximum = mine;
    __syncthreads();
    float total = sum_over(vocab, [&](int i) { return expf((row[i] - maximum) * scale); });
    for (int i = threadIdx.x; i < vocab; i += kThreads)
        probs[blockIdx.x * call.vocab + i] = expf((row[i] - maximum) * scale) / total;
}

// The greatest bits t for which the measure of the probabilities >= t reaches `wanted`, found from the top digit down.
template <typename T, typename Measure>
__device__ unsigned threshold(const float *row, int vocab, T wanted, Measure measure) {
    __shared__ T bins[kDigits];
    __shared__ unsigned prefix;
    __shared__ T above;
    if (threadIdx.x == 0) {
        prefix = 0;
        above = 0;
    }
    for (int shift = 24; shift >= 0; shift -= 8) {
        for (int i = threadIdx.x; i < kDigits; i += kThreads)
            bins[i] = 0;
        __syncthreads();
        for (int i = threadIdx.x; i < vocab; i += kThreads) {
            unsigned bits = __float_as_uint(row[i]);
            if (shift == 24 || bits >> (shift + 8) == prefix >> (shift + 8))
                atomicAdd(&bins[bits >> shift & (kDigits - 1)], measure(row[i]));
        }
        __syncthreads();
        if (threadIdx.x == 0) {
            int digit = kDigits - 1;
            while (digit > 0 && above + bins[digit] < wanted)
                above += bins[digit--];
            prefix |= static_cast<unsigned>(digit) << shift;
        }
        __syncthreads();
    }
    return prefix;
}

__device__ void drop_below(float *row, int vocab, unsigned least) {
    for (int i = threadIdx.x; i < vocab; i += kThreads)
        if (__float_as_uint(row[i]) < least)
            row[i] = 0;
}

__global__ void __launch_bounds__(kThreads) keep_top_k(float *probs, int vocab, int k) {
    float *row = probs + static_cast<int64_t>(blockIdx.x) * vocab;
    drop_below(row, vocab, threshold(row, vocab, k, [](float) { return 1; }));
}

__global__ void __launch_bounds__(kThreads) keep_top_p(float *probs, int vocab, float p) {
    float *row = probs + static_cast<int64_t>(blockIdx.x) * vocab;
    float total = sum_over(vocab, [&](int i) { return row[i]; });
    drop_below(row, vocab, threshold(row, vocab, p * total, [](float prob) { return prob; }));
}

__global__ void __launch_bounds__(kThreads) draw(peer_call call, const float *probs) {
    const float *row = probs + blockIdx.x * call.vocab;
    int vocab = static_cast<int>(call.vocab);
    auto weight = [&](int i) { return row[i]; };
    Place drawn = first_beyond(call.random[blockIdx.x] * sum_over(vocab, weight), vocab, weight);
    if (threadIdx.x == 0)
        call.tokens[blockIdx.x] = drawn.index;
}

const char *lacks(const peer_call *call) {
    (void)call;
    return nullptr;
}

size_t workspace_bytes(const peer_call *call) {
    return static_cast<size_t>(call->rows * call->vocab) * sizeof(float);
}

cudaError_t enqueue(const peer_call *call, cudaStream_t stream) {
    float *probs = static_cast<float *>(call->workspace);
    unsigned rows = static_cast<unsigned>(call->rows);
    int vocab = static_cast<int>(call->vocab);
    softmax<<<rows, kThreads, 0, stream>>>(*call, probs);
    if (call->top_k > 0 && call->top_k < vocab)
        keep_top_k<<<rows, kThreads, 0, stream>>>(probs, vocab, call->top_k);
    if (call->top_p < 1)
        keep_top_p<<<rows, kThreads, 0, stream>>>(probs, vocab, call->top_p);
    draw<<<rows, kThreads, 0, stream>>>(*call, probs);
    return cudaGetLastError();
}

} // namespace

const peer peer_separate = {
    "separate",      "simple kernels one after the other: softmax, top-k, top-p, draw",
    false,           lacks,
    workspace_bytes, enqueue};
