# The library, compiled once: host/ and kernels/ list its sources, the shared and the static library take the objects.

add_library(lotto_objects OBJECT)
target_include_directories(lotto_objects PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(lotto_objects PRIVATE CUDA::cudart)
# A C library: the CUDA sources use nothing of the C++ runtime, so that a C program links them with a C linker.
target_compile_options(lotto_objects PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fno-exceptions,-fno-rtti,-fno-threadsafe-statics>")

add_library(lotto SHARED $<TARGET_OBJECTS:lotto_objects>)
add_library(lotto_static STATIC $<TARGET_OBJECTS:lotto_objects>)
foreach(library lotto lotto_static)
    target_include_directories(${library} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${library} PRIVATE CUDA::cudart m)
    set_target_properties(${library} PROPERTIES LINKER_LANGUAGE C)
    add_library(lotto::${library} ALIAS ${library})
endforeach()
# Below 1.0 a minor version may change the interface.
set(soversion ${PROJECT_VERSION_MAJOR})
if(soversion EQUAL 0)
    set(soversion 0.${PROJECT_VERSION_MINOR})
endif()
set_target_properties(lotto PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${soversion})
target_link_options(lotto PRIVATE -Wl,--no-undefined,--as-needed)
