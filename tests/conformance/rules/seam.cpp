// SPDX-License-Identifier: BSL-1.0
// Rules on what a Selector states about itself, and on the form of errors.
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <pollux/forwarding_selector.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace pollux::conformance {
namespace {

/// A Selector with an extension that no layer knows.
class Extended final : public ForwardingSelector {
  public:
    static constexpr std::string_view id = "pollux.conformance.unknown/1";

    explicit Extended(std::unique_ptr<Selector> inner) noexcept : ForwardingSelector(std::move(inner)) {}
    void* extension(const char* requested) noexcept override { return requested == id ? this : nullptr; }
};

std::string describe(const Capability& capability) {
    constexpr std::array<const char*, 3> names{"unsupported", "emulated", "native"};
    const auto support = static_cast<std::size_t>(capability.support);
    const std::string name = support < names.size() ? names[support] : "support " + std::to_string(support);
    return name + " (" + (capability.reason ? capability.reason : "null") + ")";
}

std::string describe(const Capabilities& all) {
    std::string text;
    for (const auto& [name, member] : named_capabilities)
        text += std::string(name) + " " + describe(all.*member) + ", ";
    return text + "sources up to " + std::to_string(all.highest_source) + ", " +
           std::to_string(all.timeout_resolution.count()) + " ns";
}

} // namespace

// A Selector returns the capabilities of its plugin, the same object each time.
RULE(selector, capabilities) {
    const auto& seen = selector().capabilities();
    expect(describe(copy_of(seen)) == describe(capabilities()),
           "expected: " + describe(capabilities()) + "\n    seen: " + describe(copy_of(seen)));
    const auto pair = make_pair(kinds().front());
    add(pair.near, {Token{1}, Ready::readable, any_mode()});
    expect(&selector().capabilities() == &seen, "expected: the same object each time");
    const auto other = open();
    expect(other && describe(copy_of(other->capabilities())) == describe(capabilities()),
           "expected: another Selector has the same capabilities");
}

// extension() returns null for an unknown id, even an empty one, and the same object each time for a known id.
RULE(selector, unknown_extension) {
    for (const char* id : {"", "pollux.conformance.unknown/1", "pollux.pollable_descriptor/4294967295", "\n"}) {
        expect(selector().extension(id) == nullptr, "expected: no extension \"" + std::string(id) + "\"");
    }
    expect(selector().extension(Extended::id.data()) == nullptr, "expected: the same for each call");
}

// A layer returns null for the id of an extension that it does not know, even if the inner Selector has the extension.
RULE(layer, unknown_extension) {
    if (!subject().open_around) {
        static constexpr Capability no_layer{Support::unsupported, "not checked: this is a backend and not a layer"};
        return declare_unsupported(no_layer);
    }
    auto inner = std::make_unique<Extended>(open());
    expect(inner->extension(Extended::id.data()) != nullptr, "expected: the Selector of this rule has the extension");
    OpenFailure failure;
    const auto layer = subject().open_around(std::move(inner), failure);
    if (!layer) return expect(false, "expected: a Selector, seen: " + conformance::describe(failure));
    expect(layer->extension(Extended::id.data()) == nullptr,
           "expected: no extension, since calls of it would bypass the layer");
}

// Errors of all calls are of std::generic_category().
RULE(failure, category) {
    const auto pair = make_pair(kinds().front());
    const Watch watch{Token{1}, Ready::readable, modes().front()};
    const auto is_generic = [this](const char* call, const std::error_code& error) {
        expect(error && error.category() == std::generic_category(),
               std::string(call) + ": expected an error of std::generic_category(), seen: " +
                   conformance::describe(error) + " of " + error.category().name());
    };
    const auto never_open = static_cast<Source>(-1);
    is_generic("add() of a source that is not open", registrator().add(never_open, watch));
    is_generic("modify() of a source that is not open", registrator().modify(never_open, watch));
    is_generic("remove() of a source that is not open", registrator().remove(never_open));
    is_generic("modify() of a source that is not watched", registrator().modify(pair.near, watch));
    is_generic("remove() of a source that is not watched", registrator().remove(pair.near));
    is_generic("add() with wake_token", registrator().add(pair.near, {wake_token, Ready::readable, watch.mode}));
    is_generic("add() in no mode", registrator().add(pair.near, {Token{1}, Ready::readable, static_cast<Mode>(99)}));
    add(pair.near, watch);
    is_generic("add() of a source that is watched", registrator().add(pair.near, watch));
    is_generic("modify() with wake_token", registrator().modify(pair.near, {wake_token, Ready::readable, watch.mode}));
    std::error_code error;
    selector().select({}, Timeout(0ns), error);
    is_generic("select() without a buffer", error);
}

void link_seam_rules() {}

} // namespace pollux::conformance
