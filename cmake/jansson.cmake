# jansson, by its own names for header and library, where compilers look or where CMAKE_PREFIX_PATH says (scripts/gpu-report brings its own).
find_path(JANSSON_INCLUDE_DIR jansson.h REQUIRED)
find_library(JANSSON_LIBRARY jansson REQUIRED)
add_library(jansson INTERFACE)
target_include_directories(jansson SYSTEM INTERFACE ${JANSSON_INCLUDE_DIR})
target_link_libraries(jansson INTERFACE ${JANSSON_LIBRARY})
