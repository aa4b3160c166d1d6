/*
 * Approximations of some other chip (--ulp SEED): each .approx result is moved within the error that is documented for it, by an
 * amount that follows from the seed, the function and its operands. So one operand always gives one result, as on one chip, and
 * a program may not depend on more than is documented. There is nothing to pay without a seed: run_perturbed is put in front of
 * these instructions when they are bound.
 *
 * Nothing moves that the PTX ISA fixes: results for zeros, infinities and NaN, and results that are one of these; nor where it
 * promises nothing (sines and cosines beyond 100 pi, div.approx by what is subnormal). A result is never moved to be zero,
 * infinite or, with .ftz, subnormal.
 */
#ifndef LOTTO_VGPU_ULP_H
#define LOTTO_VGPU_ULP_H

#include "warp.h"

/* Set before kernels are bound. */
void ulp_set_seed(uint64_t seed);

/* Called by binding once the instruction's own handler is known; name as in the instruction table. */
void ulp_bind(struct bound *bound, const char *name);

#endif
