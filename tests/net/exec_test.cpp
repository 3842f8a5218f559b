// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/process.hpp"

#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace pollux::net::tests {
namespace {

#ifdef _WIN32
bool is_inherited(Source source) { return !conformance::is_closed_on_exec(static_cast<int>(source)); }
#else
/// Whether a program that is started by exec() has the descriptor open.
bool is_inherited(Source source) {
    const auto look = "test -e /dev/fd/" + std::to_string(source);
    const auto child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", look.c_str(), static_cast<char*>(nullptr));
        _exit(100);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1) << status;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif

// Every descriptor that the library opens is closed by exec().
RULE(owner, close_on_exec) {
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        const auto near = connect(address_of(waiting));
        const auto far = accept(waiting);
        const auto socket = udp_socket(kind);
        EXPECT_FALSE(is_inherited(waiting.native_handle()));
        EXPECT_FALSE(is_inherited(near.native_handle()));
        EXPECT_FALSE(is_inherited(far.native_handle()));
        EXPECT_FALSE(is_inherited(socket.native_handle()));
    }
#ifndef _WIN32
    const auto [first, second] = good([](auto& error) { return UnixStream::pair(error); });
    const auto [reader, writer] = good([](auto& error) { return Pipe::open(error); });
    for (const auto source :
         {first.native_handle(), second.native_handle(), reader.native_handle(), writer.native_handle()})
        EXPECT_FALSE(is_inherited(source));

    // A descriptor that is not close-on-exec is inherited until it is adopted.
    const int plain = dup(reader.native_handle());
    EXPECT_TRUE(is_inherited(plain));
    const auto adopted = good([&](auto& error) { return PipeReader::adopt(plain, error); });
    EXPECT_FALSE(is_inherited(plain));
#endif
}

} // namespace
} // namespace pollux::net::tests
