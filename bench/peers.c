#include "peer.h"

const struct peer peer_lotto = {.name = "lotto", .what = "this library, through its public interface"};

const struct peer *const peers[PEERS] = {&peer_lotto, &peer_sort, &peer_separate, &peer_flashinfer};
