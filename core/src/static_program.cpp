// SPDX-License-Identifier: BSL-1.0
#include "static_program.hpp"

#include <cstddef>

#if defined(__linux__)
#include <link.h>
#endif

namespace pollux {

#if defined(__linux__)

bool is_static_program() noexcept {
    // The program comes first. It names its interpreter, the dynamic linker, also if that was started by name; AT_BASE
    // of getauxval(3) is 0 then, too.
    static const bool is_static = dl_iterate_phdr(
                                      [](dl_phdr_info* program, std::size_t, void*) {
                                          for (int i = 0; i < program->dlpi_phnum; ++i) {
                                              if (program->dlpi_phdr[i].p_type == PT_INTERP) return 1;
                                          }
                                          return 2;
                                      },
                                      nullptr) == 2;
    return is_static;
}

#else

bool is_static_program() noexcept { return false; }

#endif

} // namespace pollux
