/*
 * An instruction whose operands need fitting: a source is copied to scratch lanes first, narrowed where its register is wider
 * than the instruction reads (cvt), or kept whole where the destination's bytes overlap it; a result goes through scratch
 * where its register is wider than the instruction writes.
 */
#ifndef LOTTO_VGPU_FITTED_H
#define LOTTO_VGPU_FITTED_H

#include "warp.h"

struct fitting {
    uint32_t from, to;             /* operands */
    unsigned from_bytes, to_bytes; /* a lane: 2, 4, 8; a whole copy where they are equal */
};

struct fitted {
    struct bound inner;
    unsigned source_count;
    struct fitting sources[MAX_BOUND_OPERANDS + 1];
    struct fitting result; /* to_bytes 0: none */
    bool result_signed;
};

handler run_fitted; /* bound.side is a struct fitted */

#endif
