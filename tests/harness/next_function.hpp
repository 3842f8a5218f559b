// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <dlfcn.h>

namespace pollux::harness {

/// Returns the system's function of this name, for a program that replaces it by its own. The pointer states the type.
template <typename Function>
Function* next_function(Function*, const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

} // namespace pollux::harness
