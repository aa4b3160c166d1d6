/* Access of kernels to another device's memory: every two devices may have it, once it is enabled. */
#include "device.h"
#include "runtime.h"

static cudaError_t check_pair(int device, int other) {
    return device_at(device) && device_at(other) ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaDeviceCanAccessPeer(int *can, int device, int peer) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = can ? check_pair(device, peer) : cudaErrorInvalidValue;
    if (error == cudaSuccess)
        *can = device != peer;
    return runtime_leave(error);
}

cudaError_t cudaDeviceGetP2PAttribute(int *value, enum cudaDeviceP2PAttr attribute, int device, int peer) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = value && attribute >= cudaDevP2PAttrPerformanceRank &&
                        attribute <= cudaDevP2PAttrCudaArrayAccessSupported
                    ? check_pair(device, peer)
                    : cudaErrorInvalidValue;
    if (error == cudaSuccess && device == peer)
        error = cudaErrorInvalidDevice;
    if (error == cudaSuccess)
        *value =
            attribute == cudaDevP2PAttrAccessSupported || attribute == cudaDevP2PAttrNativeAtomicSupported;
    return runtime_leave(error);
}

/* From the current device to the peer, not back. */
static cudaError_t set_access(int peer, bool is_enabled) {
    unsigned device = (unsigned)device_current()->ordinal;
    if (!device_at(peer) || peer == (int)device)
        return cudaErrorInvalidDevice;
    if (memory_has_access(device, (unsigned)peer) == is_enabled)
        return is_enabled ? cudaErrorPeerAccessAlreadyEnabled : cudaErrorPeerAccessNotEnabled;
    memory_set_access(device, (unsigned)peer, is_enabled);
    return cudaSuccess;
}

cudaError_t cudaDeviceEnablePeerAccess(int peer, unsigned flags) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = flags ? cudaErrorInvalidValue : set_access(peer, true);
    return runtime_leave(error);
}

cudaError_t cudaDeviceDisablePeerAccess(int peer) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = set_access(peer, false);
    return runtime_leave(error);
}
