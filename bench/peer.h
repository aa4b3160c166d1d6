/*
 * What lotto is compared with: other ways to draw a token for each row of float logits that lie on the device. lotto itself is the
 * first of the list, and is called by its public interface instead.
 */
#ifndef LOTTO_BENCH_PEER_H
#define LOTTO_BENCH_PEER_H

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Pointers are device memory; arrays are [rows] where nothing else is said. */
struct peer_call {
    const float *logits; /* [rows, vocab] */
    int64_t rows, vocab;
    float temperature;   /* > 0 */
    int32_t top_k;       /* 0: off */
    float top_p;         /* 1: off */
    const float *random; /* each row's number in [0, 1), for peers that make none */
    uint64_t seed;       /* for those that do */
    int32_t *tokens;
    void *workspace; /* zeros before the first call */
};

struct peer {
    const char *name, *what;
    bool is_joint; /* p is judged on the whole row, not on what top-k left */
    /* Why it cannot, after "NAME: "; NULL if it can. */
    const char *(*lacks)(const struct peer_call *call);
    size_t (*workspace_bytes)(const struct peer_call *call);
    cudaError_t (*enqueue)(const struct peer_call *call, cudaStream_t stream);
};

extern const struct peer peer_lotto, peer_sort, peer_separate, peer_flashinfer;

enum { PEER_LOTTO = 0, PEERS = 4 };
extern const struct peer *const peers[PEERS];

#ifdef __cplusplus
}
#endif

#endif
