# SPDX-License-Identifier: BSL-1.0
#
#   pollux_add_library(<target> SOURCES <file>... HEADERS <file>...)
#
# Adds a library of Pollux itself: <target> pollux-loop is pollux::loop, here and installed. HEADERS are its public
# ones, in include/. Plugins have pollux_add_plugin().
function(pollux_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 library "" "" "SOURCES;HEADERS")
  string(REGEX REPLACE "^pollux-" "" name ${target})
  if(POLLUX_SHARED)
    add_library(${target} SHARED)
  else()
    add_library(${target} STATIC)
  endif()
  add_library(pollux::${name} ALIAS ${target})
  target_sources(${target}
    PRIVATE ${library_SOURCES}
    PUBLIC FILE_SET HEADERS BASE_DIRS include FILES ${library_HEADERS})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    CXX_EXTENSIONS OFF VERIFY_INTERFACE_HEADER_SETS ON WINDOWS_EXPORT_ALL_SYMBOLS ON
    # The dynamic linker must not give a plugin the inline functions of a program with more members in its structures.
    VISIBILITY_INLINES_HIDDEN ON)
  if(POLLUX_SHARED AND UNIX AND NOT APPLE)
    # What templates of Boost and the standard library leave behind must not take the place of a program's own.
    set(symbols "${PROJECT_SOURCE_DIR}/cmake/library.map")
    target_link_options(${target} PRIVATE "LINKER:--version-script=${symbols}")
    set_target_properties(${target} PROPERTIES LINK_DEPENDS "${symbols}")
  endif()
endfunction()
