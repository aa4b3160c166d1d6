# What `cmake --install` puts where, and what lets other projects find it: by find_package(lotto) or by pkg-config.

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lotto)

install(TARGETS lotto lotto_static EXPORT lotto)
install(FILES include/lotto/lotto.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lotto)
install(TARGETS lotto_command lotto_bench)
if(LOTTO_VGPU)
    install(TARGETS vgpu vgpu_cuda12 LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/lotto/vgpu NAMELINK_SKIP)
endif()
install(FILES LICENSE TYPE DOC)

install(EXPORT lotto NAMESPACE lotto:: FILE lottoTargets.cmake DESTINATION ${package_dir})
configure_package_config_file(cmake/lottoConfig.cmake.in lottoConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(lottoConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(RELATIVE_PATH prefix_from_pkgconfig /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/lotto.pc.in lotto.pc @ONLY)
install(FILES cmake/cuda.cmake ${PROJECT_BINARY_DIR}/lottoConfig.cmake ${PROJECT_BINARY_DIR}/lottoConfigVersion.cmake
    DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/lotto.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
