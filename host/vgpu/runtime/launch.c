/* Kernel launches: the calls, a device's limits, and running one on the executor. */
#include "../exec/print.h"
#include "../memory/defined.h"
#include "../memory/memory.h"
#include "capture.h"
#include "cluster.h"
#include "event.h"
#include "kernel_request.h"
#include "module.h"
#include "operation.h"
#include "report.h"
#include "runtime.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#pragma GCC visibility push(default)
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, struct CUstream_st *stream);
cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream);
cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *host);
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **arguments, size_t shared,
                               cudaStream_t stream);
#pragma GCC visibility pop

/* The same on every compute capability since 3.0: CUDA C++ Programming Guide, technical specifications. */
static const uint32_t grid_max[3] = {2147483647, 65535, 65535}, block_max[3] = {1024, 1024, 64};

/* <<<...>>> leaves its configuration here for the stub that it calls. */
enum { CONFIGURATIONS = 16 };
static _Thread_local struct configuration {
    dim3 grid, block;
    size_t shared;
    cudaStream_t stream;
} configurations[CONFIGURATIONS];
static _Thread_local unsigned configuration_count;

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, struct CUstream_st *stream) {
    if (configuration_count == CONFIGURATIONS)
        return 1; /* the caller then skips the launch */
    configurations[configuration_count++] = (struct configuration){grid, block, shared, stream};
    return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream) {
    if (configuration_count == 0)
        return cudaErrorMissingConfiguration;
    const struct configuration *top = &configurations[--configuration_count];
    *grid = top->grid;
    *block = top->block;
    *shared = top->shared;
    *(cudaStream_t *)stream = top->stream;
    return cudaSuccess;
}

static bool within(const uint32_t size[3], const uint32_t most[3]) {
    for (int axis = 0; axis < 3; axis++)
        if (size[axis] == 0 || size[axis] > most[axis])
            return false;
    return true;
}

static uint64_t product(const uint32_t size[3]) { return (uint64_t)size[0] * size[1] * size[2]; }

/* What a device would refuse. Such an error is not sticky. */
static cudaError_t check_limits(const struct kernel_operation *launch, size_t dynamic_shared) {
    const struct device_limits *device = &runtime_profile()->limits;
    const struct ptx_function *entry = launch->kernel->program->entry;
    if (!within(launch->grid, grid_max) || !within(launch->block, block_max))
        return cudaErrorInvalidConfiguration;
    uint64_t threads = product(launch->block);
    if (threads > device->max_threads_per_block)
        return cudaErrorInvalidConfiguration;
    if (entry->max_threads && threads > entry->max_threads)
        return cudaErrorInvalidValue;
    if (entry->required_threads[0] &&
        memcmp(entry->required_threads, launch->block, sizeof launch->block) != 0)
        return cudaErrorInvalidValue;
    if (dynamic_shared > (size_t)launch->kernel->max_dynamic_shared)
        return cudaErrorInvalidValue;
    unsigned resident = cluster_resident_blocks(launch);
    if (resident == 0)
        return cudaErrorLaunchOutOfResources;
    if (launch->cooperative && product(launch->grid) > resident)
        return cudaErrorCooperativeLaunchTooLarge;
    return cudaSuccess;
}

/* arguments[i] points at the i-th parameter; they are laid out as the PTX declares them. */
static void lay_out(const struct ptx_function *entry, void **arguments, uint8_t *parameters) {
    for (uint32_t i = 0; i < entry->parameter_count; i++)
        memcpy(parameters + entry->parameters[i]->address, arguments[i], entry->parameters[i]->bytes);
}

cudaError_t kernel_settle(const struct kernel_request *request, struct kernel_operation *launch) {
    struct kernel *kernel = kernel_find(request->function);
    if (!kernel)
        return cudaErrorInvalidDeviceFunction;
    kernel_prepare(kernel);
    *launch = (struct kernel_operation){
        .kernel = kernel,
        .grid = {request->grid.x, request->grid.y, request->grid.z},
        .block = {request->block.x, request->block.y, request->block.z},
        .dynamic_shared = (uint32_t)request->shared,
        .cooperative = request->cooperative,
    };
    cudaError_t error = cluster_settle(launch, request->cluster);
    if (error == cudaSuccess)
        error = check_limits(launch, request->shared);
    const struct ptx_function *entry = kernel->program->entry;
    if (error == cudaSuccess && entry->parameter_count && !request->arguments)
        error = cudaErrorInvalidValue;
    if (error != cudaSuccess)
        return error;
    launch->parameters = calloc(kernel->program->parameter_bytes + 1, 1);
    if (!launch->parameters)
        return cudaErrorMemoryAllocation;
    lay_out(entry, request->arguments, launch->parameters);
    return cudaSuccess;
}

static cudaError_t submit(const struct kernel_request *request, cudaStream_t handle) {
    struct CUstream_st *stream = stream_find(handle);
    struct operation operation = {.kind = OPERATION_KERNEL};
    print_flush();
    cudaError_t error = kernel_settle(request, &operation.kernel);
    if (error == cudaSuccess && (!stream || stream->device != device_current()))
        error = cudaErrorInvalidResourceHandle;
    if (error == cudaSuccess && request->event && !event_exists(request->event))
        error = cudaErrorInvalidResourceHandle;
    if (error == cudaSuccess)
        error = stream_submit(stream, &operation);
    if (error == cudaSuccess && request->event)
        error = event_record(request->event, stream);
    operation_discard(&operation);
    return error;
}

/* Two words; the second counts the blocks that wait in a grid barrier. */
enum { GRID_WORKSPACE_BYTES = 64 };

static uint64_t fresh_grid_workspace(void) {
    uint64_t address = memory_allocate(GRID_WORKSPACE_BYTES, "the grid barrier");
    if (address) {
        memset(memory_view(address, GRID_WORKSPACE_BYTES), 0, GRID_WORKSPACE_BYTES);
        defined_set(address, GRID_WORKSPACE_BYTES);
    }
    return address;
}

/* Like a device's, a fault shows at the next call; the launch itself succeeds. */
cudaError_t kernel_run(const struct kernel_operation *operation, struct device *device) {
    static const cudaError_t errors[] = {
        [LAUNCH_FAULT] = cudaErrorIllegalAddress,   [LAUNCH_MISALIGNED] = cudaErrorMisalignedAddress,
        [LAUNCH_ASSERTION] = cudaErrorAssert,       [LAUNCH_FAILURE] = cudaErrorLaunchFailure,
        [LAUNCH_DEADLOCK] = cudaErrorLaunchTimeout, [LAUNCH_STACK_OVERFLOW] = cudaErrorHardwareStackError,
        [LAUNCH_INVALID_PC] = cudaErrorInvalidPc,
    };
    struct launch launch = {
        .binding = operation->kernel->binding,
        .dynamic_shared_bytes = operation->dynamic_shared,
        .parameters = operation->parameters,
        .cooperative = operation->cooperative,
        .resident_blocks = cluster_resident_blocks(operation),
        .stack_bytes = device_limit(device, cudaLimitStackSize),
        .l2 = device->l2,
        .aside = stream_are_several()
                     ? "streams are not concurrent here: work of others waits until this kernel ends"
                     : NULL,
    };
    memcpy(launch.grid, operation->grid, sizeof launch.grid);
    memcpy(launch.block, operation->block, sizeof launch.block);
    memcpy(launch.cluster, operation->cluster, sizeof launch.cluster);
    if (launch.cooperative && !(launch.grid_workspace = fresh_grid_workspace()))
        return cudaErrorMemoryAllocation;
    struct launch_counts counts = {0};
    print_limit = device_limit(device, cudaLimitPrintfFifoSize);
    enum launch_outcome outcome = grid_run(&launch, &counts);
    if (launch.cooperative)
        memory_free(launch.grid_workspace);
    report_launch(&launch, operation->kernel, &counts);
    runtime_advance_clock(counts.warp_instructions);
    if (outcome != LAUNCH_DONE)
        device_fault(device, errors[outcome]);
    return cudaSuccess;
}

static cudaError_t launch_request(const struct kernel_request *request, cudaStream_t stream) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = submit(request, stream);
    return runtime_leave(error);
}

cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **arguments, size_t shared,
                             cudaStream_t stream) {
    return launch_request(
        &(struct kernel_request){function, grid, block, arguments, shared, {0}, false, NULL}, stream);
}

cudaError_t cudaLaunchCooperativeKernel(const void *function, dim3 grid, dim3 block, void **arguments,
                                        size_t shared, cudaStream_t stream) {
    return launch_request(&(struct kernel_request){function, grid, block, arguments, shared, {0}, true, NULL},
                          stream);
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **arguments, size_t shared,
                               cudaStream_t stream) {
    return cudaLaunchKernel(kernel, grid, block, arguments, shared, stream);
}

/*
 * Hints, priorities and overlap with the launch before change no result here: work runs in order, one launch at a time. So an event
 * that may happen before a launch has ended happens when it has.
 */
cudaError_t kernel_apply(cudaLaunchAttributeID id, const cudaLaunchAttributeValue *value,
                         struct kernel_request *request) {
    switch ((int)id) {
    case cudaLaunchAttributeCooperative:
        request->cooperative = value->cooperative != 0;
        return cudaSuccess;
    case cudaLaunchAttributeClusterDimension:
        request->cluster[0] = value->clusterDim.x;
        request->cluster[1] = value->clusterDim.y;
        request->cluster[2] = value->clusterDim.z;
        return cudaSuccess;
    case cudaLaunchAttributeIgnore:
    case cudaLaunchAttributeAccessPolicyWindow:
    case cudaLaunchAttributeClusterSchedulingPolicyPreference:
    case cudaLaunchAttributeProgrammaticStreamSerialization:
    case cudaLaunchAttributePriority:
    case cudaLaunchAttributeMemSyncDomainMap:
    case cudaLaunchAttributeMemSyncDomain:
    case cudaLaunchAttributePreferredSharedMemoryCarveout:
    case cudaLaunchAttributeNvlinkUtilCentricScheduling:
        return cudaSuccess;
    case cudaLaunchAttributeProgrammaticEvent:
        request->event = value->programmaticEvent.event;
        return request->event ? cudaSuccess : cudaErrorInvalidValue;
    case cudaLaunchAttributeLaunchCompletionEvent:
        request->event = value->launchCompletionEvent.event;
        return request->event ? cudaSuccess : cudaErrorInvalidValue;
    case cudaLaunchAttributePreferredClusterDimension:
        return runtime_not_provided("a launch with cudaLaunchAttributePreferredClusterDimension");
    case cudaLaunchAttributeDeviceUpdatableKernelNode:
        return runtime_not_provided("a launch with cudaLaunchAttributeDeviceUpdatableKernelNode");
    default:
        return cudaErrorInvalidValue;
    }
}

static cudaError_t submit_with_attributes(const cudaLaunchConfig_t *config, const void *function,
                                          void **arguments) {
    if (!config || (config->numAttrs && !config->attrs))
        return cudaErrorInvalidValue;
    struct kernel_request request = {
        function, config->gridDim, config->blockDim, arguments, config->dynamicSmemBytes, {0}, false, NULL};
    for (unsigned i = 0; i < config->numAttrs; i++) {
        cudaError_t error = kernel_apply(config->attrs[i].id, &config->attrs[i].val, &request);
        if (error != cudaSuccess)
            return error;
    }
    return submit(&request, config->stream);
}

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *function, void **arguments) {
    cudaError_t error = runtime_enter();
    if (error == cudaSuccess)
        error = submit_with_attributes(config, function, arguments);
    return runtime_leave(error);
}

/* Programs ask once and keep it, so no fault may hide it. */
cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *host) {
    runtime_enter();
    struct kernel *found = kernel_find(host);
    cudaError_t error = !kernel  ? cudaErrorInvalidValue
                        : !found ? cudaErrorInvalidDeviceFunction
                                 : cudaSuccess;
    if (error == cudaSuccess)
        *kernel = kernel_handle(found);
    return runtime_leave(error);
}

cudaError_t cudaGetKernel(cudaKernel_t *kernel, const void *host) { return __cudaGetKernel(kernel, host); }
