// SPDX-License-Identifier: BSL-1.0
// Rules on what a backend declares: capabilities with their reasons, and the resolution of timeouts.
#include "../rule.hpp"
#include "../rule_files.hpp"

#include <pollux/open.hpp>

#include <cstring>
#include <string_view>

namespace pollux::conformance {
namespace {

/// What is wrong with a reason, of which users read one line; empty if nothing is.
std::string fault_of(const Capability& capability) {
    constexpr std::size_t longest = 300;
    if (capability.support > Support::native) return "a support that does not exist";
    if (!capability.reason) return "a null pointer as its reason";
    const std::string_view reason = capability.reason;
    if (reason.size() > longest) return "a reason of " + std::to_string(reason.size()) + " bytes";
    if (reason != escaped(reason)) return "a reason that is no line of UTF-8, \"" + escaped(reason) + "\"";
    if (capability.support == Support::native) return {};
    return reason.find_first_not_of(" .") == reason.npos ? "no reason" : "";
}

} // namespace

// Each capability that is not native has a reason: at most 300 bytes of UTF-8 in one line, with a letter.
RULE(capabilities, reasons) {
    const auto all = copy_of(selector().capabilities()); // an older plugin has fewer
    for (const auto& [name, member] : named_capabilities) {
        const auto fault = fault_of(all.*member);
        expect(fault.empty(),
               std::string("expected: ") + name + " is native, or has a reason in a line, seen: " + fault);
    }
}

// A backend offers a mode and a kind of sources at least, and declares the size of its Capabilities.
RULE(capabilities, offers_something) {
    const auto& all = selector().capabilities();
    expect(all.size >= offsetof(Capabilities, timeout_resolution) + sizeof all.timeout_resolution &&
               all.size <= 64 * 1024,
           "expected: the size of Capabilities, seen: " + std::to_string(all.size));
    expect(all.oneshot || all.level || all.edge, "expected: a mode that is offered, seen: none");
    expect(all.sockets || all.pipes || all.files, "expected: a kind of sources that is offered, seen: none");
}

// The declared resolution of timeouts is more than zero and at most 100 ms.
RULE(capabilities, resolution) {
    const auto resolution = selector().capabilities().timeout_resolution;
    expect(resolution > 0ns && resolution <= 100ms,
           "expected: more than zero and at most 100 ms, seen: " + std::to_string(resolution.count()) + " ns");
}

namespace {

/// What is wrong with a text for users, which is escaped() and therefore shows what was not a line of UTF-8.
std::string fault_of_text(const std::string& text) {
    constexpr std::size_t longest = 300;
    if (text.find_first_not_of(" .") == text.npos) return "no text";
    if (text.size() > longest) return std::to_string(text.size()) + " bytes";
    for (const char* const escape : {"\\x", "\\n", "\\r", "\\t"}) {
        if (text.find(escape) != text.npos) return "\"" + text + "\"";
    }
    return {};
}

} // namespace

// The summary of a plugin and the help of its options are lines of at most 300 bytes of UTF-8 with a letter.
RULE(plugin, texts) {
    if (subject().plugins.empty()) {
        static constexpr Capability no_plugin{Support::unsupported, "not checked: this is a class, and not a plugin"};
        return declare_unsupported(no_plugin);
    }
    for (const auto& plugin : subject().plugins) {
        const auto fault = fault_of_text(plugin.summary);
        expect(fault.empty(), "expected: a summary of " + plugin.name + " in a line, seen: " + fault);
        for (const auto& option : plugin.options) {
            const auto fault_of_help = fault_of_text(option.help);
            expect(fault_of_help.empty(), "expected: a help for " + option.name + " in a line, seen: " + fault_of_help);
        }
    }
}

void link_declarations_rules() {}

} // namespace pollux::conformance
