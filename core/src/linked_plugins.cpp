// SPDX-License-Identifier: BSL-1.0
#include "linked_plugins.hpp"

#include "adapted_plugin.hpp"

#include <pollux/linked_plugin.hpp>
#include <pollux/mutex.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace pollux {

/// The LinkedPlugins are those of this process.
class LinkedPlugins {
  public:
    /// Never destroyed, as those of files are not: a Selector may outlive all objects with a destructor.
    static LinkedPlugins& of_process() {
        static auto& all = *new LinkedPlugins;
        return all;
    }

    static void add(LinkedPlugin& plugin) noexcept {
        plugin.next_ = newest_.load(std::memory_order_relaxed);
        while (!newest_.compare_exchange_weak(plugin.next_, &plugin, std::memory_order_release,
                                              std::memory_order_relaxed)) {}
    }

    std::vector<FoundPlugin> all() {
        std::vector<FoundPlugin> all;
        for (auto* each = newest_.load(std::memory_order_acquire); each; each = each->next_)
            all.push_back(found(each->plugin_));
        std::ranges::reverse(all); // the first one of a name counts, as in a search
        std::set<std::string> names;
        for (auto& plugin : all) {
            if (plugin.refusal.empty() && !names.insert(plugin.name).second)
                plugin.refusal = "hidden by another plugin of this name that is linked into the program";
        }
        return all;
    }

  private:
    FoundPlugin found(const void* plugin) {
        FoundPlugin found{.is_linked_in = true};
        std::unique_ptr<const LoadedPlugin> adapted;
        found.refusal = escaped(adapt(plugin, found, {}, adapted));
        if (!found.refusal.empty()) {
            if (found.name.empty()) found.name = "linked into the program";
            return found;
        }
        const MutexLock lock(mutex_);
        auto& kept = kept_[plugin];
        if (!kept) kept = std::move(adapted);
        found.loaded = kept.get();
        return found;
    }

    static inline std::atomic<const LinkedPlugin*> newest_ = nullptr; // before any constructor runs

    Mutex mutex_;
    std::map<const void*, std::unique_ptr<const LoadedPlugin>> kept_ POLLUX_GUARDED_BY(mutex_);
};

LinkedPlugin::LinkedPlugin(const void* plugin) noexcept : plugin_(plugin) { LinkedPlugins::add(*this); }

std::vector<FoundPlugin> linked_plugins() { return LinkedPlugins::of_process().all(); }

} // namespace pollux
