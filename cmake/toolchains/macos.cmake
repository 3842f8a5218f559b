# SPDX-License-Identifier: BSL-1.0
# Builds for macOS 12 on another system, with zig, which brings Apple's headers, and LLVM's tools for Mach-O files:
#
#   POLLUX_ZIG=<zig> cmake --toolchain cmake/toolchains/macos.cmake -DCMAKE_SYSTEM_PROCESSOR=<x86_64 or aarch64> ...
set(CMAKE_USER_MAKE_RULES_OVERRIDE_CXX "${CMAKE_CURRENT_LIST_FILE}")
if(CMAKE_CXX_COMPILE_OPTIONS_PIE) # read once more, behind the rules that CMake has for the compiler: zig takes no -fPIE
  set(CMAKE_CXX_COMPILE_OPTIONS_PIE -fPIC)
  return()
endif()

set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CMAKE_SYSTEM_PROCESSOR)
foreach(language IN ITEMS C CXX)
  set(CMAKE_${language}_COMPILER_TARGET "${CMAKE_SYSTEM_PROCESSOR}-macos.12.0")
endforeach()
set(CMAKE_C_COMPILER "$ENV{POLLUX_ZIG}" cc)
set(CMAKE_CXX_COMPILER "$ENV{POLLUX_ZIG}" c++)
foreach(tool IN ITEMS AR NM RANLIB OBJDUMP INSTALL_NAME_TOOL)
  string(TOLOWER "llvm-${tool}" program)
  string(REPLACE "_" "-" program "${program}")
  find_program(CMAKE_${tool} NAMES ${program} ${program}-14 REQUIRED)
endforeach()
# Nothing of the system that this is built on.
set(CMAKE_FIND_ROOT_PATH "${CMAKE_BINARY_DIR}")
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)
