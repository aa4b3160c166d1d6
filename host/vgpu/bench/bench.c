/*
 * How fast the executor is: million warp instructions a second on one core, with counting and the memory check on, for kernels
 * of one kind of work each.
 */
#include "../exec/grid.h"
#include "../memory/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct device_limits device = {.architecture = 90,
                                            .sm_count = 132,
                                            .max_threads_per_block = 1024,
                                            .max_threads_per_sm = 2048,
                                            .max_blocks_per_sm = 32,
                                            .registers_per_sm = 65536,
                                            .max_registers_per_thread = 255,
                                            .shared_per_sm = 233472,
                                            .shared_per_block = 49152,
                                            .shared_per_block_optin = 232448,
                                            .reserved_shared_per_block = 1024};

#define HEAD                                                                                                 \
    ".version 9.0\n.target sm_90\n.address_size 64\n"                                                        \
    ".visible .entry kernel(.param .u64 in, .param .u64 out)\n"                                              \
    "{\n.reg .b64 i, o, t; .reg .b32 x, y, z, n; .reg .f32 f, g, h; .reg .pred p; .shared .b32 s[1024];\n"   \
    "ld.param.u64 i, [in]; ld.param.u64 o, [out]; mov.u32 x, %tid.x; mov.u32 y, %ctaid.x;\n"                 \
    "mad.lo.u32 x, y, 256, x; mul.wide.u32 t, x, 4; add.u64 i, i, t; add.u64 o, o, t; mov.u32 n, "           \
    "0;\nLOOP:\n"
#define TAIL "add.u32 n, n, 1; setp.lt.u32 p, n, 500; @p bra LOOP;\n"

static const struct kernel {
    const char *name, *ptx;
} kernels[] = {
    {"fma chain",
     HEAD "fma.rn.f32 f, f, g, h; fma.rn.f32 g, g, h, f; fma.rn.f32 h, h, f, g; fma.rn.f32 f, g, h, f;"
          "fma.rn.f32 f, f, g, h; fma.rn.f32 g, g, h, f; fma.rn.f32 h, h, f, g; fma.rn.f32 f, g, h, f;\n" TAIL
          "st.global.f32 [o], f; ret; }"},
    {"integer hash",
     HEAD "mul.lo.u32 x, x, 0x9E3779B1; shr.u32 y, x, 15; xor.b32 x, x, y; mad.lo.u32 x, x, 5, y;"
          "shf.l.wrap.b32 y, x, x, 13; add.u32 x, x, y; lop3.b32 x, x, y, n, 0x96; max.u32 x, x, y;\n" TAIL
          "st.global.u32 [o], x; ret; }"},
    {"copy", HEAD
     "ld.global.u32 x, [i]; ld.global.u32 y, [i+128]; st.global.u32 [o], x; st.global.u32 [o+128], y;\n" TAIL
     "ret; }"},
    {"shared memory",
     HEAD "and.b32 y, x, 255; mov.u32 z, s; mad.lo.u32 z, y, 4, z; st.shared.u32 [z], x; bar.sync 0;"
          "ld.shared.u32 x, [z]; shfl.sync.bfly.b32 x, x, 1, 31, 0xffffffff;\n" TAIL
          "st.global.u32 [o], x; ret; }"},
    {"divergent branch",
     HEAD "and.b32 y, x, 3; setp.eq.u32 p, y, 0; @p bra A; add.u32 x, x, n; xor.b32 x, x, 7; bra B;\n"
          "A: mul.lo.u32 x, x, 3; add.u32 x, x, 1;\nB:\n" TAIL "st.global.u32 [o], x; ret; }"},
};
enum { BLOCKS = 64, THREADS = 256 };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct binding *bind(const char *ptx) {
    struct ptx_error error;
    struct ptx_module *module = ptx_read(ptx, &error);
    struct program *program =
        module ? program_lower(module, ptx_find_function(module, "kernel"), &error) : NULL;
    struct binding *binding = program ? binding_create(program, &device, &error) : NULL;
    if (binding == NULL) {
        fprintf(stderr, "vgpu_bench: line %u: %s\n", error.line, error.message);
        exit(1);
    }
    return binding;
}

int main(void) {
    if (!memory_open((uint64_t)1 << 30)) {
        fputs("vgpu_bench: the host refuses to map device memory\n", stderr);
        return 1;
    }
    uint64_t bytes = 4 * (BLOCKS * THREADS + 32),
             parameters[2] = {memory_allocate(bytes, NULL), memory_allocate(bytes, NULL)};
    for (size_t k = 0; k < sizeof kernels / sizeof *kernels; k++) {
        struct launch launch = {.binding = bind(kernels[k].ptx),
                                .grid = {BLOCKS, 1, 1},
                                .block = {THREADS, 1, 1},
                                .parameters = (const uint8_t *)parameters,
                                .resident_blocks = BLOCKS};
        double best = 0;
        for (unsigned attempt = 0; attempt < 5; attempt++) {
            struct launch_counts counts = {0};
            double start = seconds();
            if (grid_run(&launch, &counts) != LAUNCH_DONE)
                return 1;
            double rate = (double)counts.warp_instructions / (seconds() - start) / 1e6;
            best = rate > best ? rate : best;
        }
        printf("%-18s %7.1f million warp instructions a second\n", kernels[k].name, best);
    }
    memory_close();
    return 0;
}
