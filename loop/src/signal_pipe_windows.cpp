// SPDX-License-Identifier: BSL-1.0
// Signals of the C library of Windows. Those of the keyboard arrive in a thread of their own, the others in the thread
// that called raise(): no instruction is interrupted, so a handler may wake the backend itself.
#include "signal_pipe.hpp"

#include <csignal>

namespace pollux::loop {
namespace {

using Handler = void (*)(int);
Handler before[signal_limit];

extern "C" void pollux_on_signal(int signal) {
    std::signal(signal, pollux_on_signal); // the C library has restored the default
    signal_arrived(signal);
}

} // namespace

SignalPipe::SignalPipe(const PollRegistrator& registrator) : registrator_(registrator) {}
SignalPipe::~SignalPipe() = default;

std::error_code SignalPipe::submit_wakeup() noexcept { return registrator_.wake(); }
std::error_code SignalPipe::reopen() noexcept { return {}; }
void SignalPipe::drain() noexcept {}
std::optional<Source> SignalPipe::source() const noexcept { return std::nullopt; }

std::error_code is_called_around_fork() noexcept { return {}; }

std::error_code catch_signal(int signal) noexcept {
    switch (signal) {
    case SIGINT:
    case SIGTERM:
    case SIGBREAK:
        before[signal] = std::signal(signal, pollux_on_signal);
        return before[signal] == SIG_ERR ? make_error_code(std::errc::invalid_argument) : std::error_code();
    case SIGSEGV:
    case SIGFPE:
    case SIGILL:
    case SIGABRT:
        return make_error_code(std::errc::operation_not_supported);
    default:
        return make_error_code(std::errc::invalid_argument);
    }
}

void release_signal(int signal) noexcept { std::signal(signal, before[signal]); }

} // namespace pollux::loop
