// SPDX-License-Identifier: BSL-1.0
#include "c_plugin.hpp"

#include <pollux/process.hpp>
#include <pollux/toolkit.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>

namespace pollux {
namespace {

static_assert(POLLUX_INTERFACE_VERSION == interface_version);
static_assert(std::is_same_v<pollux_source, Source>);

// The adapter passes the program's buffer and options on without a copy.
static_assert(sizeof(pollux_event) == sizeof(Event) && alignof(pollux_event) == alignof(Event) &&
              offsetof(pollux_event, token) == offsetof(Event, token) &&
              sizeof(Event::token) == sizeof(std::uint64_t) &&
              offsetof(pollux_event, ready) == offsetof(Event, ready) && sizeof(Event::ready) == sizeof(std::uint8_t));
static_assert(sizeof(pollux_option_value) == sizeof(OptionValue) &&
              offsetof(pollux_option_value, name) == offsetof(OptionValue, name) &&
              offsetof(pollux_option_value, value) == offsetof(OptionValue, value));

constexpr bool are_equal(Ready ready, int condition) { return static_cast<int>(ready) == condition; }
static_assert(are_equal(Ready::readable, POLLUX_READABLE) && are_equal(Ready::writable, POLLUX_WRITABLE) &&
              are_equal(Ready::priority, POLLUX_PRIORITY) && are_equal(Ready::closed, POLLUX_CLOSED) &&
              are_equal(Ready::failed, POLLUX_FAILED) && are_equal(Ready::expired, POLLUX_EXPIRED));
static_assert(int(Mode::oneshot) == POLLUX_ONESHOT && int(Mode::level) == POLLUX_LEVEL &&
              int(Mode::edge) == POLLUX_EDGE);
static_assert(int(Support::unsupported) == POLLUX_UNSUPPORTED && int(Support::emulated) == POLLUX_EMULATED &&
              int(Support::native) == POLLUX_NATIVE);
static_assert(std::uint64_t(wake_token) == POLLUX_WAKE_TOKEN && is_reserved(Token{POLLUX_FIRST_RESERVED_TOKEN}) &&
              !is_reserved(Token{POLLUX_FIRST_RESERVED_TOKEN - 1}));

// The description in the file is read as the C++ one.
static_assert(sizeof(pollux_c_description) == sizeof(PluginDescription));
static_assert(offsetof(pollux_c_description, magic) == offsetof(PluginDescription, magic) &&
              offsetof(pollux_c_description, rank) == offsetof(PluginDescription, rank) &&
              offsetof(pollux_c_description, abi) == offsetof(PluginDescription, abi) &&
              offsetof(pollux_c_description, name) == offsetof(PluginDescription, name) &&
              offsetof(pollux_c_description, summary) == offsetof(PluginDescription, summary));

// The loader reads these three of any plugin, before it knows which face it has.
static_assert(offsetof(pollux_c_plugin, interface_version) == offsetof(Plugin, interface_version) &&
              offsetof(pollux_c_plugin, size) == offsetof(Plugin, size) &&
              offsetof(pollux_c_plugin, abi) == offsetof(Plugin, abi));

/// Returns the error of a function of a plugin.
std::error_code error_of(int result) noexcept {
    return result == 0 ? std::error_code() : std::error_code(result, std::generic_category());
}

/// Returns a timeout as the C interface has it.
std::int64_t nanoseconds_of(const Timeout& timeout) noexcept {
    return timeout ? std::max<std::int64_t>(timeout->count(), 0) : -1;
}

/// A CSelector calls the functions of a plugin, and keeps the rules that are the same for all of them.
class CSelector final : public Selector, private Registrator {
  public:
    CSelector(const pollux_selector_functions& functions, const Capabilities& capabilities) noexcept
        : functions_(&functions), capabilities_(&capabilities) {}
    ~CSelector() override {
        if (is_open_) functions_->destroy(self_, owner_.is_current() ? 0 : 1);
    }

    /// Calls `open` of a plugin; returns its error.
    int open(const pollux_c_plugin& plugin, const pollux_open_request& request, pollux_open_failure& failure) noexcept {
        const int error = plugin.open(&request, &self_, &failure);
        is_open_ = error == 0;
        return error;
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return *capabilities_; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // not always: clear() calls system_category()
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
        } else if (!owner_.is_current()) {
            error = other_process();
        } else {
            std::size_t count = 0;
            const int result = functions_->select(self_, reinterpret_cast<pollux_event*>(buffer.data()), buffer.size(),
                                                  nanoseconds_of(timeout), &count);
            if (result == 0 && count <= buffer.size()) return buffer.first(count);
            // With a larger count the plugin has written beyond the buffer, or reports what is not there.
            error = result != 0 ? error_of(result) : make_error_code(std::errc::value_too_large);
        }
        return {};
    }

  private:
    static std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }

    std::error_code add(Source source, const Watch& watch) noexcept override {
        return put(functions_->add, source, watch);
    }
    std::error_code modify(Source source, const Watch& watch) noexcept override {
        return put(functions_->modify, source, watch);
    }
    std::error_code remove(Source source) noexcept override {
        return owner_.is_current() ? error_of(functions_->remove(self_, source)) : other_process();
    }
    std::error_code wake() noexcept override {
        return owner_.is_current() ? error_of(functions_->wake(self_)) : other_process();
    }

    std::error_code put(int (*function)(void*, pollux_source, const pollux_watch*) noexcept, Source source,
                        const Watch& watch) noexcept {
        if (!owner_.is_current()) return other_process();
        if (const auto error = toolkit::validate(watch, *capabilities_)) return error;
        constexpr auto promises = Ready::readable | Ready::writable | Ready::priority;
        pollux_watch passed{};
        passed.token = static_cast<std::uint64_t>(watch.token);
        passed.interest = static_cast<std::uint8_t>(watch.interest & promises);
        passed.mode = static_cast<std::uint8_t>(watch.mode);
        return error_of(function(self_, source, &passed));
    }

    const pollux_selector_functions* functions_;
    const Capabilities* capabilities_;
    void* self_ = nullptr;
    bool is_open_ = false;
    OwnerProcess owner_;
};

/// An Ability is a member of the capabilities of both interfaces, with its name for messages.
struct Ability {
    const char* name;
    pollux_capability pollux_capabilities::*seen;
    Capability Capabilities::*member;
};
constexpr Ability abilities[] = {
    {"oneshot", &pollux_capabilities::oneshot, &Capabilities::oneshot},
    {"level", &pollux_capabilities::level, &Capabilities::level},
    {"edge", &pollux_capabilities::edge, &Capabilities::edge},
    {"sockets", &pollux_capabilities::sockets, &Capabilities::sockets},
    {"pipes", &pollux_capabilities::pipes, &Capabilities::pipes},
    {"files", &pollux_capabilities::files, &Capabilities::files},
    {"priority", &pollux_capabilities::priority, &Capabilities::priority},
    {"any_thread", &pollux_capabilities::any_thread, &Capabilities::any_thread},
    {"any_number", &pollux_capabilities::any_number, &Capabilities::any_number},
    {"unchanged_sources", &pollux_capabilities::unchanged_sources, &Capabilities::unchanged_sources},
    {"closed_sources", &pollux_capabilities::closed_sources, &Capabilities::closed_sources},
};
static_assert(std::size(abilities) == std::size(named_capabilities));

/// Returns a copy of what a plugin declares; members that its structure lacks are zero.
pollux_capabilities copy_of(const pollux_capabilities& capabilities) noexcept {
    pollux_capabilities copy{};
    std::memcpy(&copy, &capabilities, std::min<std::size_t>(capabilities.size, sizeof copy));
    return copy;
}

std::string validate_size(const char* what, std::size_t size, std::size_t least) {
    if (size >= least) return {};
    return std::string("its ") + what + " has size " + std::to_string(size) + ", expected at least " +
           std::to_string(least);
}

std::string validate(const pollux_capabilities& capabilities) {
    // Members that later versions of the interface append are not required, here and below.
    constexpr auto least = offsetof(pollux_capabilities, timeout_resolution) + sizeof(std::int64_t);
    if (auto fault = validate_size("struct pollux_capabilities", capabilities.size, least); !fault.empty())
        return fault;
    const auto seen = copy_of(capabilities);
    for (const auto& ability : abilities) {
        const auto support = (seen.*ability.seen).support;
        if (support > POLLUX_NATIVE)
            return std::string("its capability ") + ability.name + " has support " + std::to_string(support) +
                   ": expected 0, 1 or 2";
    }
    if (capabilities.timeout_resolution <= 0)
        return "its timeout_resolution is " + std::to_string(capabilities.timeout_resolution) +
               " ns: expected more than 0";
    return {};
}

std::string validate(const pollux_selector_functions& functions) {
    constexpr auto least = offsetof(pollux_selector_functions, destroy) + sizeof functions.destroy;
    if (auto fault = validate_size("struct pollux_selector_functions", functions.size, least); !fault.empty())
        return fault;
    const char* null = !functions.add       ? "add"
                       : !functions.modify  ? "modify"
                       : !functions.remove  ? "remove"
                       : !functions.wake    ? "wake"
                       : !functions.select  ? "select"
                       : !functions.destroy ? "destroy"
                                            : nullptr;
    return null ? std::string("its function ") + null + " is null" : std::string();
}

Capabilities capabilities_of(const pollux_capabilities& declared) noexcept {
    const auto seen = copy_of(declared);
    Capabilities capabilities;
    for (const auto& ability : abilities) {
        const auto& [support, reason] = seen.*ability.seen;
        if (support == POLLUX_UNSUPPORTED && !reason) continue; // left out: the default
        capabilities.*ability.member = {static_cast<Support>(support), reason ? reason : ""};
    }
    if (!capabilities.any_number) capabilities.highest_source = seen.highest_source;
    capabilities.timeout_resolution = std::chrono::nanoseconds(seen.timeout_resolution);
    return capabilities;
}

/// Returns a text of a failure; one without a null byte ends with its array.
template <std::size_t size>
std::string_view text_of(const char (&text)[size]) noexcept {
    return {text, static_cast<std::size_t>(std::find(text, text + size, '\0') - text)};
}

} // namespace

bool is_c_abi(const char* abi) noexcept { return std::strcmp(abi, POLLUX_C_ABI) == 0; }

std::string validate_c_plugin(const pollux_c_plugin& plugin) {
    constexpr auto least = offsetof(pollux_c_plugin, open) + sizeof plugin.open;
    if (auto fault = validate_size("struct pollux_c_plugin", plugin.size, least); !fault.empty()) return fault;
    if (!plugin.capabilities) return "its capabilities are null: expected those of a backend";
    if (auto fault = validate(*plugin.capabilities); !fault.empty()) return fault;
    if (!plugin.functions) return "its functions are null: expected those of a Selector";
    if (auto fault = validate(*plugin.functions); !fault.empty()) return fault;
    return plugin.open ? std::string() : "its open is null: expected a function";
}

CPlugin::CPlugin(const pollux_c_plugin& plugin)
    : plugin_(&plugin),
      capabilities_(capabilities_of(*plugin.capabilities)),
      declared_{.interface_version = plugin.interface_version,
                .abi = plugin.abi,
                .kind = PluginKind::backend,
                .rank = plugin.rank,
                .name = plugin.name,
                .summary = plugin.summary,
                .capabilities = &capabilities_,
                .option_count = plugin.option_count,
                .open = nullptr} {
    for (std::uint32_t i = 0; plugin.options && i < plugin.option_count; ++i) {
        const auto& [name, default_value, help] = plugin.options[i];
        options_.push_back({name, default_value, help});
    }
    if (plugin.options) declared_.options = options_.data();
}

std::unique_ptr<Selector> CPlugin::open(const OpenRequest& request, OpenFailure& failure) const noexcept {
    std::unique_ptr<CSelector> selector(new (std::nothrow) CSelector(*plugin_->functions, capabilities_));
    if (!selector) {
        failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
        return nullptr;
    }
    pollux_open_request passed{};
    passed.size = sizeof passed;
    passed.option_count = request.option_count;
    passed.options = reinterpret_cast<const pollux_option_value*>(request.options);
    pollux_open_failure reason{};
    reason.size = sizeof reason;
    const int error = selector->open(*plugin_, passed, reason);
    if (error == 0) return selector;
    failure.set(error_of(error), text_of(reason.step), text_of(reason.sentence));
    return nullptr;
}

} // namespace pollux
