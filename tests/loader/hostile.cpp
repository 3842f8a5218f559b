// SPDX-License-Identifier: BSL-1.0
// A plugin whose static constructor runs code that its compile definitions select, before any function is called.
#include <pollux/open.hpp>
#include <pollux/plugin.hpp>

#include <csignal>
#include <cstdlib>
#include <string>

#include <unistd.h>

#ifndef HOSTILE_RANK
#define HOSTILE_RANK (-1)
#endif
#ifdef HOSTILE_TEXT
// Text that affects a terminal or a table: an escape sequence, ends of lines, control bytes of seven and of eight bits,
// invalid UTF-8, a bar, a character that changes the direction of text.
#define HOSTILE_WORDS                                                                                                  \
    "a\033[2Jb\r\nc\x01\x7f\xc2\x9b"                                                                                   \
    "d\xff|e\xe2\x80\xae"
#else
#define HOSTILE_WORDS "does as its constructor likes"
#endif

namespace {

using namespace pollux;

[[maybe_unused]] std::string exits() { std::exit(0); }

[[maybe_unused]] std::string hangs() {
    for (;;) pause();
}

[[maybe_unused]] std::string raises() {
    std::signal(SIGBUS, SIG_DFL); // a sanitizer's handler would end the process in another way
    std::raise(SIGBUS);
    std::abort();
}

#ifdef HOSTILE_ASKS
/// Opens the plugin that it is a part of; prints the result.
std::string asks() {
    const auto* const own = std::getenv("POLLUX_TEST_OWN_FILE");
    std::string answer;
    for (const auto& backend : installed()) answer += backend.name + "=" + backend.refusal + ";";
    const auto choice = explain({.backend = own ? own : "asks"});
    for (const auto& attempt : choice.attempts) answer += attempt.reason + ";";
    return answer;
}
#endif

[[maybe_unused]] std::string does_nothing() { return HOSTILE_WORDS; }

const std::string& summary() {
    static const auto& text = *new std::string(HOSTILE_DOES());
    return text;
}

std::unique_ptr<Selector> fails(const OpenRequest&, OpenFailure& failure) noexcept {
#ifdef HOSTILE_OPEN
    HOSTILE_OPEN();
#endif
    failure.set(make_error_code(std::errc::permission_denied), HOSTILE_WORDS, HOSTILE_WORDS);
    return nullptr;
}

const Capabilities own_capabilities{.oneshot = {Support::emulated, HOSTILE_WORDS},
                                    .level = {Support::native},
                                    .edge = {Support::unsupported, HOSTILE_WORDS},
                                    .sockets = {Support::native},
                                    .pipes = {Support::native},
                                    .files = {Support::native},
                                    .priority = {Support::native},
                                    .timeout_resolution = std::chrono::milliseconds(1)};

} // namespace

#ifndef HOSTILE_WITHOUT_DESCRIPTION
POLLUX_DESCRIBE_PLUGIN(HOSTILE_NAME, HOSTILE_RANK, HOSTILE_WORDS);
#endif

const pollux::Plugin pollux_plugin{
    .kind = PluginKind::backend,
    .rank = HOSTILE_RANK,
    .name = HOSTILE_NAME,
    .summary = summary().c_str(),
    .capabilities = &own_capabilities,
    .open = fails,
};
