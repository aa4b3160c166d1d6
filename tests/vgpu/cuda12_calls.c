/*
 * What CUDA 12.9's cuda_runtime_api.h declares otherwise than CUDA 13's, called as a program built by CUDA 12 calls it: with
 * its own declarations, so that nothing here follows from CUDA 13's headers.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cuda12_calls(void *managed, void *plain);

typedef struct graph *graph_of;
typedef struct node *node_of;
typedef struct stream *stream_of;
struct attributes { /* 24 bytes; 13 has 64 more */
    int type, device;
    void *device_pointer, *host_pointer;
};
struct location {
    int type, id;
};
struct edge {
    unsigned char from_port, to_port, type, reserved[5];
};

int cudaGetDeviceProperties_v2(void *properties, int device);
int cudaGetDeviceProperties(void *properties, int device);
int cudaPointerGetAttributes(struct attributes *attributes, const void *pointer);
int cudaMemAdvise(const void *address, size_t bytes, int advice, int device);
int cudaMemAdvise_v2(const void *address, size_t bytes, int advice, struct location location);
int cudaMemPrefetchAsync(const void *address, size_t bytes, int device, stream_of stream);
int cudaMemPrefetchAsync_ptsz(const void *address, size_t bytes, int device, stream_of stream);
int cudaMemPrefetchAsync_v2(const void *address, size_t bytes, struct location location, unsigned flags,
                            stream_of stream);
int cudaGraphCreate(graph_of *graph, unsigned flags);
int cudaGraphDestroy(graph_of graph);
int cudaGraphAddEmptyNode(node_of *node, graph_of graph, const node_of *after, size_t count);
int cudaGraphAddNode(node_of *node, graph_of graph, const node_of *after, size_t count, void *parameters);
int cudaGraphAddDependencies(graph_of graph, const node_of *from, const node_of *to, size_t count);
int cudaGraphAddDependencies_v2(graph_of graph, const node_of *from, const node_of *to,
                                const struct edge *edges, size_t count);
int cudaGraphRemoveDependencies(graph_of graph, const node_of *from, const node_of *to, size_t count);
int cudaGraphGetEdges(graph_of graph, node_of *from, node_of *to, size_t *count);
int cudaGraphGetEdges_v2(graph_of graph, node_of *from, node_of *to, struct edge *edges, size_t *count);
int cudaGraphNodeGetDependencies(node_of node, node_of *nodes, size_t *count);
int cudaGraphNodeGetDependentNodes(node_of node, node_of *nodes, size_t *count);
int cudaStreamCreate(stream_of *stream);
int cudaStreamDestroy(stream_of stream);
int cudaStreamBeginCapture(stream_of stream, int mode);
int cudaStreamEndCapture(stream_of stream, graph_of *graph);
int cudaStreamGetCaptureInfo(stream_of stream, int *status, unsigned long long *id);
int cudaStreamGetCaptureInfo_v2(stream_of stream, int *status, unsigned long long *id, graph_of *graph,
                                const node_of **nodes, size_t *count);
int cudaStreamGetCaptureInfo_v3(stream_of stream, int *status, unsigned long long *id, graph_of *graph,
                                const node_of **nodes, const struct edge **edges, size_t *count);
int cudaStreamUpdateCaptureDependencies(stream_of stream, node_of *nodes, size_t count, unsigned flags);
int cudaRuntimeGetVersion(int *version);
int cudaThreadSynchronize(void);
int cudaDeviceGetAttribute(int *value, int which, int device);

enum {
    INVALID_VALUE = 1,
    INVALID_DEVICE = 101,
    NOT_SUPPORTED = 801,
    MANAGED = 3,
    DEVICE = 2,
    ON_DEVICE = 1,
    TO_HOST = -1,
    READ_MOSTLY = 1,
    PREFERRED = 3
};

static int compared;

static void expect(int value, int expected, const char *what) {
    compared++;
    if (value != expected) {
        printf("failed: %s: %d, not %d\n", what, value, expected);
        exit(1);
    }
}

/* Where CUDA 12.9's driver_types.h has the fields of cudaDeviceProp, and the attribute of the same meaning. */
static const struct {
    size_t offset;
    int attribute;
    const char *name;
} fields[] = {
    {320, 1, "maxThreadsPerBlock"},
    {324, 2, "maxThreadsDim[0]"},
    {336, 5, "maxGridSize[0]"},
    {348, 13, "clockRate"},
    {360, 75, "major"},
    {364, 76, "minor"},
    {368, 14, "textureAlignment"},
    {384, 15, "deviceOverlap"},
    {388, 16, "multiProcessorCount"},
    {576, 31, "concurrentKernels"},
    {608, 36, "memoryClockRate"},
    {612, 37, "memoryBusWidth"},
    {616, 38, "l2CacheSize"},
    {624, 39, "maxThreadsPerMultiProcessor"},
    {640, 81, "sharedMemPerMultiprocessor"},
    {648, 82, "regsPerMultiprocessor"},
    {652, 83, "managedMemory"},
    {668, 87, "singleToDoublePrecisionPerfRatio"},
    {676, 89, "concurrentManagedAccess"},
    {688, 95, "cooperativeLaunch"},
    {696, 97, "sharedMemPerBlockOptin"},
    {712, 106, "maxBlocksPerMultiProcessor"},
    {720, 111, "reservedSharedMemPerBlock"},
    {772, 120, "clusterLaunch"},
};

static void properties(void) {
    union {
        unsigned char bytes[1032 + 64];
        int words[(1032 + 64) / 4];
    } all;
    memset(&all, 0x5a, sizeof all);
    expect(cudaGetDeviceProperties_v2(all.bytes, 0), 0, "cudaGetDeviceProperties_v2");
    expect(all.bytes[0] != 0x5a && memchr(all.bytes, 0, 256) != NULL, 1, "the name");
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
        int attribute;
        cudaDeviceGetAttribute(&attribute, fields[k].attribute, 0);
        expect(all.words[fields[k].offset / 4], attribute, fields[k].name);
    }
    for (size_t k = 1032; k < sizeof all.bytes; k++)
        expect(all.bytes[k], 0x5a, "a byte behind CUDA 12's struct");
    expect(cudaGetDeviceProperties_v2(NULL, 0), INVALID_VALUE, "properties to NULL");
}

static void pointers(void *managed, void *plain) {
    struct {
        struct attributes got;
        unsigned char behind[64];
    } room;
    memset(&room, 0x5a, sizeof room);
    expect(cudaPointerGetAttributes(&room.got, managed), 0, "cudaPointerGetAttributes");
    expect(room.got.type, MANAGED, "the type of managed memory");
    expect(room.got.host_pointer == managed, 1, "the host's pointer to it");
    expect(room.behind[0] == 0x5a && room.behind[63] == 0x5a, 1, "what lies behind CUDA 12's struct");
    expect(cudaPointerGetAttributes(&room.got, plain), 0, "cudaPointerGetAttributes");
    expect(room.got.type, DEVICE, "the type of device memory");
    expect(cudaMemAdvise(managed, 256, READ_MOSTLY, 0), 0, "cudaMemAdvise");
    expect(cudaMemAdvise(managed, 256, PREFERRED, TO_HOST), 0, "cudaMemAdvise to the host");
    expect(cudaMemAdvise(managed, 256, PREFERRED, 7), INVALID_DEVICE, "cudaMemAdvise to no device");
    expect(cudaMemAdvise_v2(managed, 256, PREFERRED, (struct location){ON_DEVICE, 0}), 0, "cudaMemAdvise_v2");
    expect(cudaMemPrefetchAsync(managed, 256, 0, NULL), 0, "cudaMemPrefetchAsync");
    expect(cudaMemPrefetchAsync_ptsz(managed, 256, TO_HOST, NULL), 0, "cudaMemPrefetchAsync_ptsz");
    expect(cudaMemPrefetchAsync(managed, 256, 7, NULL), INVALID_DEVICE, "cudaMemPrefetchAsync to no device");
    expect(cudaMemPrefetchAsync(plain, 256, 0, NULL), INVALID_VALUE, "cudaMemPrefetchAsync of device memory");
    expect(cudaMemPrefetchAsync_v2(managed, 256, (struct location){ON_DEVICE, 0}, 0, NULL), 0,
           "cudaMemPrefetchAsync_v2");
}

static void graphs(void) {
    graph_of made;
    node_of a, b, c, from[4], to[4];
    struct edge edges[4];
    size_t count = 4;
    expect(cudaGraphCreate(&made, 0), 0, "cudaGraphCreate");
    expect(cudaGraphAddEmptyNode(&a, made, NULL, 0), 0, "cudaGraphAddEmptyNode");
    expect(cudaGraphAddEmptyNode(&b, made, NULL, 0), 0, "cudaGraphAddEmptyNode");
    int empty[64] = {5}; /* cudaGraphNodeParams of type cudaGraphNodeTypeEmpty */
    expect(cudaGraphAddNode(&c, made, &a, 1, empty), 0, "cudaGraphAddNode");
    expect(cudaGraphAddDependencies(made, &a, &b, 1), 0, "cudaGraphAddDependencies");
    expect(cudaGraphAddDependencies_v2(made, &b, &c, NULL, 1), 0, "cudaGraphAddDependencies_v2");
    expect(cudaGraphGetEdges(made, from, to, &count), 0, "cudaGraphGetEdges");
    expect((int)count, 3, "the edges");
    expect(cudaGraphGetEdges_v2(made, from, to, edges, &count), 0, "cudaGraphGetEdges_v2");
    expect(edges[2].type, 0, "the type of an edge");
    expect(cudaGraphRemoveDependencies(made, &b, &c, 1), 0, "cudaGraphRemoveDependencies");
    count = 4;
    expect(cudaGraphNodeGetDependencies(c, from, &count), 0, "cudaGraphNodeGetDependencies");
    expect(count == 1 && from[0] == a, 1, "what a node waits for");
    count = 4;
    expect(cudaGraphNodeGetDependentNodes(a, to, &count), 0, "cudaGraphNodeGetDependentNodes");
    expect((int)count, 2, "what waits for a node");
    expect(cudaGraphDestroy(made), 0, "cudaGraphDestroy");
}

static void captures(void) {
    stream_of stream;
    graph_of captured, seen;
    unsigned long long id, id2;
    const node_of *nodes;
    const struct edge *edges;
    size_t count;
    int status;
    expect(cudaStreamCreate(&stream), 0, "cudaStreamCreate");
    expect(cudaStreamBeginCapture(stream, 0), 0, "cudaStreamBeginCapture");
    expect(cudaStreamGetCaptureInfo(stream, &status, &id), 0, "cudaStreamGetCaptureInfo");
    expect(status, 1, "the status of a stream that captures");
    expect(cudaStreamGetCaptureInfo_v2(stream, &status, &id2, &seen, &nodes, &count), 0,
           "cudaStreamGetCaptureInfo_v2");
    expect(id == id2 && count == 0, 1, "the capture's number, and nothing captured");
    node_of added;
    expect(cudaGraphAddEmptyNode(&added, seen, NULL, 0), 0, "cudaGraphAddEmptyNode");
    expect(cudaStreamUpdateCaptureDependencies(stream, &added, 1, 0), 0,
           "cudaStreamUpdateCaptureDependencies");
    expect(cudaStreamGetCaptureInfo_v3(stream, &status, NULL, NULL, &nodes, &edges, &count), 0,
           "cudaStreamGetCaptureInfo_v3");
    expect(count == 1 && nodes[0] == added, 1, "what the next operation waits for");
    expect(cudaStreamEndCapture(stream, &captured), 0, "cudaStreamEndCapture");
    expect(cudaGraphDestroy(captured), 0, "cudaGraphDestroy");
    expect(cudaStreamDestroy(stream), 0, "cudaStreamDestroy");
}

int cuda12_calls(void *managed, void *plain) {
    int version;
    expect(cudaRuntimeGetVersion(&version), 0, "cudaRuntimeGetVersion");
    expect(version, 12090, "the version");
    properties();
    pointers(managed, plain);
    graphs();
    captures();
    expect(cudaThreadSynchronize(), 0, "cudaThreadSynchronize");
    if (getenv("CUDA12_REFUSED"))
        expect(cudaGetDeviceProperties(NULL, 0), NOT_SUPPORTED, "CUDA 11's cudaGetDeviceProperties");
    return compared;
}
