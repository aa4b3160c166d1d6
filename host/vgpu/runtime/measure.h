/*
 * For a program that looks at what its own launches cost, as lotto-bench does: it finds both functions by name (dlsym) where its CUDA
 * runtime is the stand-in. Elsewhere they do not exist.
 */
#ifndef LOTTO_VGPU_MEASURE_H
#define LOTTO_VGPU_MEASURE_H

/*
 * Launches from here on are measured, whether a report was asked for or not. The L2 is kept between them, what is dirty being
 * written at each one's end; it is empty now, unless warm_l2 is not 0.
 */
void lotto_vgpu_measure(int warm_l2);

/* What was launched since and has ended: a report's device, cost_model and launches. Free it with free(). NULL without memory. */
char *lotto_vgpu_measured(void);

#endif
