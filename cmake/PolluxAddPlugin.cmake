# SPDX-License-Identifier: BSL-1.0
#
#   pollux_add_plugin(<name> <source>...)
#
# Adds the target pollux-<name>: a shared object libpollux-<name>.so (.dylib, pollux-<name>.dll) that exports the one
# symbol pollux_plugin. <name> is what POLLUX_BACKEND calls it: lower-case letters, digits and "_".
#
# The sources are C++, with <pollux/plugin.hpp>, or C11, with <pollux/plugin.h>. A plugin with C sources only needs no C++
# compiler and no C++ runtime; the project has to enable C.
#
#   pollux_add_linked_plugin(<target> <name>)
#
# Adds the static library <target> with the sources of the plugin <name>, as pollux_add_plugin() has added it and as its
# target is then: with its definitions, options and libraries. A program that links <target> has the plugin in itself, finds
# it by its name, and needs no file for it; so a program that is linked statically as a whole has backends, too.
include(CheckLinkerFlag)
set(_POLLUX_CMAKE_FOLDER "${CMAKE_CURRENT_LIST_DIR}")

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

function(pollux_add_linked_plugin target name)
  if(NOT TARGET pollux-${name})
    message(FATAL_ERROR "pollux_add_linked_plugin: \"${name}\" is not a plugin of pollux_add_plugin()")
  endif()
  get_target_property(folder pollux-${name} SOURCE_DIR)
  get_target_property(sources pollux-${name} SOURCES)
  set(header plugin.h)
  foreach(source IN LISTS sources)
    if(NOT source MATCHES "\\.[ch]$")
      set(header plugin.hpp)
    endif()
  endforeach()
  list(TRANSFORM sources PREPEND "${folder}/" REGEX "^[^/$]")
  # The program would not take it from the library otherwise, since nothing in it is called.
  set(symbol pollux_linked_${name})
  configure_file("${_POLLUX_CMAKE_FOLDER}/linked_plugin.cpp.in" "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp" @ONLY)
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${sources} "${CMAKE_CURRENT_BINARY_DIR}/${symbol}.cpp")
  foreach(property IN ITEMS COMPILE_DEFINITIONS COMPILE_OPTIONS INCLUDE_DIRECTORIES LINK_DIRECTORIES C_VISIBILITY_PRESET
      CXX_VISIBILITY_PRESET VISIBILITY_INLINES_HIDDEN)
    get_target_property(value pollux-${name} ${property})
    if(value)
      set_property(TARGET ${target} PROPERTY ${property} "${value}")
    endif()
  endforeach()
  # What links this library needs them, too, which the property alone would not state.
  get_target_property(libraries pollux-${name} LINK_LIBRARIES)
  if(libraries)
    target_link_libraries(${target} PRIVATE ${libraries})
  endif()
  # Each plugin has a symbol of this name.
  target_compile_definitions(${target} PRIVATE pollux_plugin=pollux_plugin_${name})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_link_libraries(${target} PUBLIC pollux::pollux)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(MSVC)
    target_link_options(${target} INTERFACE "/INCLUDE:${symbol}")
  elseif(APPLE)
    target_link_options(${target} INTERFACE "LINKER:-u,_${symbol}")
  else()
    target_link_options(${target} INTERFACE "LINKER:-u,${symbol}")
  endif()
endfunction()
