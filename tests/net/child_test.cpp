// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "spawned.hpp"

#include <sys/ioctl.h>

namespace pollux::net::tests {
namespace {

PipeFromChild pipe_from_child() {
    return good([](auto& error) { return PipeFromChild::open(error); });
}

/// The output of `seq 1 count`.
std::string numbers(int count) {
    std::string text;
    for (int number = 1; number <= count; ++number) text += std::to_string(number) + "\n";
    return text;
}

/// Reads up to the end, at most 16 MiB.
std::string read_to_end(auto& source) { return read_all(source, std::size_t{1} << 24U); }

// A child that writes more than a pipe holds to a slow reader writes all of it, since its end is blocking; without a
// reader SIGPIPE ends it.
RULE(pipe, from_child) {
    auto [reader, end] = pipe_from_child();
    EXPECT_FALSE(is_blocking(reader.native_handle()));
    EXPECT_TRUE(is_blocking(end.native_handle()));
    {
        Spawned child({"seq", "1", "200000"}, {{STDOUT_FILENO, end.native_handle()}});
        end.close();
        const auto patient = std::chrono::steady_clock::now() + patience;
        for (int there = 0; there < 60000 && !child.has_ended() && std::chrono::steady_clock::now() < patient;)
            ioctl(reader.native_handle(), FIONREAD, &there);
        child.wait_until_asleep("seq");
        EXPECT_TRUE(read_to_end(reader) == numbers(200000));
        EXPECT_EQ(child.wait(), 0);
    }
    auto [unread, other_end] = pipe_from_child();
    unread.close();
    Spawned child({"seq", "1", "200000"}, {{STDOUT_FILENO, other_end.native_handle()}});
    const int status = child.wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) << status;
}

// A child that reads waits for what is written later, and reads the end when the writer is closed. Writing to a child
// that has exited returns an error and raises no signal.
RULE(pipe, to_child) {
    auto [writer, input] = good([](auto& error) { return PipeToChild::open(error); });
    auto [reader, output] = pipe_from_child();
    EXPECT_FALSE(is_blocking(writer.native_handle()));
    EXPECT_TRUE(is_blocking(input.native_handle()));
    Spawned child({"cat"}, {{STDIN_FILENO, input.native_handle()}, {STDOUT_FILENO, output.native_handle()}});
    input.close();
    output.close();
    child.wait_until_asleep("cat");
    for (const std::string word : {"late", "later"}) {
        write(writer, word);
        EXPECT_EQ(read_all(reader, word.size()), word);
    }
    writer.close();
    EXPECT_EQ(read_to_end(reader), "");
    EXPECT_EQ(child.wait(), 0);

    auto [to_exited, gone] = good([](auto& error) { return PipeToChild::open(error); });
    gone.close();
    EXPECT_EQ(to_exited.write(bytes("x")).error, std::errc::broken_pipe);
}

// A child whose standard streams are one end of a pair blocks in reads and writes, in both directions.
RULE(unix, child_pair) {
    auto [stream, end] = good([](auto& error) { return UnixStream::pair_with_child(error); });
    EXPECT_FALSE(is_blocking(stream.native_handle()));
    EXPECT_TRUE(is_blocking(end.native_handle()));
    Spawned child({"cat"}, {{STDIN_FILENO, end.native_handle()}, {STDOUT_FILENO, end.native_handle()}});
    end.close();
    child.wait_until_asleep("cat");
    write(stream, "there and back");
    EXPECT_EQ(read_all(stream, 14), "there and back");
    EXPECT_FALSE(stream.shut_down_writing());
    EXPECT_EQ(read_to_end(stream), "");
    EXPECT_EQ(child.wait(), 0);
}

#ifndef __APPLE__ // macOS has no call that makes a descriptor close-on-exec from the start
TEST(CloseOnExec, holds_beside_a_thread_that_spawns) {
    auto waiting = listener(Address::Kind::ipv4);
    const auto at = address_of(waiting);
    EXPECT_EQ(inherited_beside([&] {
                  const auto near = connect(at);
                  const auto far = accept(waiting);
                  const auto socket = udp_socket(Address::Kind::ipv4);
              }),
              0)
        << "sockets";
    EXPECT_EQ(inherited_beside([] {
                  const auto pipe = good([](auto& error) { return Pipe::open(error); });
                  const auto from_child = pipe_from_child();
                  const auto to_child = good([](auto& error) { return PipeToChild::open(error); });
              }),
              0)
        << "pipes";
    EXPECT_EQ(inherited_beside([] {
                  const auto pair = good([](auto& error) { return UnixStream::pair(error); });
                  const auto with_child = good([](auto& error) { return UnixStream::pair_with_child(error); });
              }),
              0)
        << "pairs";
}
#endif

/// Runs `body` in a child process without standard streams, and returns its status; 0 is success.
int without_standard_streams(const auto& body) {
    const auto child = fork();
    if (child == 0) {
        for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) close(stream);
        _exit(body());
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

// Descriptors that the library opens are never 0, 1 or 2, so that a program that was started without standard streams
// does not print into them.
RULE(owner, above_standard_streams) {
    EXPECT_EQ(without_standard_streams([] {
                  std::error_code error;
                  auto waiting = TcpListener::listen(Address::loopback(Address::Kind::ipv4, 0), error);
                  const auto near = TcpStream::connect(waiting.local_address(error), error);
                  const auto far = finished([&] { return waiting.accept(); });
                  const auto socket = UdpSocket::bind(Address::loopback(Address::Kind::ipv4, 0), error);
                  const auto pipe = Pipe::open(error);
                  const auto from_child = PipeFromChild::open(error);
                  const auto to_child = PipeToChild::open(error);
                  const auto pair = UnixStream::pair(error);
                  const auto with_child = UnixStream::pair_with_child(error);
                  for (const auto source :
                       {waiting.native_handle(), near.native_handle(), far.stream.native_handle(),
                        socket.native_handle(), pipe.reader.native_handle(), pipe.writer.native_handle(),
                        from_child.reader.native_handle(), from_child.child.native_handle(),
                        to_child.writer.native_handle(), to_child.child.native_handle(), pair.first.native_handle(),
                        pair.second.native_handle(), with_child.stream.native_handle(),
                        with_child.child.native_handle()}) {
                      if (source <= STDERR_FILENO) return 1;
                  }
                  return 0;
              }),
              0);
}

} // namespace
} // namespace pollux::net::tests
