# Where programs find their libraries. The build tree is laid out as the installed one, so the command is linked once for both:
# it looks for lotto beside itself, then for the CUDA runtime it was built with or one where machines usually have it, and last
# in the virtual GPU's folder. So it starts where no CUDA runtime is installed, and does not take the virtual one where a
# real one is in those folders.

set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${CMAKE_INSTALL_BINDIR})
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR})
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/${CMAKE_INSTALL_LIBDIR})

# For programs that only the build tree has, such as the tests.
set(CMAKE_BUILD_RPATH ${CUDAToolkit_LIBRARY_DIR})

function(lotto_command_rpath target)
    file(RELATIVE_PATH lib /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
    set(cuda ${CUDAToolkit_LIBRARY_DIR} /usr/local/cuda/lib64 /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE})
    list(REMOVE_DUPLICATES cuda)
    set_target_properties(${target} PROPERTIES
        BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/${lib};${cuda};$ORIGIN/${lib}/lotto/vgpu")
endfunction()
