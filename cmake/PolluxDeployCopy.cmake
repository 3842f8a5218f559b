# SPDX-License-Identifier: BSL-1.0
#
#   cmake -P PolluxDeployCopy.cmake -- <lock> <stamp> <folder> <file>...
#
# Copies the files into the folder, for pollux_deploy(); only one process at a time does.
cmake_minimum_required(VERSION 3.25)
set(arguments)
foreach(index RANGE 4 ${CMAKE_ARGC})
  list(APPEND arguments "${CMAKE_ARGV${index}}")
endforeach()
list(POP_FRONT arguments lock stamp folder)
file(LOCK "${lock}" GUARD PROCESS TIMEOUT 600)
foreach(file IN LISTS arguments)
  if(file)
    file(COPY "${file}" DESTINATION "${folder}")
  endif()
endforeach()
file(WRITE "${stamp}" "")
