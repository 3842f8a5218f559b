// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "loaded_plugin.hpp"

#include <pollux/open.hpp>

#include <memory>
#include <string>

namespace pollux {

/// Compares a plugin, a Plugin or a pollux_c_plugin, with the interface, and with `found` as far as its file or its
/// name is known; `abi` is that of its description. Returns why it cannot be used; or completes `found` except for
/// `loaded`, makes `adapted`, and returns an empty text.
std::string adapt(const void* plugin, FoundPlugin& found, const std::string& abi,
                  std::unique_ptr<const LoadedPlugin>& adapted);

} // namespace pollux
