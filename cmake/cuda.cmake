# find_package(CUDAToolkit), round a defect of CMake 3.25.1 (Debian 12): for a project that requires 3.25 it marks as deprecated
# a target that CUDA 13 no longer has. Installed too, for lottoConfig.cmake.
set(lotto_cmake_minimum ${CMAKE_MINIMUM_REQUIRED_VERSION})
set(CMAKE_MINIMUM_REQUIRED_VERSION 3.24)
find_package(CUDAToolkit 13.0)
set(CMAKE_MINIMUM_REQUIRED_VERSION ${lotto_cmake_minimum})
unset(lotto_cmake_minimum)
