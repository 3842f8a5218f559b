# SPDX-License-Identifier: BSL-1.0
#
#   pollux_deploy(<target> [BACKENDS <name>... | NO_BACKENDS] [DESTINATION <folder>])
#
# Puts backends where the program <target>, a target of this directory, looks for them: in the build tree, and beside what
# `cmake --install` installs, with the shared libraries of Pollux that the program links. The installed program runs from
# any prefix. It is itself installed by the project: in DESTINATION, a folder below the prefix, CMAKE_INSTALL_BINDIR
# unless it is given.
#
# BACKENDS are names of backends and layers of Pollux, or of plugins of pollux_add_plugin(); without it all of Pollux.
# NO_BACKENDS is for a program that has its backends linked in: it takes the shared libraries along, and no plugins.
include_guard(GLOBAL)

function(pollux_deploy target)
  cmake_parse_arguments(PARSE_ARGV 1 deploy "NO_BACKENDS" "DESTINATION" "BACKENDS")
  if(NOT TARGET ${target} OR deploy_UNPARSED_ARGUMENTS OR (deploy_NO_BACKENDS AND deploy_BACKENDS))
    message(FATAL_ERROR "pollux_deploy: expected a target, BACKENDS or NO_BACKENDS, and DESTINATION: ${ARGV}")
  endif()
  include(GNUInstallDirs)
  if(NOT deploy_DESTINATION)
    set(deploy_DESTINATION "${CMAKE_INSTALL_BINDIR}")
  endif()
  get_target_property(known pollux::pollux POLLUX_PLUGINS)
  if(NOT deploy_BACKENDS AND NOT deploy_NO_BACKENDS)
    set(deploy_BACKENDS ${known})
  endif()
  get_target_property(type pollux::pollux TYPE)
  # The core looks in pollux/ beside itself. A static one is in the program, and a DLL has to be beside it.
  set(plugin_folder "${CMAKE_INSTALL_LIBDIR}/pollux")
  set(is_beside_program FALSE)
  if(WIN32 OR NOT type STREQUAL "SHARED_LIBRARY")
    set(plugin_folder "${deploy_DESTINATION}/pollux")
    set(is_beside_program TRUE)
  endif()

  set(files)
  foreach(name IN LISTS deploy_BACKENDS)
    set(is_plugin FALSE)
    if(TARGET pollux-${name})
      get_target_property(is_plugin pollux-${name} POLLUX_IS_PLUGIN)
    endif()
    if(is_plugin)
      add_dependencies(${target} pollux-${name})
      list(APPEND files "$<TARGET_FILE:pollux-${name}>")
      install(TARGETS pollux-${name} RUNTIME DESTINATION "${plugin_folder}" LIBRARY DESTINATION "${plugin_folder}")
    elseif(name IN_LIST known)
      set(prefix lib)
      if(WIN32)
        set(prefix "")
      endif()
      set(file "${POLLUX_PLUGIN_FOLDER}/${prefix}pollux-${name}${CMAKE_SHARED_LIBRARY_SUFFIX}")
      list(APPEND files "${file}")
      install(FILES "${file}" DESTINATION "${plugin_folder}")
    else()
      list(JOIN known ", " known)
      message(FATAL_ERROR "pollux_deploy: \"${name}\" is not a backend: expected some of ${known}, or a plugin of pollux_add_plugin()")
    endif()
  endforeach()

  if(is_beside_program AND files)
    # A step of its own, since a plugin may change and the program not. In a script that takes a lock, since programs of
    # one folder share their plugins.
    set(stamp "${CMAKE_CURRENT_BINARY_DIR}/pollux_deploy/${target}-$<CONFIG>")
    add_custom_command(OUTPUT "${stamp}"
      COMMAND "${CMAKE_COMMAND}" -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/PolluxDeployCopy.cmake" --
        "${CMAKE_BINARY_DIR}/pollux_deploy.lock" "${stamp}" "$<TARGET_FILE_DIR:${target}>/pollux" ${files}
      DEPENDS ${files} COMMENT "Deploying the backends of ${target}" VERBATIM)
    add_custom_target(${target}-pollux-backends DEPENDS "${stamp}")
    add_dependencies(${target} ${target}-pollux-backends)
  endif()
  if(type STREQUAL "SHARED_LIBRARY")
    if(UNIX)
      set(origin "$ORIGIN")
      if(APPLE)
        set(origin "@loader_path")
      endif()
      if(IS_ABSOLUTE "${deploy_DESTINATION}" OR IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
        set(path "${CMAKE_INSTALL_FULL_LIBDIR}")
      else()
        file(RELATIVE_PATH path "/${deploy_DESTINATION}" "/${CMAKE_INSTALL_LIBDIR}")
        set(path "${origin}/${path}")
      endif()
      set_property(TARGET ${target} APPEND PROPERTY INSTALL_RPATH "${path}")
    endif()
    # At the end of this directory, when all that the program links is known.
    cmake_language(EVAL CODE
      "cmake_language(DEFER CALL _pollux_deploy_libraries [[${target}]] [[${deploy_DESTINATION}]] [[${CMAKE_INSTALL_LIBDIR}]])")
  endif()
endfunction()

# Installs the shared libraries of Pollux that the target links, directly or not.
function(_pollux_deploy_libraries target program_folder library_folder)
  set(queue ${target})
  set(seen)
  while(queue)
    list(POP_FRONT queue each)
    if(NOT TARGET "${each}")
      continue()
    endif()
    get_target_property(aliased ${each} ALIASED_TARGET)
    if(aliased)
      set(each ${aliased})
    endif()
    if(each IN_LIST seen)
      continue()
    endif()
    list(APPEND seen ${each})
    foreach(property IN ITEMS LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
      get_target_property(linked ${each} ${property})
      if(linked)
        # A library in a generator expression may be linked.
        string(REGEX REPLACE "\\$<[^:<>]+:|>" ";" linked "${linked}")
        list(APPEND queue ${linked})
      endif()
    endforeach()
    get_target_property(type ${each} TYPE)
    get_target_property(is_imported ${each} IMPORTED)
    if(NOT each MATCHES "^pollux(-|::|$)" OR NOT type STREQUAL "SHARED_LIBRARY")
      continue()
    elseif(is_imported)
      install(IMPORTED_RUNTIME_ARTIFACTS ${each}
        RUNTIME DESTINATION "${program_folder}" LIBRARY DESTINATION "${library_folder}")
    else()
      install(TARGETS ${each}
        RUNTIME DESTINATION "${program_folder}" LIBRARY DESTINATION "${library_folder}" NAMELINK_SKIP)
    endif()
  endwhile()
  if(WIN32)
    add_custom_command(TARGET ${target} POST_BUILD COMMAND "${CMAKE_COMMAND}" -E copy_if_different
      $<TARGET_RUNTIME_DLLS:${target}> $<TARGET_FILE_DIR:${target}> COMMAND_EXPAND_LISTS VERBATIM)
  endif()
endfunction()
