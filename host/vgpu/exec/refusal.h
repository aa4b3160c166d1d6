/* What the virtual GPU leaves out on purpose. */
#ifndef LOTTO_VGPU_REFUSAL_H
#define LOTTO_VGPU_REFUSAL_H

#include "warp.h"

/* "needs tensor cores", or NULL for an opcode that belongs to nothing known to be left out. */
const char *refused_kind(const char *opcode);

/* An instruction that is refused when it is executed; bound.side is the sentence. */
handler run_refused;

#endif
