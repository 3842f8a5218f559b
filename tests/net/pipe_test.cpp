// SPDX-License-Identifier: BSL-1.0
#include "net_test.hpp"

#include "../conformance/process.hpp"
#include "../conformance/sources.hpp"
#include "signals.hpp"

#include <fcntl.h>

namespace pollux::net::tests {
namespace {

Pipe open_pipe() {
    return good([](auto& error) { return Pipe::open(error); });
}

// Bytes that are written to a pipe are read from it, even with several buffers on either side.
RULE(pipe, carries) {
    auto [reader, writer] = open_pipe();
    write(writer, "one");
    EXPECT_EQ(read(reader), "one");
    const std::array<ConstBuffer, 3> words{bytes("two, "), ConstBuffer(), bytes("three")};
    EXPECT_EQ(writer.write(words).count, 10U);
    std::string first(3, '\0'), second(100, '\0');
    const std::array<Buffer, 3> rooms{room(first), Buffer(), room(second)};
    EXPECT_EQ(reader.read(rooms).count, 10U);
    EXPECT_EQ(first + second.substr(0, 7), "two, three");
    std::vector<ConstBuffer> letters(5000, bytes("x"));
    EXPECT_EQ(writer.write(letters).count, most_buffers);
    EXPECT_EQ(read(reader), std::string(most_buffers, 'x'));
    EXPECT_TRUE(reader.read(Buffer()).is_done());
    EXPECT_TRUE(writer.write(ConstBuffer()).is_done());
}

// Reading an empty pipe and writing to a full one return would_block and no error. A write that has room is done whole.
RULE(pipe, would_block) {
    auto [reader, writer] = open_pipe();
    std::array<std::byte, 512> buffer{};
    EXPECT_TRUE(reader.read(buffer).would_block());
    const auto total = fill(writer);
    EXPECT_GE(total, 512U);
    const auto outcome = writer.write(buffer);
    EXPECT_TRUE(outcome.would_block());
    EXPECT_FALSE(outcome.error);
    EXPECT_EQ(outcome.count, 0U);
    EXPECT_EQ(read_all(reader, total).size(), total);
    EXPECT_EQ(writer.write(buffer).count, buffer.size());
}

// After the writer is closed the reader returns the bytes that were written, and then the end of the stream, from each
// call.
RULE(pipe, end) {
    auto [reader, writer] = open_pipe();
    write(writer, "last words");
    writer.close();
    EXPECT_EQ(read(reader), "last words");
    std::array<std::byte, 8> buffer{};
    for (int again = 0; again < 3; ++again) EXPECT_TRUE(reader.read(buffer).is_end());
}

bool sigpipe_is_pending() {
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

bool sigpipe_is_blocked() {
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    return sigismember(&blocked, SIGPIPE) == 1;
}

// Writing to a pipe without a reader returns an error and raises no signal, whether the program handles, ignores or
// blocks SIGPIPE; a SIGPIPE that was pending before stays pending.
RULE(pipe, no_sigpipe) {
    auto [reader, writer] = open_pipe();
    reader.close();
    const auto expect_broken = [&own = writer] {
        const std::array<ConstBuffer, 2> words{bytes("one"), bytes("two")};
        EXPECT_EQ(own.write(bytes("x")).error, std::errc::broken_pipe);
        EXPECT_EQ(own.write(words).error, std::errc::broken_pipe);
    };
    const CountedSignal sigpipe(SIGPIPE);
    expect_broken();
    EXPECT_EQ(CountedSignal::count(), 0);
    EXPECT_FALSE(sigpipe_is_blocked());

    const auto before = std::signal(SIGPIPE, SIG_IGN);
    expect_broken();
    std::signal(SIGPIPE, before);

    sigset_t only, mask;
    sigemptyset(&only);
    sigaddset(&only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &only, &mask);
    expect_broken();
    EXPECT_FALSE(sigpipe_is_pending());
    EXPECT_TRUE(sigpipe_is_blocked());
    pthread_kill(pthread_self(), SIGPIPE);
    EXPECT_TRUE(sigpipe_is_pending());
    expect_broken();
    EXPECT_TRUE(sigpipe_is_pending());
    EXPECT_EQ(CountedSignal::count(), 0);
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    EXPECT_EQ(CountedSignal::count(), 1);
}

// Pipe::open() without free descriptors returns an error and leaves nothing open.
RULE(pipe, no_descriptor) {
    const auto before = conformance::open_descriptors();
    for (const auto more : {std::size_t{0}, std::size_t{1}}) {
        const conformance::DescriptorLimit limit(more);
        std::error_code error;
        const auto pipe = Pipe::open(error);
        EXPECT_EQ(error, std::errc::too_many_files_open);
        EXPECT_FALSE(pipe.reader.is_open());
        EXPECT_FALSE(pipe.writer.is_open());
        constexpr auto no_room = std::errc::too_many_files_open;
        EXPECT_EQ(error_of([](auto& refused) { return PipeFromChild::open(refused); }), no_room);
        EXPECT_EQ(error_of([](auto& refused) { return PipeToChild::open(refused); }), no_room);
        EXPECT_EQ(error_of([](auto& refused) { return UnixStream::pair(refused); }), no_room);
        EXPECT_EQ(error_of([](auto& refused) { return UnixStream::pair_with_child(refused); }), no_room);
    }
    EXPECT_EQ(conformance::open_descriptors(), before);
}

// adopt() takes one end of a pipe, and makes it non-blocking and close-on-exec; it refuses a descriptor that is not
// open, or not open for that direction.
RULE(pipe, adopts) {
    for (auto kind : {conformance::Kind::pipe, conformance::Kind::local}) {
        auto ends = conformance::make_pair(kind);
        conformance::set_blocking(ends.near, true);
        auto inherited = conformance::duplicate(ends.far);
        EXPECT_FALSE(conformance::is_closed_on_exec(inherited));
        auto reader = good([&](auto& error) { return PipeReader::adopt(ends.near.release(), error); });
        auto writer = good([&](auto& error) { return PipeWriter::adopt(inherited.release(), error); });
        EXPECT_TRUE(conformance::is_closed_on_exec(writer.native_handle()));
        std::array<std::byte, 8> buffer{};
        EXPECT_TRUE(reader.read(buffer).would_block());
        write(writer, "adopted");
        EXPECT_EQ(read(reader), "adopted");
    }
    const auto ends = conformance::make_pair(conformance::Kind::pipe);
    EXPECT_EQ(error_of([&](auto& error) { return PipeReader::adopt(ends.far, error); }), std::errc::bad_file_descriptor)
        << "it is for writing";
    EXPECT_EQ(error_of([&](auto& error) { return PipeWriter::adopt(ends.near, error); }),
              std::errc::bad_file_descriptor)
        << "it is for reading";
    for (const Source none : {-1, 1000}) {
        EXPECT_EQ(error_of([&](auto& error) { return PipeReader::adopt(none, error); }),
                  std::errc::bad_file_descriptor);
        EXPECT_EQ(error_of([&](auto& error) { return PipeWriter::adopt(none, error); }),
                  std::errc::bad_file_descriptor);
    }
#ifdef O_PATH
    const conformance::Owned path(::open("/dev/null", O_PATH));
    EXPECT_EQ(error_of([&](auto& error) { return PipeReader::adopt(path, error); }), std::errc::bad_file_descriptor);
    EXPECT_EQ(error_of([&](auto& error) { return PipeWriter::adopt(path, error); }), std::errc::bad_file_descriptor);
    EXPECT_FALSE(conformance::is_closed_on_exec(path)) << "the caller keeps it as it was";
#endif
    PipeReader reader;
    PipeWriter writer;
    std::array<std::byte, 8> buffer{};
    EXPECT_EQ(reader.read(buffer).error, std::errc::bad_file_descriptor);
    EXPECT_EQ(writer.write(buffer).error, std::errc::bad_file_descriptor);
    // Empty buffers need no pipe.
    EXPECT_TRUE(reader.read(Buffer()).is_done());
    EXPECT_TRUE(writer.write(ConstBuffer()).is_done());
}

} // namespace
} // namespace pollux::net::tests
