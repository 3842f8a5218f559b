# SPDX-License-Identifier: BSL-1.0
# Toolchain: 64-bit Windows by Debian's mingw-w64, with threads as POSIX has them (std::thread, std::mutex).
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER x86_64-w64-mingw32-gcc-posix) # GoogleTest asks for one
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# What runs the programs; its environment is set by tests/windows/run.
set(CMAKE_CROSSCOMPILING_EMULATOR /usr/lib/wine/wine64)

# libstdc++ stays a DLL, also in a file that uses none of its symbols but throws: one std::error_category per process,
# or `error == std::errc::file_exists` is false between a program and its plugin.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-shared-libgcc")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-shared-libgcc")
