# SPDX-License-Identifier: BSL-1.0
#
#   cmake -DSOURCE=<root> -DDESTINATION=<folder> -DTO_HEADERS=<path> -DLIST=<file> -P PolluxPages.cmake
#
# Copies pages, whose places below the root are the lines of LIST, into a folder where they lie as in the tree, for installation. Links
# to pages and other files of the list stay. A link to a public header leads to the installed one: TO_HEADERS is the path
# from the folder of the documentation to that of the headers. A link to another file of the sources becomes the place of
# the file in them, after the text of the link unless that is a part of the place.
cmake_minimum_required(VERSION 3.25)
file(STRINGS "${LIST}" PAGES)

# Sets `result` to what stands for the link [text](target) of a page in `folder`.
function(link_of result text target folder)
  set(${result} "[${text}](${target})" PARENT_SCOPE)
  if(target MATCHES "^([a-zA-Z][a-zA-Z0-9+.-]*:|#)")
    return()
  endif()
  string(REGEX REPLACE "#.*$" "" file "${target}")
  cmake_path(SET place NORMALIZE "${folder}/${file}")
  string(REGEX REPLACE "^/|/$" "" place "${place}")
  if(place IN_LIST PAGES OR NOT EXISTS "${SOURCE}/${place}")
    return() # the latter is code, not a link
  endif()
  foreach(page IN LISTS PAGES)
    if(page MATCHES "^${place}/")
      return() # a folder
    endif()
  endforeach()
  if(place MATCHES "^[a-z]+/include/(pollux/.*)$")
    set(header "${TO_HEADERS}/${CMAKE_MATCH_1}")
    if(folder)
      string(REGEX REPLACE "[^/]+" ".." up "${folder}")
      set(header "${up}/${header}")
    endif()
    set(${result} "[${text}](${header})" PARENT_SCOPE)
    return()
  endif()
  string(REGEX REPLACE "`|/$" "" plain "${text}")
  string(FIND "/${place}" "/${plain}" at REVERSE)
  string(LENGTH "${plain}" length)
  math(EXPR end "${at} + ${length}")
  string(LENGTH "${place}" whole)
  if(at GREATER_EQUAL 0 AND end EQUAL whole)
    set(${result} "`${place}`" PARENT_SCOPE) # the text is the end of it
  else()
    set(${result} "${text} (`${place}` of the sources)" PARENT_SCOPE)
  endif()
endfunction()

# Brackets and semicolons have a meaning in CMake's lists: the text is handled as a string, from link to link.
foreach(page IN LISTS PAGES)
  if(NOT page MATCHES "\\.md$")
    configure_file("${SOURCE}/${page}" "${DESTINATION}/${page}" COPYONLY)
    continue()
  endif()
  cmake_path(GET page PARENT_PATH folder)
  file(READ "${SOURCE}/${page}" rest)
  set(written "")
  while(rest MATCHES "\\[([^][]*)\\]\\(([^() \t\n]+)\\)")
    set(whole "${CMAKE_MATCH_0}")
    set(text "${CMAKE_MATCH_1}")
    set(target "${CMAKE_MATCH_2}")
    string(FIND "${rest}" "${whole}" at)
    string(SUBSTRING "${rest}" 0 ${at} before)
    string(LENGTH "${whole}" length)
    math(EXPR at "${at} + ${length}")
    string(SUBSTRING "${rest}" ${at} -1 rest)
    link_of(link "${text}" "${target}" "${folder}")
    string(APPEND written "${before}${link}")
  endwhile()
  file(WRITE "${DESTINATION}/${page}" "${written}${rest}")
endforeach()
