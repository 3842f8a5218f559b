// SPDX-License-Identifier: BSL-1.0
#include "terminal.hpp"

#include "user_environment.hpp"

#include <charconv>
#include <system_error>

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace pollux::tools {
namespace {

/// Returns the width that the user requests; 0 if there is none.
std::size_t requested_columns() {
    const auto text = variable("COLUMNS");
    std::size_t columns = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
    return error == std::errc() && stop == text.data() + text.size() ? columns : 0;
}

bool allows_colour() { return !forbids_colour() && !is_dumb(); }

} // namespace

#ifdef _WIN32

Terminal Terminal::of_output() {
    Terminal terminal{requested_columns(), false};
    const HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    DWORD mode = 0;
    CONSOLE_SCREEN_BUFFER_INFO screen{};
    if (!GetConsoleMode(output, &mode) || !GetConsoleScreenBufferInfo(output, &screen)) return terminal;
    if (terminal.columns == 0)
        terminal.columns = static_cast<std::size_t>(screen.srWindow.Right - screen.srWindow.Left + 1);
    constexpr DWORD interprets_escape_sequences = 4; // ENABLE_VIRTUAL_TERMINAL_PROCESSING, which some headers lack
    terminal.has_colour = allows_colour() && SetConsoleMode(output, mode | interprets_escape_sequences);
    return terminal;
}

#else

Terminal Terminal::of_output() {
    Terminal terminal{requested_columns(), false};
    if (isatty(STDOUT_FILENO) != 1) return terminal;
    winsize size{};
    if (terminal.columns == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) terminal.columns = size.ws_col;
    terminal.has_colour = allows_colour() && !variable("TERM").empty();
    return terminal;
}

#endif

} // namespace pollux::tools
