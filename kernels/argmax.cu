/*
 * argmax: the first token of each row's order.
 *
 * Shapes     logits [rows, vocab] -> tokens, status [rows]
 * Grid       one team a row
 * Cost       one launch, one read of the logits
 * Order      ties by token id; exact, whatever the launch
 * Reference  host/reference/argmax.c
 */
#include "launch.cuh"
#include "summary.cuh"

namespace lotto {
namespace {

template <typename Logit>
__global__ void __launch_bounds__(kBlockThreads, kResidentBlocks)
    argmax_kernel(Shape shape, lotto_logits logits, int32_t *tokens, uint32_t *status) {
    Row<Logit> row(logits, shape);
    if (!row.fetches())
        return;
    Summary summary = summarize(row);
    if (row.team.leads() && threadIdx.x == 0) {
        if (summary.is_empty())
            tokens[row.index()] = -1;
        if (status)
            status[row.index()] = summary.status();
    }
    int token = summary.is_empty() ? -1 : first_token(row, summary);
    if (token >= 0)
        tokens[row.index()] = token;
}

} // namespace
} // namespace lotto

cudaError_t lotto_kernel_architecture(int *architecture) {
    cudaFuncAttributes attributes;
    cudaError_t error = cudaFuncGetAttributes(&attributes, lotto::argmax_kernel<lotto::F32>);
    if (error == cudaSuccess)
        *architecture = attributes.ptxVersion;
    return error;
}

cudaError_t lotto_kernel_largest_team(size_t shared_per_block, int *blocks) {
    using namespace lotto;
    const void *kernel = reinterpret_cast<const void *>(argmax_kernel<F32>);
    size_t part_bytes = shared_per_block - LOTTO_ROWS_SHARED_BYTES; /* as launches allow */
    cudaError_t error = allow(kernel, kPortableTeamBlocks, static_cast<uint32_t>(part_bytes));
    if (error != cudaSuccess)
        return error;
    if (allow(kernel, kMaxTeamBlocks, static_cast<uint32_t>(part_bytes)) != cudaSuccess)
        cudaGetLastError(); /* then the answer is a portable size */
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(kMaxTeamBlocks);
    config.blockDim = dim3(kBlockThreads);
    config.dynamicSmemBytes = part_bytes;
    error = cudaOccupancyMaxPotentialClusterSize(blocks, kernel, &config);
    *blocks = min(*blocks, kMaxTeamBlocks);
    return error;
}

cudaError_t lotto_kernel_teams_at_once(size_t shared_of_block, int largest_team, int *teams) {
    using namespace lotto;
    static_assert(kMaxTeamBlocks == LOTTO_LARGEST_TEAM);
    const void *kernel = reinterpret_cast<const void *>(argmax_kernel<F32>);
    cudaFuncAttributes attributes = {};
    cudaError_t error = cudaFuncGetAttributes(&attributes, kernel);
    for (int blocks = 2; error == cudaSuccess && blocks <= largest_team; blocks++) {
        cudaLaunchAttribute cluster = cluster_of(static_cast<uint32_t>(blocks));
        cudaLaunchConfig_t config = {};
        config.gridDim = dim3(blocks);
        config.blockDim = dim3(kBlockThreads);
        config.dynamicSmemBytes = shared_of_block - attributes.sharedSizeBytes;
        config.attrs = &cluster;
        config.numAttrs = 1;
        error = cudaOccupancyMaxActiveClusters(&teams[blocks], kernel, &config);
    }
    return error;
}

cudaError_t lotto_launch_argmax(const lotto_plan *plan, const lotto_logits *logits, int32_t *tokens,
                                uint32_t *status, lotto_stream stream) {
    using namespace lotto;
    return with_dtype(logits->dtype, [&](auto logit) {
        return launch(plan, stream, argmax_kernel<decltype(logit)>, *logits, tokens, status);
    });
}
