/* FlashInfer where its headers were not given. */
#include "bench/peer.h"

static const char *lacks(const struct peer_call *call) {
    (void)call;
    return "it is not built in (scripts/setup --flashinfer)";
}

const struct peer peer_flashinfer = {
    .name = "flashinfer", .what = "FlashInfer's softmax and sampling kernels: not built in", .lacks = lacks};
