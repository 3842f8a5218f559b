# SPDX-License-Identifier: BSL-1.0
#
# The libraries of Pollux itself, by the table in docs/dependencies.md. Plugins have pollux_add_plugin().

# Sets POLLUX_LIBRARIES, and of each library <library>_FOLDER, _USES and _SUMMARY.
function(pollux_read_dependencies)
  set(table "${PROJECT_SOURCE_DIR}/docs/dependencies.md")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${table}")
  file(STRINGS "${table}" rows REGEX "^\\| `pollux")
  set(libraries)
  foreach(row IN LISTS rows)
    if(NOT row MATCHES "^\\| `([a-z-]+)` \\| `([a-z]+)` \\|([^|]*)\\| ([^|]+) \\|$")
      message(FATAL_ERROR "docs/dependencies.md: expected four columns, library, folder, uses and description: ${row}")
    endif()
    set(library ${CMAKE_MATCH_1})
    set(${library}_FOLDER ${CMAKE_MATCH_2} PARENT_SCOPE)
    set(${library}_SUMMARY "${CMAKE_MATCH_4}" PARENT_SCOPE)
    string(REGEX MATCHALL "[a-z-]+" uses "${CMAKE_MATCH_3}")
    list(APPEND libraries ${library})
    set(${library}_USES "${uses}" PARENT_SCOPE)
  endforeach()
  set(POLLUX_LIBRARIES "${libraries}" PARENT_SCOPE)
endfunction()

#   pollux_add_library(<target> [INTERFACE | STATIC] SOURCES <file>... [HEADERS <file>...] [WITHOUT_HEADERS <file>...])
#
# Adds a library: <target> pollux-loop is pollux::loop, here and installed. Its public headers are HEADERS, or all of
# include/pollux/<folder>/ except WITHOUT_HEADERS, which the system lacks. INTERFACE has headers only. STATIC also where
# the others are shared; its code is part of what links it, and is not exported from there.
function(pollux_add_library target)
  cmake_parse_arguments(PARSE_ARGV 1 library "INTERFACE;STATIC" "" "SOURCES;HEADERS;WITHOUT_HEADERS")
  if(NOT target IN_LIST POLLUX_LIBRARIES)
    message(FATAL_ERROR "docs/dependencies.md: expected a row for the library ${target}")
  endif()
  string(REGEX REPLACE "^pollux-" "" name ${target})
  if(NOT library_HEADERS)
    file(GLOB library_HEADERS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" CONFIGURE_DEPENDS
      include/pollux/${${target}_FOLDER}/*.hpp include/pollux/${${target}_FOLDER}/internal/*.hpp)
    list(REMOVE_ITEM library_HEADERS ${library_WITHOUT_HEADERS})
  endif()
  if(library_INTERFACE)
    set(kind INTERFACE)
  elseif(POLLUX_SHARED AND NOT library_STATIC)
    set(kind SHARED)
  else()
    set(kind STATIC)
  endif()
  add_library(${target} ${kind})
  add_library(pollux::${name} ALIAS ${target})
  set(scope PUBLIC)
  if(library_INTERFACE)
    set(scope INTERFACE)
  endif()
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${library_HEADERS})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_link_libraries(${target} ${scope} ${${target}_USES})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
  if(library_INTERFACE)
    return()
  endif()
  target_sources(${target} PRIVATE ${library_SOURCES})
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF
    # The dynamic linker must not give a plugin the inline functions of a program with more members in its structures.
    VISIBILITY_INLINES_HIDDEN ON)
  if(library_STATIC)
    set_target_properties(${target} PROPERTIES CXX_VISIBILITY_PRESET hidden)
    return()
  endif()
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    WINDOWS_EXPORT_ALL_SYMBOLS ON)
  if(POLLUX_SHARED AND UNIX AND NOT APPLE)
    # What templates of Boost and the standard library leave behind must not take the place of a program's own.
    set(symbols "${PROJECT_SOURCE_DIR}/cmake/library.map")
    target_link_options(${target} PRIVATE "LINKER:--version-script=${symbols}")
    set_target_properties(${target} PROPERTIES LINK_DEPENDS "${symbols}")
  endif()
endfunction()
