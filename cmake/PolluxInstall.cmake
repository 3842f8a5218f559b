# SPDX-License-Identifier: BSL-1.0
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/pollux")

install(TARGETS ${POLLUX_LIBRARIES} EXPORT polluxTargets
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  # Stated again for Meson, which reads the CMake package without knowing file sets.
  INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(TARGETS ${POLLUX_LINKED_PLUGINS} EXPORT polluxTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT polluxTargets NAMESPACE pollux:: DESTINATION "${package_dir}")

foreach(plugin IN LISTS POLLUX_PLUGINS POLLUX_LAYERS)
  install(TARGETS pollux-${plugin}
    RUNTIME DESTINATION "${POLLUX_PLUGIN_INSTALL_DIR}"
    LIBRARY DESTINATION "${POLLUX_PLUGIN_INSTALL_DIR}")
endforeach()

if(POLLUX_BUILD_CONFORMANCE)
  install(TARGETS pollux-conformance EXPORT polluxConformanceTargets
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT polluxConformanceTargets NAMESPACE pollux:: DESTINATION "${package_dir}")
  install(TARGETS pollux-conformance-program RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  if(TARGET pollux-model)
    install(TARGETS pollux-model RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
endif()
if(POLLUX_BUILD_TOOLS)
  install(TARGETS pollux-command RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
# Of the commands that are installed.
if(POLLUX_PAGES)
  set(commands pollux)
  if(POLLUX_BUILD_CONFORMANCE)
    list(APPEND commands pollux-conformance)
  endif()
  if(TARGET pollux-model)
    list(APPEND commands pollux-model)
  endif()
  foreach(command IN LISTS commands)
    install(FILES "${POLLUX_PAGES}/man/man1/${command}.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
    install(FILES "${POLLUX_PAGES}/completions/bash/${command}"
      DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
    install(FILES "${POLLUX_PAGES}/completions/zsh/_${command}" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
    install(FILES "${POLLUX_PAGES}/completions/fish/${command}.fish"
      DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
  endforeach()
  install(FILES "${POLLUX_PAGES}/man/man7/pollux.7" DESTINATION "${CMAKE_INSTALL_MANDIR}/man7")
endif()

# The components of the package are named as the libraries are.
list(TRANSFORM POLLUX_LIBRARIES REPLACE "^pollux-" "" OUTPUT_VARIABLE components)
list(JOIN components " " components)
configure_package_config_file(cmake/polluxConfig.cmake.in polluxConfig.cmake
  INSTALL_DESTINATION "${package_dir}" PATH_VARS POLLUX_PLUGIN_INSTALL_DIR CMAKE_INSTALL_BINDIR)
# Before 1.0 each minor version may change the interface.
write_basic_package_version_file(polluxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/polluxConfig.cmake" "${PROJECT_BINARY_DIR}/polluxConfigVersion.cmake"
  cmake/PolluxAddPlugin.cmake cmake/PolluxDeploy.cmake cmake/PolluxDeployCopy.cmake cmake/linked_plugin.cpp.in
  cmake/plugin.map
  DESTINATION "${package_dir}")
# The .pc files find the headers and libraries from where they are themselves, so that the whole can be moved.
file(RELATIVE_PATH to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
# pollux_private_libs(<library> <variable>): what a static library leaves to the program, as flags. Boost is only headers.
function(pollux_private_libs library variable)
  get_target_property(linked ${library} LINK_LIBRARIES)
  list(FILTER linked EXCLUDE REGEX "^pollux|BUILD_INTERFACE|NOTFOUND$")
  set(libs)
  foreach(each IN LISTS linked)
    if(each STREQUAL "Threads::Threads")
      string(APPEND libs " -pthread")
    elseif(each MATCHES "^[a-z0-9_]+$")
      string(APPEND libs " -l${each}")
    else()
      message(FATAL_ERROR "${library}.pc: expected Threads::Threads or the name of a library, and not ${each}")
    endif()
  endforeach()
  set(${variable} "${libs}" PARENT_SCOPE)
endfunction()
foreach(library IN LISTS POLLUX_LIBRARIES)
  list(JOIN ${library}_USES ", " requires)
  set(description "${${library}_SUMMARY}")
  set(libs "-L\${libdir} -l${library}")
  set(private_libs)
  get_target_property(type ${library} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(libs)
  else()
    pollux_private_libs(${library} private_libs)
  endif()
  configure_file(cmake/library.pc.in ${library}.pc @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${library}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
foreach(library IN LISTS POLLUX_LINKED_PLUGINS)
  set(requires pollux)
  set(description "A plugin of Pollux as a part of the program that links it")
  get_target_property(options ${library} INTERFACE_LINK_OPTIONS)
  string(REPLACE "LINKER:" "-Wl," options "${options}")
  # It is static wherever it is, so its libraries are always needed.
  pollux_private_libs(${library} private_libs)
  set(libs "-L\${libdir} ${options} -l${library}${private_libs}")
  set(private_libs)
  configure_file(cmake/library.pc.in ${library}.pc @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${library}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
# The documentation lies as in the tree, so that its links hold.
file(GLOB_RECURSE documents CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
  docs/*.md docs/*.schema.json bench/results/*.md examples/CMakeLists.txt examples/*.c examples/*.cpp examples/*.hpp
  examples/*.rs)
list(APPEND documents CHANGELOG.md CONTRIBUTING.md LICENSE README.md ROADMAP.md SECURITY.md)
list(JOIN documents "\n" list)
set(documents_folder "${PROJECT_BINARY_DIR}/documents")
file(CONFIGURE OUTPUT documents.txt CONTENT "${list}\n" @ONLY)
file(RELATIVE_PATH to_headers "${CMAKE_INSTALL_FULL_DOCDIR}" "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
list(TRANSFORM documents PREPEND "${PROJECT_SOURCE_DIR}/" OUTPUT_VARIABLE sources)
add_custom_command(OUTPUT documents.stamp
  COMMAND "${CMAKE_COMMAND}" -E rm -rf "${documents_folder}"
  COMMAND "${CMAKE_COMMAND}" "-DSOURCE=${PROJECT_SOURCE_DIR}" "-DDESTINATION=${documents_folder}"
    "-DTO_HEADERS=${to_headers}" "-DLIST=${PROJECT_BINARY_DIR}/documents.txt"
    -P "${PROJECT_SOURCE_DIR}/cmake/PolluxPages.cmake"
  COMMAND "${CMAKE_COMMAND}" -E touch documents.stamp
  DEPENDS "${PROJECT_BINARY_DIR}/documents.txt" cmake/PolluxPages.cmake ${sources} VERBATIM
  COMMENT "Copying the documentation")
add_custom_target(pollux-documents ALL DEPENDS documents.stamp)
install(DIRECTORY "${documents_folder}/" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
