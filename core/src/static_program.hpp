// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux {

/// Returns whether this program is linked statically, without a dynamic linker. dlopen(3) of glibc would load a second
/// C library into it, and the plugin a second C++ library, with heaps and error categories of their own.
bool is_static_program() noexcept;

} // namespace pollux
