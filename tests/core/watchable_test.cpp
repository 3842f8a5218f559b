// SPDX-License-Identifier: BSL-1.0
#include "core_test.hpp"

#include <cstdint>
#include <fstream>
#include <thread>

namespace pollux::core_tests {
namespace {

struct WithFd {
    Source descriptor;
    Source fd() const { return descriptor; }
};

struct WithNativeHandle {
    Source descriptor;
    Source native_handle() { return descriptor; } // not const, like that of Boost.Asio
};

struct WithReference {
    Source descriptor;
    const Source& fd() const { return descriptor; }
};

/// A socket whose native_handle() is a class around the descriptor, like that of Boost.Asio on Windows.
struct WithWrappedNativeHandle {
    struct Handle {
        Source descriptor;
        operator Source() const { return descriptor; }
    };
    Handle handle;
    Handle native_handle() const { return handle; }
};

/// A class whose native_handle() is not a source, like that of std::thread.
struct WithOtherNativeHandle {
    Source descriptor;
    unsigned long native_handle() const { return 0; }
    Source fd() const { return descriptor; }
};

static_assert(Watchable<Source> && Watchable<const Source&> && Watchable<Source&>);
static_assert(Watchable<WithFd> && Watchable<const WithFd&> && Watchable<WithReference>);
static_assert(Watchable<WithNativeHandle&> && !Watchable<const WithNativeHandle&>);
static_assert(Watchable<WithOtherNativeHandle>);
#ifndef _WIN32 // where MinGW's thread handle has the type of a SOCKET
static_assert(!Watchable<std::thread> && !Watchable<std::thread&>);
#endif
static_assert(!Watchable<long> && !Watchable<bool> && !Watchable<std::ifstream> && !Watchable<Token>);

/// Watches a reader of `pipe` through its owner, receives its event, and removes the watch.
void expect_watched(auto&& owner, const Pipe& pipe) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        auto poll = poll_with(backend);
        const auto& registrator = poll.registrator();
        EXPECT_FALSE(registrator.add(owner, {Token{1}, Ready::none}));
        EXPECT_FALSE(registrator.modify(owner, {Token{2}, Ready::readable, Mode::level}));
        Events events;
        EXPECT_FALSE(poll.poll(events, patience));
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].token, Token{2});
        EXPECT_EQ(registrator.add(pipe.reader(), {Token{3}, Ready::readable}), std::errc::file_exists);
        EXPECT_FALSE(registrator.remove(owner));
        EXPECT_EQ(registrator.remove(pipe.reader()), std::errc::no_such_file_or_directory);
    }
}

TEST(Watchable, is_a_source_or_what_has_one) {
    const Pipe pipe;
    pipe.write();
    expect_watched(pipe.reader(), pipe);
    const Source descriptor = pipe.reader();
    expect_watched(descriptor, pipe);
    expect_watched(WithFd{descriptor}, pipe);
    expect_watched(WithNativeHandle{descriptor}, pipe);
    expect_watched(WithReference{descriptor}, pipe);
    expect_watched(WithWrappedNativeHandle{{descriptor}}, pipe);
    expect_watched(WithOtherNativeHandle{descriptor}, pipe);
}

} // namespace
} // namespace pollux::core_tests
