# Where programs find their libraries. The command looks for lotto beside itself, then for the CUDA runtime it was built with
# or one where machines usually have it, and last in the virtual GPU's folder: so it starts where no CUDA runtime is
# installed, and never takes the virtual one where a real one is.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_BUILD_RPATH ${CUDAToolkit_LIBRARY_DIR})

function(lotto_command_rpath target)
    set(cuda ${CUDAToolkit_LIBRARY_DIR} /usr/local/cuda/lib64 /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
    list(REMOVE_DUPLICATES cuda)
    set_target_properties(${target} PROPERTIES
        BUILD_RPATH "$ORIGIN/../lib;${cuda};$ORIGIN/../lib/lotto/vgpu"
        INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR};${cuda};$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/lotto/vgpu")
endfunction()
