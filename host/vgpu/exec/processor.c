#include "processor.h"

#include "warp.h"

bool processor_is_v4(void) {
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("bmi2"))
        vgpu_fail("this processor lacks AVX2, FMA or BMI2, which the virtual GPU needs (x86-64-v3)");
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
}
