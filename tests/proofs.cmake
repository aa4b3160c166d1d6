# What compares kernels with other answers and needs no test framework, so that it also runs on a machine with a GPU and nothing else.

# What the proofs stand on: random requests, and what the oracle and the textbook say of them.
add_library(requests STATIC
    oracle/adjust.c
    oracle/answer.c
    oracle/oracle.c
    oracle/textbook.c
    oracle/verify.c
    rows/adjustments.c
    rows/boundary.c
    rows/place.c
    rows/real.c
    rows/request.c
    rows/results.c
    rows/rows.c)
target_include_directories(requests PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(requests PUBLIC lotto jansson m)

# Run by scripts/soak and scripts/gpu-report.
add_executable(soak soak.c rows/device_place.c)
target_link_libraries(soak PRIVATE requests CUDA::cudart)
target_compile_definitions(soak PRIVATE LOTTO_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/data")

add_executable(draws_as_curand draws_as_curand.cu)
target_include_directories(draws_as_curand PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
set_target_properties(soak draws_as_curand PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
