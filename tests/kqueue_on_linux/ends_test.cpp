// SPDX-License-Identifier: BSL-1.0
// Tests of the filters' data and ends.
#include "kqueue_test.hpp"

#include <initializer_list>

#include <atomic>
#include <cstdio>

namespace {

// kqueue(2), EVFILT_READ, other sockets: "return when there is data to be read"; "data contains the number of bytes of
// protocol data available to read".
TEST_F(Kqueue, read_counts_bytes) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    send(pair_[1], "seven b");
    const auto event = next();
    EXPECT_EQ(event.data, 7);
    EXPECT_FALSE(event.flags & EV_EOF);
}

// The same: "If the read direction of the socket has shutdown, then the filter also sets EV_EOF in flags, and returns
// the socket error (if any) in fflags. It is possible for EOF to be returned (indicating the connection is gone) while
// there is still data pending in the socket buffer."
TEST_F(Kqueue, read_reports_the_end_beside_data) {
    EXPECT_EQ(change(make(pair_[0], EVFILT_READ, EV_ADD)), 0);
    send(pair_[1], "xy");
    shutdown(pair_[1], SHUT_WR);
    auto event = next();
    EXPECT_TRUE(event.flags & EV_EOF);
    EXPECT_EQ(event.data, 2);
    EXPECT_EQ(event.fflags, 0U);
    drain(pair_[0]);
    event = next();
    EXPECT_TRUE(event.flags & EV_EOF);
    EXPECT_EQ(event.data, 0);
}

// filt_sowrite(), FreeBSD sys/kern/uipc_socket.c: the peer's shutdown of its sending half is no end for a writer.
TEST_F(Kqueue, write_does_not_report_a_half_closed_peer) {
    shutdown(pair_[1], SHUT_WR);
    EXPECT_EQ(change(make(pair_[0], EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_FALSE(next().flags & EV_EOF);
}

// kqueue(2), EVFILT_READ and EVFILT_WRITE: EV_EOF, "and returns the socket error (if any) in fflags"; after a reset
// both directions are shut down (soisdisconnected()).
TEST_F(Kqueue, both_report_a_reset_with_its_error) {
    Tcp tcp;
    tcp.accept();
    EXPECT_EQ(change(make(tcp.near, EVFILT_READ, EV_ADD)), 0);
    const linger at_once{1, 0};
    setsockopt(tcp.far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(std::exchange(tcp.far, -1));
    auto event = next();
    EXPECT_TRUE(event.flags & EV_EOF);
    EXPECT_EQ(event.fflags, unsigned{ECONNRESET});
    EXPECT_EQ(change(make(tcp.near, EVFILT_READ, EV_DELETE)), 0);
    EXPECT_EQ(change(make(tcp.near, EVFILT_WRITE, EV_ADD)), 0);
    event = next();
    EXPECT_TRUE(event.flags & EV_EOF);
    EXPECT_EQ(event.fflags, unsigned{ECONNRESET});
}

// kqueue(2), EVFILT_READ: "Sockets which have previously been passed to listen(2) return when there is an incoming
// connection pending."
TEST_F(Kqueue, read_reports_queued_connections) {
    Tcp tcp;
    EXPECT_EQ(change(make(tcp.listening, EVFILT_READ, EV_ADD)), 0);
    EXPECT_GE(next().data, 1);
    tcp.accept();
    EXPECT_EQ(pending_events().size(), 0U);
}

// filt_soread() and filt_sowrite(): nothing to read, and "(so->so_state & SS_ISCONNECTED) == 0 && PR_CONNREQUIRED" is
// not writable; a listener never is.
TEST_F(Kqueue, does_not_report_unconnected_sockets) {
    const int fresh = socket(AF_INET, SOCK_STREAM, 0);
    Tcp tcp;
    for (const int socket : {fresh, tcp.listening}) EXPECT_EQ(change(make(socket, EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_EQ(change(make(fresh, EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
    close(fresh);
}

// filt_soread(): a datagram without a byte is no data by sbavail(), but FreeBSD, like Linux, counts its address; a
// waiting error, so->so_error, makes both filters ready without EV_EOF.
TEST_F(Kqueue, reports_datagrams_and_their_errors) {
    const int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(receiver, generic, size), 0);
    ASSERT_EQ(getsockname(receiver, generic, &size), 0);
    ASSERT_EQ(connect(sender, generic, size), 0);
    EXPECT_EQ(change(make(receiver, EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(::send(sender, "", 0, 0), 0);
    EXPECT_EQ(next().ident, static_cast<std::uintptr_t>(receiver));
    close(receiver);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(change(make(sender, EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(::send(sender, "x", 1, 0), 1);
    const auto event = next();
    EXPECT_EQ(event.ident, static_cast<std::uintptr_t>(sender));
    EXPECT_FALSE(event.flags & EV_EOF);
    close(sender);
}

// kqueue(2), EVFILT_READ, Fifos, Pipes: "Returns when the there is data to read; data contains the number of bytes
// available. When the last writer disconnects, the filter will set EV_EOF in flags." EVFILT_WRITE: "For sockets, pipes
// and fifos ... The filter will set EV_EOF when the reader disconnects".
TEST_F(Kqueue, reports_both_ends_of_a_pipe) {
    EXPECT_EQ(change(make(pipe_[0], EVFILT_READ, EV_ADD)), 0);
    send(pipe_[1], "abc");
    EXPECT_EQ(next().data, 3);
    drain(pipe_[0]);
    EXPECT_EQ(pending_events().size(), 0U);
    close(std::exchange(pipe_[1], -1));
    EXPECT_TRUE(next().flags & EV_EOF);
    close(std::exchange(pipe_[0], -1));
    ASSERT_EQ(pipe2(pipe_.data(), O_NONBLOCK), 0);
    fill(pipe_[1]);
    EXPECT_EQ(change(make(pipe_[1], EVFILT_WRITE, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
    close(std::exchange(pipe_[0], -1));
    EXPECT_TRUE(next().flags & EV_EOF);
}

// kqueue(2), EVFILT_WRITE: "Takes a descriptor as the identifier, and returns whenever it is possible to write to the
// descriptor."
TEST_F(Kqueue, write_waits_for_room) {
    Tcp tcp;
    tcp.accept();
    for (const auto& [near, far] : {std::pair(pair_[0], pair_[1]), std::pair(tcp.near, tcp.far)}) {
        fill(near);
        for (const unsigned mode : std::initializer_list<unsigned>{0, EV_CLEAR}) {
            EXPECT_EQ(change(make(near, EVFILT_WRITE, EV_ADD | mode)), 0);
            EXPECT_EQ(pending_events().size(), 0U);
            std::atomic<bool> stop = false;
            std::thread reader([&stop, peer = far] {
                while (!stop) drain(peer);
            });
            EXPECT_EQ(next().ident, static_cast<std::uintptr_t>(near));
            stop = true;
            reader.join();
            EXPECT_EQ(change(make(near, EVFILT_WRITE, EV_DELETE)), 0);
            fill(near);
        }
    }
}

// kqueue(2), EVFILT_READ, Vnodes: "Returns when the file pointer is not at the end of file. data contains the offset
// from current position to end of file, and may be negative."
TEST_F(Kqueue, reads_files_up_to_their_end) {
    std::FILE* file = std::tmpfile();
    const int number = fileno(file);
    EXPECT_EQ(change(make(number, EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(pending_events().size(), 0U);
    send(number, "xyz");
    lseek(number, 1, SEEK_SET);
    EXPECT_EQ(change(make(number, EVFILT_READ, EV_ADD)), 0);
    EXPECT_EQ(next().data, 2);
    EXPECT_EQ(change(make(number, EVFILT_READ, EV_DELETE)), 0);
    std::fclose(file);
}

#ifdef EVFILT_EXCEPT
// kqueue(2) of OpenBSD, EVFILT_EXCEPT: "returns whenever one of the specified exceptional conditions has occurred on
// the descriptor"; NOTE_OOB: "returns when out-of-band data is present on a socket". filt_soexcept() reports neither
// data nor ends.
TEST_F(Kqueue, except_reports_out_of_band_data) {
    Tcp tcp;
    tcp.accept();
    EXPECT_EQ(change(make(tcp.near, EVFILT_EXCEPT, EV_ADD, NOTE_OOB)), 0);
    send(tcp.far);
    EXPECT_EQ(pending_events().size(), 0U);
    EXPECT_EQ(::send(tcp.far, "!", 1, MSG_OOB), 1);
    EXPECT_EQ(next().fflags, unsigned{NOTE_OOB});
    drain(tcp.near);
    EXPECT_EQ(change(make(pipe_[0], EVFILT_EXCEPT, EV_ADD, NOTE_OOB)), EINVAL);
}
#endif

} // namespace
