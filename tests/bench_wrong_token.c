/* Preloaded before lotto: the first token that lotto_sample() draws on a device is wrong. */
#define _GNU_SOURCE
#include <lotto/lotto.h>

#include <cuda_runtime_api.h>
#include <dlfcn.h>

LOTTO_API lotto_status lotto_sample(lotto_context *context, const lotto_logits *logits,
                                    const lotto_draws *draws, const lotto_controls *controls,
                                    const lotto_samples *samples, void *workspace, size_t workspace_bytes,
                                    lotto_stream stream) {
    lotto_status (*sample)(lotto_context *, const lotto_logits *, const lotto_draws *, const lotto_controls *,
                           const lotto_samples *, void *, size_t, lotto_stream);
    lotto_device device = LOTTO_DEVICE_INIT;
    *(void **)&sample = dlsym(RTLD_NEXT, "lotto_sample");
    lotto_status status =
        sample(context, logits, draws, controls, samples, workspace, workspace_bytes, stream);
    if (status == LOTTO_SUCCESS && lotto_device_info(context, &device) == LOTTO_SUCCESS && device.index >= 0)
        cudaMemsetAsync(samples->tokens, 0x7f, 1, stream);
    return status;
}
