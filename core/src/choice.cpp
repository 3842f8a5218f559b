// SPDX-License-Identifier: BSL-1.0
// The report of a choice, and the stack that was chosen.
#include "choice_text.hpp"

#include <pollux/open.hpp>

namespace pollux {
namespace {

constexpr std::size_t all_names = static_cast<std::size_t>(-1);

/// Returns a plugin as in POLLUX_BACKEND, with the options that were given.
std::string plugin_text(const FoundPlugin& plugin) {
    std::string text = plugin.name;
    char separator = '?';
    for (const auto& option : plugin.options) {
        if (!option.is_given) continue;
        text += separator + option.name + '=' + element_of(option.value);
        separator = '&';
    }
    return text;
}

} // namespace

std::string stack_text(const std::vector<FoundPlugin>& layers, const FoundPlugin& backend) {
    std::string text;
    for (const auto& layer : layers) text += plugin_text(layer) + '+';
    return text + plugin_text(backend);
}

std::unique_ptr<Selector> Choice::open(OpenFailure& failure) const noexcept {
    if (!backend) {
        failure.set(make_error_code(std::errc::operation_not_supported), {}, "no backend was chosen");
        return nullptr;
    }
    auto selector = backend->open(failure);
    for (auto layer = layers.rbegin(); selector && layer != layers.rend(); ++layer)
        selector = layer->open_around(std::move(selector), failure);
    return selector;
}

std::string Choice::stack() const { return backend ? stack_text(layers, *backend) : std::string(); }

bool Choice::is_auto() const noexcept { return requested == "auto" || requested.ends_with("+auto"); }

std::string Choice::text() const {
    std::string quoted = "\"" + escaped(requested) + "\" (" + escaped(origin) + ")";
    if (!requested_layers.empty()) quoted += " with layers \"" + escaped(requested_layers) + "\" (from POLLUX_LAYERS)";
    const bool is_list = requested.find(',') != requested.npos || is_auto();
    std::string text = backend            ? "pollux: opened backend \"" + escaped(stack()) + "\" for " + quoted
                       : !refusal.empty() ? "pollux: cannot use backend " + quoted + "\n  " + escaped(refusal)
                       : is_list          ? "pollux: cannot open any backend of " + quoted
                                          : "pollux: cannot open backend " + quoted;
    const auto add_line = [&text](const Attempt& attempt, const char* verb) {
        text += "\n  " + escaped(attempt.file.empty() ? attempt.backend : attempt.file.string()) + ": " + verb +
                escaped(attempt.reason);
    };
    for (const auto& attempt : attempts) add_line(attempt, attempt.reason.empty() ? "opened" : "");
    for (const auto& file : passed_over) add_line(file, "passed over: ");
    for (const auto& note : notes) text += "\n  " + escaped(note);
    text += "\n  installed: " +
            (installed.empty() ? "none in " + joined(folders, most_folders) : joined(installed, all_names));
    return text;
}

} // namespace pollux
