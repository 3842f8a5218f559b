// SPDX-License-Identifier: BSL-1.0
// The shortest program: copies the standard input stream to the standard output stream as data arrives.
#include <pollux/poll.hpp>

#include <array>
#include <cstdio>

#include <unistd.h>

int main() try {
    pollux::Poll poll;
    pollux::Events events;
    const auto error =
        poll.registrator().add(STDIN_FILENO, {pollux::Token{1}, pollux::Ready::readable, pollux::Mode::level});
    const bool is_file = error == std::errc::operation_not_permitted; // always ready, and kqueue refuses to watch it
    if (error && !is_file) throw std::system_error(error, "standard input");
    while (is_file || !poll.poll(events)) {
        std::array<char, 65536> buffer;
        const auto count = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count <= 0) return count == 0 ? 0 : 1;
        std::fwrite(buffer.data(), 1, static_cast<std::size_t>(count), stdout);
        if (std::fflush(stdout) != 0) return 1;
    }
    return 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
