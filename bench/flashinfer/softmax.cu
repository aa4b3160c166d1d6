#include "launchers.h"

#include <flashinfer/sampling.cuh>

cudaError_t flashinfer_launch::softmax(rows logits, float *probs, float temperature, void *workspace,
                                       cudaStream_t stream) {
    return flashinfer::sampling::OnlineSoftmax<float>(logits.items, probs, logits.count, logits.vocab,
                                                      nullptr, temperature, workspace, workspace_bytes, false,
                                                      stream);
}
