// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux::loop {

/// A NoDestructor holds a static object that is never destroyed, for Loops that are destroyed when the program ends. It
/// allocates nothing.
template <typename T>
union NoDestructor {
    T value;
    NoDestructor() : value{} {}
    ~NoDestructor() {} // NOLINT(modernize-use-equals-default)
};

} // namespace pollux::loop
