/*
 * The runtime as CUDA 12 has it, libcudart.so.12: included before all else where runtime/ is compiled for it. What CUDA 13 calls X
 * CUDA 12 calls X_v2, since its X is older; two functions fill structs that have grown and get names of their own
 * (cuda12.c has what is called X there).
 */
#include "cuda12_graph_names.h"

#define cudaGetDeviceProperties vgpu_device_properties
#define cudaPointerGetAttributes vgpu_pointer_attributes
#define cudaMemAdvise cudaMemAdvise_v2
#define cudaMemPrefetchAsync cudaMemPrefetchAsync_v2
#define cudaStreamGetCaptureInfo cudaStreamGetCaptureInfo_v3
#define cudaStreamUpdateCaptureDependencies cudaStreamUpdateCaptureDependencies_v2
