// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include <filesystem>

#include <stdlib.h> // NOLINT: mkdtemp() is not in <cstdlib>
#include <unistd.h>

namespace pollux::net::tests {
namespace {

/// A folder that the destructor removes.
class Folder {
  public:
    Folder() : path_((std::filesystem::temp_directory_path() / "pollux-net-XXXXXX").string()) {
        EXPECT_NE(mkdtemp(path_.data()), nullptr);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string file(const std::string& name) const { return path_ + "/" + name; }
    UnixAddress address(const std::string& name) const {
        return good([&](auto& error) { return UnixAddress::path(file(name), error); });
    }

  private:
    std::string path_;
};

UnixListener listen(const UnixAddress& at, int backlog = 16) {
    return good([&](auto& error) { return UnixListener::listen(at, backlog, error); });
}

/// Connects, accepts, sends in both directions, and compares the addresses.
void expect_connects(const UnixAddress& at) {
    auto waiting = listen(at);
    EXPECT_EQ(good([&](auto& error) { return waiting.local_address(error); }), at);
    EXPECT_TRUE(waiting.accept().would_block());
    auto near = good([&](auto& error) { return UnixStream::connect(at, error); });
    EXPECT_TRUE(near.finish_connect().is_done());
    auto accepted = finished([&] { return waiting.accept(); });
    ASSERT_TRUE(accepted.is_done()) << accepted.error.message();
    EXPECT_TRUE(accepted.peer.is_unnamed());
    EXPECT_EQ(good([&](auto& error) { return near.peer_address(error); }), at);
    EXPECT_TRUE(good([&](auto& error) { return near.local_address(error); }).is_unnamed());
    EXPECT_EQ(good([&](auto& error) { return accepted.stream.local_address(error); }), at);
    write(near, "there");
    EXPECT_EQ(read_all(accepted.stream, 5), "there");
    write(accepted.stream, "back");
    EXPECT_EQ(read_all(near, 4), "back");
    EXPECT_TRUE(waiting.accept().would_block());
}

// connect() to a path completes at once, and both ends return the listener's address.
RULE(unix, connects) {
    const Folder folder;
    expect_connects(folder.address("socket"));
    const auto room_left = 103 - folder.file("").size();
    expect_connects(folder.address(std::string(room_left, 'x')));
}

// A listener with an abstract name, even one with zero bytes, accepts connections; the name is free when the listener
// is closed.
RULE(unix, abstract) {
#ifdef __linux__
    using namespace std::string_literals;
    const auto name = "pollux-net-" + std::to_string(getpid());
    for (const auto& each : {name, name + "\0\0with zeros\0"s, (name + std::string(107, 'x')).substr(0, 107)}) {
        for (int again = 0; again < 2; ++again) {
            const auto at = good([&](auto& error) { return UnixAddress::abstract_name(each, error); });
            EXPECT_TRUE(at.is_abstract());
            EXPECT_EQ(at.to_string(), "@" + each);
            EXPECT_EQ(at.bytes(), std::string(1, '\0') + each);
            expect_connects(at);
        }
    }
#else
    EXPECT_EQ(error_of([](auto& error) { return UnixAddress::abstract_name("x", error); }),
              std::errc::operation_not_supported);
#endif
}

// connect() to a path without a listener returns an error at once.
RULE(unix, refused) {
    const Folder folder;
    const auto connecting = [](const UnixAddress& to) {
        return error_of([&](auto& error) {
            auto made = UnixStream::connect(to, error);
            EXPECT_FALSE(made.is_open());
            return made;
        });
    };
    EXPECT_EQ(connecting(folder.address("nothing")), std::errc::no_such_file_or_directory);
    listen(folder.address("socket")).close();
    EXPECT_EQ(connecting(folder.address("socket")), std::errc::connection_refused);
    EXPECT_TRUE(connecting(UnixAddress()));
}

// The path of a closed listener stays in the file system, and a bind() to it fails until it is removed.
RULE(unix, path_stays) {
    const Folder folder;
    const auto at = folder.address("socket");
    listen(at).close();
    EXPECT_TRUE(std::filesystem::exists(folder.file("socket")));
    EXPECT_EQ(error_of([&](auto& error) { return UnixListener::listen(at, error); }), std::errc::address_in_use);
    std::filesystem::remove(folder.file("socket"));
    expect_connects(at);
}

// connect() to a listener whose queue is full returns an error at once, since no event would report when there is room.
RULE(unix, queue_full) {
    const Folder folder;
    const auto at = folder.address("socket");
    auto waiting = listen(at, 0);
    std::vector<UnixStream> streams;
    std::error_code error;
    while (!error && streams.size() < 10) streams.push_back(UnixStream::connect(at, error));
#ifdef __linux__
    EXPECT_EQ(error, std::errc::resource_unavailable_try_again) << error.message();
#else
    EXPECT_EQ(error, std::errc::connection_refused) << error.message();
#endif
    EXPECT_FALSE(streams.back().is_open());
    EXPECT_TRUE(waiting.accept().is_done());
    EXPECT_TRUE(good([&](auto& none) { return UnixStream::connect(at, none); }).is_open());
}

// UnixAddress refuses names that the system cannot bind, and compares and formats the others; listen() refuses an
// unnamed address and a negative backlog.
RULE(unix, addresses) {
    using namespace std::string_literals;
    const auto path = [](const std::string& text) {
        return error_of([&](auto& error) {
            const auto made = UnixAddress::path(text, error);
            EXPECT_EQ(made.is_unnamed(), !!error);
            return made;
        });
    };
    EXPECT_EQ(path(""), std::errc::invalid_argument);
    EXPECT_EQ(path("with a\0zero"s), std::errc::invalid_argument);
    EXPECT_EQ(path("\0abstract"s), std::errc::invalid_argument);
    EXPECT_EQ(path(std::string(108, 'x')), std::errc::filename_too_long);
    EXPECT_EQ(path(std::string(1000, 'x')), std::errc::filename_too_long);
    EXPECT_FALSE(path(std::string(103, 'x')));
#ifdef __linux__
    EXPECT_FALSE(path(std::string(107, 'x')));
    EXPECT_EQ(error_of([](auto& error) { return UnixAddress::abstract_name("", error); }), std::errc::invalid_argument);
    EXPECT_EQ(error_of([](auto& error) { return UnixAddress::abstract_name(std::string(108, 'x'), error); }),
              std::errc::filename_too_long);
#endif
    EXPECT_EQ(error_of([](auto& error) { return UnixListener::listen({}, error); }), std::errc::invalid_argument);
    const UnixStream closed;
    constexpr auto bad = std::errc::bad_file_descriptor;
    EXPECT_EQ(error_of([&](auto& error) { return closed.local_address(error); }), bad);
    EXPECT_EQ(error_of([&](auto& error) { return closed.peer_address(error); }), bad);
    EXPECT_EQ(error_of([](auto& error) { return UnixListener().local_address(error); }), bad);
    const Folder folder;
    const auto at = folder.address("a");
    EXPECT_EQ(error_of([&](auto& error) { return UnixListener::listen(at, -1, error); }), std::errc::invalid_argument);
    EXPECT_EQ(at.to_string(), folder.file("a"));
    EXPECT_FALSE(at.is_abstract());
    EXPECT_EQ(UnixAddress().to_string(), "");
    EXPECT_EQ(at, folder.address("a"));
    EXPECT_FALSE(at == folder.address("b"));
    EXPECT_LT(at, folder.address("b"));
}

// pair() returns two connected ends without an address, which carry data in both directions.
RULE(unix, pair) {
    auto [first, second] = good([](auto& error) { return UnixStream::pair(error); });
    EXPECT_TRUE(first.finish_connect().is_done());
    write(first, "there");
    EXPECT_EQ(read_all(second, 5), "there");
    write(second, "back");
    EXPECT_EQ(read_all(first, 4), "back");
    EXPECT_TRUE(good([&, &own = first](auto& error) { return own.peer_address(error); }).is_unnamed());
}

} // namespace
} // namespace pollux::net::tests
