// FlashInfer as its users call it for tokens from logits: its softmax, then the sampling kernel of the filters that are on.
#include "bench/peer.h"
#include "launchers.h"

namespace {

using namespace flashinfer_launch;

constexpr size_t kAlignment = 256;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

const char *lacks(const peer_call *call) {
    int device = 0, major = 0;
    cudaGetDevice(&device);
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    if (major < 8)
        return "its kernels are for compute capability 8.0 and newer";
    return call->rows * call->vocab > INT32_MAX ? "it takes at most 2^31 - 1 logits here" : nullptr;
}

// The softmax's own, which must be zeros, what the draws say of themselves, the probabilities.
size_t workspace_bytes(const peer_call *call) {
    return flashinfer_launch::workspace_bytes + aligned(static_cast<size_t>(call->rows)) +
           static_cast<size_t>(call->rows * call->vocab) * sizeof(float);
}

cudaError_t enqueue(const peer_call *call, cudaStream_t stream) {
    char *workspace = static_cast<char *>(call->workspace);
    char *valid = workspace + flashinfer_launch::workspace_bytes;
    float *probs = reinterpret_cast<float *>(valid + aligned(static_cast<size_t>(call->rows)));
    auto count = static_cast<unsigned>(call->rows), vocab = static_cast<unsigned>(call->vocab);
    bool has_k = call->top_k > 0 && call->top_k < call->vocab, has_p = call->top_p < 1;
    auto k = static_cast<unsigned>(call->top_k);
    rows logits = {const_cast<float *>(call->logits), count, vocab}, of = {probs, count, vocab};
    draws to = {call->tokens, reinterpret_cast<bool *>(valid), nullptr, count, call->seed, 0, true, stream};
    if (!has_k && !has_p && call->temperature == 1)
        return sample_from_logits(logits, to);
    if (cudaError_t error = softmax(logits, probs, call->temperature, workspace, stream);
        error != cudaSuccess)
        return error;
    if (has_k && has_p)
        return sample_top_k_top_p(of, k, call->top_p, to);
    return has_k ? sample_top_k(of, k, to) : has_p ? sample_top_p(of, call->top_p, to) : sample(of, to);
}

} // namespace

extern const peer peer_flashinfer;
const peer peer_flashinfer = {"flashinfer",
                              "FlashInfer's softmax, then its sampling kernel of the filters asked for",
                              true,
                              lacks,
                              ::workspace_bytes,
                              enqueue};
