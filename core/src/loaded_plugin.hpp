// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/plugin.hpp>

#include <memory>

namespace pollux {

/// A LoadedPlugin opens the Selectors of a plugin, whichever language it is written in. It is never destroyed, as its
/// plugin is never unloaded.
///
/// Threads: any.
class LoadedPlugin {
  public:
    LoadedPlugin() = default;
    LoadedPlugin(const LoadedPlugin&) = delete;
    LoadedPlugin& operator=(const LoadedPlugin&) = delete;
    virtual ~LoadedPlugin() = default;

    /// Returns what the plugin declares of itself. Only CppPlugin uses its `open`.
    virtual const Plugin& declared() const noexcept = 0;
    virtual std::unique_ptr<Selector> open(const OpenRequest& request, OpenFailure& failure) const noexcept = 0;
};

/// A CppPlugin is one that has the interface of <pollux/plugin.hpp>.
class CppPlugin final : public LoadedPlugin {
  public:
    explicit CppPlugin(const Plugin& plugin) noexcept : plugin_(&plugin) {}

    const Plugin& declared() const noexcept override { return *plugin_; }
    std::unique_ptr<Selector> open(const OpenRequest& request, OpenFailure& failure) const noexcept override {
        return plugin_->open(request, failure);
    }

  private:
    const Plugin* plugin_;
};

} // namespace pollux
