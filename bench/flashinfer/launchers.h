// FlashInfer's sampling kernels behind plain functions, so that only the files that define them compile its headers. Each calls
// the launcher of the same purpose with float rows and int ids, on the default stream where none is given; all pointers are device
// memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>

namespace flashinfer_launch {

// count rows of vocab floats, one after the other.
struct rows {
    float *items;
    unsigned count, vocab;
};

// count draws: draw i of row row_of[i] gives ids[i] and valid[i]. Its random numbers depend on seed, offset and i.
struct draws {
    int *ids;
    bool *valid;
    int *row_of;
    unsigned count;
    uint64_t seed, offset;
    bool deterministic;
    cudaStream_t stream = nullptr;
};

// Zeros before the first use; launches leave it as the next one needs it.
constexpr size_t workspace_bytes = 1 << 20;

cudaError_t softmax(rows logits, float *probs, float temperature, void *workspace,
                    cudaStream_t stream = nullptr);

cudaError_t sample_from_logits(rows logits, draws to); // leaves to.valid as it is
cudaError_t sample(rows probs, draws to);
cudaError_t sample_min_p(rows probs, float min_p, draws to);
cudaError_t sample_top_k(rows probs, unsigned k, draws to);
cudaError_t sample_top_p(rows probs, float p, draws to);
cudaError_t sample_top_k_top_p(rows probs, unsigned k, float p, draws to);

cudaError_t renorm_top_k(rows probs, float *renormed, unsigned k, void *workspace);
cudaError_t renorm_top_p(rows probs, float *renormed, float p);
// By radix passes over many blocks, for a vocab of at least 2048. The workspace needs air_workspace_bytes.
cudaError_t renorm_top_p_air(rows probs, float *renormed, float p, bool deterministic, void *workspace);
size_t air_workspace_bytes(rows probs);
cudaError_t mask_top_k(rows logits, float *masked, unsigned k, void *workspace);

// The k greatest of each row; ids and values are k a row. smallest_ids: of equal values the ones with the smallest ids.
struct top_k_options {
    bool sorted, deterministic, smallest_ids;
};
cudaError_t top_k(rows from, unsigned k, int *ids, float *values, top_k_options options, void *workspace);
// The same by radix passes whatever the size.
cudaError_t top_k_radix(rows from, unsigned k, int *ids, float *values, bool deterministic, void *workspace);

// A chain of `drafted` tokens a row, verified. draft_probs: rows x drafted x vocab; target_probs, ids: rows x (drafted + 1) (x vocab).
// accepted and emitted are added to.
struct chain {
    unsigned rows, drafted, vocab;
    float *draft_probs, *target_probs;
    int *draft_ids, *ids, *accepted, *emitted;
};
cudaError_t speculate(chain of, uint64_t seed, uint64_t offset, bool deterministic);

} // namespace flashinfer_launch
