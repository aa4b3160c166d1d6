/*
 * The executor alone, without the CUDA runtime: PTX text in, memory out.
 *
 * instruction_check puts an instruction into a kernel that loads its operands lane by lane, and compares every result with a
 * function that states the instruction's meaning in scalar C. It is run again with lanes off, by a branch and by a
 * guard, which must keep what they held.
 */
#ifndef LOTTO_TESTS_INSTRUCTION_MACHINE_H
#define LOTTO_TESTS_INSTRUCTION_MACHINE_H

#include "host/vgpu/check/finding.h"
#include "host/vgpu/exec/grid.h"
#include "host/vgpu/memory/memory.h"

#include <stdbool.h>
#include <stdint.h>

/* Opens and closes device memory around each test. */
void machine_open(void);
void machine_close(void);

/* Starts of modules and kernels: version, target, and the entry `kernel` with three 64-bit parameters p0, p1, p2. */
#define PTX_MODULE ".version 9.0\n.target sm_90\n.address_size 64\n"
#define PTX_KERNEL PTX_MODULE ".visible .entry kernel(.param .u64 p0, .param .u64 p1, .param .u64 p2)\n"

struct machine_launch {
    const char *ptx;                                    /* a whole module with an entry `kernel` */
    unsigned blocks, threads, dynamic_shared, resident; /* zero: 1 block, 32 threads, none, all */
    unsigned cluster;                                   /* blocks; zero: launched without clusters */
    bool delays_copies;
    unsigned stack_bytes;
    unsigned blocks_yz[2], threads_yz[2], cluster_yz[2]; /* the further extents; zero: 1 */
    uint64_t parameters[3];
    struct launch_counts counts; /* out */
};
/* The test fails when the text is not understood. */
enum launch_outcome machine_run(struct machine_launch *launch);

/* Device memory of count elements, all bytes zero; *host is the host's view of it. */
uint64_t machine_array(uint64_t bytes, void *host);

/* Why a module is refused; empty when it is not. */
const char *machine_refusal(const char *ptx);

/*
 * text: instructions on registers d (result) and a, b, c (operands); p, e, w and t are scratch: a predicate, 32 bits twice, 64 bits.
 * in and out are addresses of 32 bytes of the thread's own each; the operands lie in the first. types: those of d, a, b, c, as far
 * as used, "s32 s32 pred". Values are passed as bits, and compared in the result's width; only NaNs of binary64 may differ.
 */
typedef uint64_t expected_function(uint64_t a, uint64_t b, uint64_t c);
void instruction_check(const char *types, const char *text, expected_function *expected);

/* The same where many results are right. */
typedef bool accepting_function(uint64_t result, uint64_t a, uint64_t b);
void instruction_accept(const char *types, const char *text, accepting_function *accepts);

/* What an expected function returns where the ISA leaves the result open. */
extern bool instruction_unspecified;
#define UNSPECIFIED (instruction_unspecified = true, (uint64_t)0)

/* One line states an instruction: its types, its text, its meaning in terms of a, b and c. */
#define INSTRUCTION(types, text, meaning)                                                                    \
    do {                                                                                                     \
        uint64_t expected(uint64_t a, uint64_t b, uint64_t c) {                                              \
            (void)a, (void)b, (void)c;                                                                       \
            return (uint64_t)(meaning);                                                                      \
        }                                                                                                    \
        instruction_check(types, text, expected);                                                            \
    } while (0)

/* Bits and values. */
static inline float f32_of(uint64_t bits) {
    return (union {
               uint32_t u;
               float f;
           }){(uint32_t)bits}
        .f;
}
static inline double f64_of(uint64_t bits) {
    return (union {
               uint64_t u;
               double f;
           }){bits}
        .f;
}
static inline uint64_t bits_f32(float x) {
    return x != x ? 0x7fffffff
                  : (union {
                        float f;
                        uint32_t u;
                    }){x}
                        .u;
}
static inline uint64_t bits_f64(double x) {
    return (union {
               double f;
               uint64_t u;
           }){x}
        .u;
}

#endif
