// SPDX-License-Identifier: BSL-1.0
// The adapter for plugins with the C interface.
#pragma once

#include "loaded_plugin.hpp"

#include <pollux/plugin.h>
#include <pollux/plugin.hpp>

#include <string>
#include <vector>

namespace pollux {

/// Returns whether `abi`, of a plugin or of the description in its file, states the C interface that this program has.
bool is_c_abi(const char* abi) noexcept;

/// Returns what is wrong with the structures of a plugin with the C interface; empty if they are valid. Each member is
/// read only after those that guarantee it. The interface version, the ABI, name and options are not among what it
/// checks.
std::string validate_c_plugin(const pollux_c_plugin& plugin);

/// A CPlugin is one that has the C interface, <pollux/plugin.h>.
class CPlugin final : public LoadedPlugin {
  public:
    /// `plugin`: valid, as validate_c_plugin() states, except perhaps for its name and options.
    explicit CPlugin(const pollux_c_plugin& plugin);

    const Plugin& declared() const noexcept override { return declared_; }
    std::unique_ptr<Selector> open(const OpenRequest& request, OpenFailure& failure) const noexcept override;

  private:
    const pollux_c_plugin* plugin_;
    Capabilities capabilities_;
    std::vector<Option> options_;
    Plugin declared_; // without `open`
};

} // namespace pollux
