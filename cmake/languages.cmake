# Dialects, warnings and floating-point rules of every target. The results must be the same bits everywhere, so no compiler
# may contract a multiplication and an addition into one rounding.

set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CUDA_STANDARD 17)
foreach(language C CXX CUDA)
    set(CMAKE_${language}_STANDARD_REQUIRED ON)
    set(CMAKE_${language}_VISIBILITY_PRESET hidden)
endforeach()
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# The shared runtime, so that the library and its caller share one, and so that the virtual GPU can stand in for it.
set(CMAKE_CUDA_RUNTIME_LIBRARY Shared)

set(host_options -Wall -Wextra -Werror -ffp-contract=off)
list(JOIN host_options "," host_options_of_nvcc)
add_compile_options(
    "$<$<COMPILE_LANGUAGE:C,CXX>:${host_options}>"
    "$<$<COMPILE_LANGUAGE:CUDA>:--Werror=all-warnings;--fmad=false;-lineinfo;-Xcompiler=${host_options_of_nvcc}>")
