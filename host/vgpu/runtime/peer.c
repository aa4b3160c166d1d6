/* Access of kernels to another device's memory. */
#include "device.h"
#include "runtime.h"

/* There is no peer to give access to. */
cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer) {
    (void)device, (void)peer;
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess && !can)
        error = cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *can = 0;
    return runtime_leave(error);
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
    (void)peer, (void)flags;
    runtime_enter();
    return runtime_leave(cudaErrorInvalidDevice);
}

cudaError_t cudaDeviceDisablePeerAccess(int peer) {
    (void)peer;
    runtime_enter();
    return runtime_leave(cudaErrorPeerAccessNotEnabled);
}
