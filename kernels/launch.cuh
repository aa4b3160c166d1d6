/* From a dtype, and whether rows are adjusted, known at run time to what is known at compile time, and from there to a launch. */
#ifndef LOTTO_LAUNCH_CUH
#define LOTTO_LAUNCH_CUH

#include "launch.h"
#include "row.cuh"

namespace lotto {

/* Returns act(F32()), act(F16()) or act(BF16()). */
template <typename Act> cudaError_t with_dtype(lotto_dtype dtype, Act act) {
    switch (dtype) {
    case LOTTO_F32:
        return act(F32());
    case LOTTO_F16:
        return act(F16());
    case LOTTO_BF16:
        return act(BF16());
    default:
        return cudaErrorInvalidValue;
    }
}

/* Returns act(logit, adjustments) for the logit type of rows on chip, and what its kernels take. */
template <typename Act>
cudaError_t with_adjustments(const lotto_plan *plan, lotto_dtype dtype, const lotto_controls *controls,
                             void *workspace, Act act) {
    return with_dtype(dtype, [&](auto logit) {
        if (!lotto_adjusts(controls))
            return act(logit, NoAdjustments());
        return act(
            Adjusted<decltype(logit)>(),
            Adjustments{*controls->adjustments, static_cast<char *>(workspace), plan->workspace_row_bytes});
    });
}

/* What launches of a kernel may ask for. The same for all launches on a device, since threads may launch at once. */
inline cudaError_t allow(const void *kernel, uint32_t team_blocks, uint32_t part_bytes) {
    cudaError_t error = cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                             static_cast<int>(part_bytes));
    if (error == cudaSuccess && team_blocks > kPortableTeamBlocks)
        error = cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1);
    return error;
}

/* What of a launch says that so many blocks are a team. */
inline cudaLaunchAttribute cluster_of(uint32_t blocks) {
    cudaLaunchAttribute cluster = {};
    cluster.id = cudaLaunchAttributeClusterDimension;
    cluster.val.clusterDim.x = blocks;
    cluster.val.clusterDim.y = cluster.val.clusterDim.z = 1;
    return cluster;
}

/* kernel(shape, arguments...) with a team a row. */
template <typename... Parameters, typename... Arguments>
cudaError_t launch(const lotto_plan *plan, lotto_stream stream, void (*kernel)(Parameters...),
                   Arguments... arguments) {
    cudaError_t error =
        allow(reinterpret_cast<const void *>(kernel), plan->team_blocks, plan->most_part_bytes);
    if (error != cudaSuccess)
        return error;
    cudaLaunchAttribute cluster = cluster_of(plan->team_blocks);
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(plan->blocks);
    config.blockDim = dim3(kBlockThreads);
    config.dynamicSmemBytes = plan->part_bytes;
    config.stream = stream;
    config.attrs = &cluster;
    config.numAttrs = plan->team_blocks > 1;
    Shape shape = shape_of(static_cast<int>(plan->part_vectors), plan->part_bytes > 0);
    return cudaLaunchKernelEx(&config, kernel, shape, arguments...);
}

} // namespace lotto

#endif
