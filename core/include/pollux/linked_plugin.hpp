// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace pollux {

/// A LinkedPlugin makes a plugin known that is part of the program, and not in a file of its own: it is found under its
/// name, before those in folders, and chosen as they are. Programs do not write it: they link a library such as
/// pollux::backend-epoll, or one of pollux_add_linked_plugin(), whose only object of this type is initialised before
/// main().
///
///     static const pollux::LinkedPlugin linked(&pollux_plugin);
///
/// Lifetime: it and the plugin live until the process ends; none is ever taken back.
/// Threads:  any, also beside open().
/// Errors:   none here. A plugin that cannot be used is reported as one in a file is, by open() and found().
class LinkedPlugin {
  public:
    /// `plugin` is the address of the plugin's `pollux_plugin`, a Plugin or a pollux_c_plugin.
    explicit LinkedPlugin(const void* plugin) noexcept;

    LinkedPlugin(const LinkedPlugin&) = delete;
    LinkedPlugin& operator=(const LinkedPlugin&) = delete;

  private:
    friend class LinkedPlugins;
    const void* plugin_;
    const LinkedPlugin* next_ = nullptr; // the one that was made before
};

} // namespace pollux
