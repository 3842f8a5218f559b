// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/process.hpp"
#include "../conformance/sources.hpp"

namespace pollux::net::tests {
namespace {

using conformance::Owned;

template <typename Owner>
constexpr bool is_owner = std::is_nothrow_move_constructible_v<Owner>&& std::is_nothrow_move_assignable_v<Owner>&&
                              std::is_nothrow_default_constructible_v<Owner> &&
                          !std::is_copy_constructible_v<Owner> && !std::is_copy_assignable_v<Owner> &&
                          !std::is_convertible_v<Source, Owner> && sizeof(Owner) == sizeof(Source);
static_assert(is_owner<TcpStream> && is_owner<TcpListener> && is_owner<UdpSocket>);
static_assert(Watchable<TcpStream&> && Watchable<const TcpStream&> && Watchable<TcpListener&> && Watchable<UdpSocket&>);
#ifndef _WIN32
static_assert(is_owner<UnixStream> && is_owner<UnixListener> && is_owner<PipeReader> && is_owner<PipeWriter>);
static_assert(Watchable<UnixStream&> && Watchable<UnixListener&> && Watchable<PipeReader&> && Watchable<PipeWriter&>);
#endif

/// Whether the source is open, determined by a call that fails if it is not.
bool answers(Source source) {
    try {
        conformance::take_error(source);
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

// The destructor, close() and assignment close the descriptor.
RULE(owner, closes) {
    Source number = OwnedSource::none;
    {
        const auto waiting = listener(Address::Kind::ipv4);
        number = waiting.native_handle();
        EXPECT_TRUE(answers(number));
    }
    EXPECT_FALSE(answers(number));

    auto waiting = listener(Address::Kind::ipv4);
    number = waiting.native_handle();
    EXPECT_TRUE(waiting.is_open());
    waiting.close();
    EXPECT_FALSE(waiting.is_open());
    EXPECT_FALSE(answers(number));
    waiting.close();

    auto replaced = udp_socket(Address::Kind::ipv4);
    auto replacing = udp_socket(Address::Kind::ipv4);
    number = replaced.native_handle();
    const auto kept = replacing.native_handle();
    replaced = std::move(replacing);
    EXPECT_FALSE(answers(number));
    EXPECT_TRUE(answers(kept));
    EXPECT_EQ(replaced.native_handle(), kept);
}

void expect_nothing_owned(TcpStream& stream) {
    constexpr auto closed = std::errc::bad_file_descriptor;
    std::array<std::byte, 1> buffer{};
    const std::array<Buffer, 2> rooms{Buffer(buffer), Buffer(buffer)};
    const std::array<ConstBuffer, 2> words{ConstBuffer(buffer), ConstBuffer(buffer)};
    EXPECT_FALSE(stream.is_open());
    EXPECT_EQ(stream.native_handle(), OwnedSource::none);
    EXPECT_EQ(stream.read(buffer).error, closed);
    EXPECT_EQ(stream.read(rooms).error, closed);
    EXPECT_EQ(stream.write(buffer).error, closed);
    EXPECT_EQ(stream.write(words).error, closed);
    EXPECT_EQ(stream.finish_connect().error, closed);
    EXPECT_EQ(stream.shut_down_writing(), closed);
    EXPECT_EQ(stream.set_nodelay(true), closed);
    EXPECT_EQ(error_of([&](auto& error) { return stream.nodelay(error); }), closed);
    EXPECT_EQ(error_of([&](auto& error) { return stream.local_address(error); }), closed);
    EXPECT_EQ(error_of([&](auto& error) { return stream.peer_address(error); }), closed);
}

// A moved-from owner is empty, and each of its calls returns bad_file_descriptor; a move to itself changes nothing.
RULE(owner, moves) {
    auto [near, far] = tcp(Address::Kind::ipv4);
    const auto number = near.native_handle();
    TcpStream moved(std::move(near));
    EXPECT_EQ(moved.native_handle(), number);
    expect_nothing_owned(near); // NOLINT: that is what is tried
    auto& same = moved;
    moved = std::move(same);
    EXPECT_EQ(moved.native_handle(), number);
    write(moved, "still there");
    EXPECT_EQ(read_all(far, 11), "still there");
    near = std::move(moved);
    EXPECT_EQ(near.native_handle(), number);
    expect_nothing_owned(moved); // NOLINT

    TcpStream none;
    expect_nothing_owned(none);
    TcpListener no_listener;
    EXPECT_EQ(no_listener.accept().error, std::errc::bad_file_descriptor);
    UdpSocket no_socket;
    std::array<std::byte, 1> buffer{};
    EXPECT_EQ(no_socket.send(buffer).error, std::errc::bad_file_descriptor);
    EXPECT_EQ(no_socket.send_to(buffer, {}).error, std::errc::bad_file_descriptor);
    EXPECT_EQ(no_socket.receive(buffer).error, std::errc::bad_file_descriptor);
    EXPECT_EQ(no_socket.receive_from(buffer).error, std::errc::bad_file_descriptor);
    EXPECT_EQ(no_socket.connect({}), std::errc::bad_file_descriptor);
}

// release() leaves the descriptor open and gives up its ownership.
RULE(owner, releases) {
    Owned released;
    {
        auto waiting = listener(Address::Kind::ipv4);
        const auto number = waiting.native_handle();
        released = Owned(waiting.release());
        EXPECT_EQ(released.get(), number);
        EXPECT_FALSE(waiting.is_open());
    }
    EXPECT_TRUE(answers(released.get()));
}

/// Makes and uses objects of all classes, with each kind of failure.
void make_and_use() {
    for (const auto kind : both_kinds) {
        auto [near, far] = tcp(kind);
        write(near, "x");
        EXPECT_EQ(read(far), "x");
        auto waiting = listener(kind);
        std::error_code error;
        EXPECT_FALSE(TcpListener::listen(address_of(waiting), error).is_open());
        EXPECT_TRUE(waiting.accept().would_block());
        const auto socket = udp_socket(kind);
        EXPECT_FALSE(UdpSocket::bind(address_of(socket), error).is_open());
        auto refused = TcpStream::connect(address_of_closed_port(kind), error);
        EXPECT_TRUE(error || finished([&] { return refused.finish_connect(); }).has_failed());
    }
#ifndef _WIN32
    auto pair = good([](auto& error) { return UnixStream::pair(error); });
    auto pipe = good([](auto& error) { return Pipe::open(error); });
    std::error_code error;
    const auto nowhere = UnixAddress::path("/nowhere/pollux", error);
    EXPECT_FALSE(UnixListener::listen(nowhere, error).is_open());
    EXPECT_FALSE(UnixStream::connect(nowhere, error).is_open());
#endif
}

TEST(Owner, leaks_nothing) {
    make_and_use(); // opens what is opened once for the process
    const auto before = conformance::open_descriptors();
    for (int round = 0; round < 20; ++round) make_and_use();
#ifdef _WIN32 // the system opens handles of its own there
    EXPECT_LT(conformance::open_descriptors().size(), before.size() + 20);
#else
    EXPECT_EQ(conformance::open_descriptors(), before);
#endif
}

/// Makes a source with each factory.
void with_each(const auto& body) {
    for (const auto kind : both_kinds) {
        auto waiting = listener(kind);
        auto near = connect(address_of(waiting));
        const auto far = accept(waiting);
        EXPECT_TRUE(finished([&] { return near.finish_connect(); }).is_done());
        const auto socket = udp_socket(kind);
#ifndef _WIN32 // only accept() can detect it there
        body("listener", waiting);
#endif
        body("connected", near);
        body("accepted", far);
        body("datagrams", socket);
    }
#ifndef _WIN32
    const auto [first, second] = good([](auto& error) { return UnixStream::pair(error); });
    body("first of a pair", first);
    body("second of a pair", second);
    const auto pipe = good([](auto& error) { return Pipe::open(error); });
    body("reader", pipe.reader);
    body("writer", pipe.writer);
#endif
}

// Every descriptor that the library opens is non-blocking, as the system reports it.
RULE(owner, non_blocking) {
    with_each([](const char* what, const auto& owner) {
        const auto before = conformance::flags_of(owner.native_handle());
        conformance::set_blocking(owner.native_handle(), false);
        EXPECT_EQ(conformance::flags_of(owner.native_handle()), before) << what;
        conformance::set_blocking(owner.native_handle(), true);
        EXPECT_NE(conformance::flags_of(owner.native_handle()), before) << what << ": it would show";
    });
}

} // namespace
} // namespace pollux::net::tests
