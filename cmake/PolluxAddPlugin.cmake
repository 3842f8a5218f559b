# SPDX-License-Identifier: BSL-1.0
#
#   pollux_add_plugin(<name> <source>...)
#
# Adds the target pollux-<name>: a shared object libpollux-<name>.so (.dylib, pollux-<name>.dll) that exports the one
# symbol pollux_plugin. <name> is what POLLUX_BACKEND calls it: lower-case letters, digits and "_".
#
# The sources are C++, with <pollux/plugin.hpp>, or C11, with <pollux/plugin.h>. A plugin with C sources only needs no C++
# compiler and no C++ runtime; the project has to enable C.
include(CheckLinkerFlag)

function(pollux_add_plugin name)
  if(NOT name MATCHES "^[a-z0-9_]+$")
    message(FATAL_ERROR "pollux_add_plugin: \"${name}\" is not a backend's name: expected lower-case letters, digits and \"_\"")
  endif()
  set(target pollux-${name})
  add_library(${target} SHARED ${ARGN})
  set(language C)
  foreach(source IN LISTS ARGN)
    if(NOT source MATCHES "\\.[ch]$")
      set(language CXX)
    endif()
  endforeach()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT language IN_LIST languages)
    message(FATAL_ERROR "pollux_add_plugin: the sources of \"${name}\" need ${language}, which the project does not enable")
  endif()
  if(language STREQUAL "C")
    # Its headers alone: pollux::interface asks for C++20.
    target_include_directories(${target} PRIVATE "$<TARGET_PROPERTY:pollux::interface,INTERFACE_INCLUDE_DIRECTORIES>")
    target_compile_features(${target} PRIVATE c_std_11)
  else()
    target_link_libraries(${target} PRIVATE pollux::interface)
  endif()
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON NO_SONAME ON POLLUX_IS_PLUGIN ON)
  if(WIN32)
    set_target_properties(${target} PROPERTIES PREFIX "")
  endif()
  if(APPLE)
    # Apple's linker has it, zig's has not.
    check_linker_flag(${language} "LINKER:-exported_symbol,_main" POLLUX_LINKER_LISTS_EXPORTS)
    if(POLLUX_LINKER_LISTS_EXPORTS)
      target_link_options(${target} PRIVATE "LINKER:-exported_symbol,_pollux_plugin")
    endif()
  elseif(UNIX)
    # Instantiated templates of the standard library are visible even with -fvisibility=hidden.
    set(symbols "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map")
    target_link_options(${target} PRIVATE "LINKER:--version-script=${symbols}" "LINKER:-z,defs")
    set_target_properties(${target} PROPERTIES LINK_DEPENDS "${symbols}")
  endif()
endfunction()
