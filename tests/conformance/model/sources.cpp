// SPDX-License-Identifier: BSL-1.0
#include "sources.hpp"

#include "child_processes.hpp"
#include "local_sources.hpp"
#include "waiting.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace pollux::conformance::model {
namespace {

/// TFD_IOC_SET_TICKS, since <linux/timerfd.h> and <sys/timerfd.h> exclude each other.
constexpr unsigned long set_ticks = _IOW('T', 0, std::uint64_t);

int demand(int result, const char* call) {
    if (result == -1) throw std::system_error(errno, std::system_category(), call);
    return result;
}

template <class Value>
void set_option(Source socket, int level, int option, const Value& value) {
    demand(setsockopt(socket, level, option, &value, sizeof value), "setsockopt");
}

sockaddr_in loopback(in_port_t port = 0) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = port;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

template <class Call>
int with_address(Call call, Source socket, sockaddr_in address) {
    return call(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

sockaddr_in address_of(Source socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    demand(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return address;
}

/// Makes a TCP socket that is reset when it is closed, so that its port is free at once.
Owned tcp_socket() {
    Owned made(demand(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    set_option(made, SOL_SOCKET, SO_LINGER, linger{1, 0});
    set_option(made, IPPROTO_TCP, TCP_NODELAY, 1);
    return made;
}

Owned tcp_listener() {
    auto made = tcp_socket();
    demand(with_address(bind, made, loopback()), "bind");
    demand(listen(made, 64), "listen");
    return made;
}

/// Sets a small buffer, which is cheap to fill: it has room for a few bytes, each with the overhead of the kernel.
TestSource socket_pair(int type) {
    std::array<int, 2> ends{};
    demand(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
    TestSource made;
    made.near = Owned(ends[0]);
    made.far = Owned(ends[1]);
    set_option(made.near, SOL_SOCKET, SO_SNDBUF, 16384);
    return made;
}

TestSource pipe_pair(bool is_writer) {
    std::array<int, 2> ends{};
    demand(pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), "pipe2");
    demand(fcntl(ends[1], F_SETPIPE_SZ, 8192), "fcntl(F_SETPIPE_SZ)");
    TestSource made;
    made.near = Owned(ends[is_writer]);
    made.far = Owned(ends[!is_writer]);
    return made;
}

TestSource udp_pair() {
    TestSource made;
    for (Owned* end : {&made.near, &made.far}) {
        *end = Owned(demand(socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
        demand(with_address(bind, *end, loopback()), "bind");
    }
    demand(with_address(connect, made.near, address_of(made.far)), "connect");
    demand(with_address(connect, made.far, address_of(made.near)), "connect");
    return made;
}

sigset_t set_of(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

TestSource signal_source(int signal) {
    const auto set = set_of(signal);
    for (const timespec now{}; sigtimedwait(&set, nullptr, &now) != -1;) {} // signals of an earlier source
    TestSource made;
    made.near = Owned(demand(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd"));
    made.signal = signal;
    return made;
}

TestSource inotify_source() {
    TestSource made;
    made.far = Owned(demand(memfd_create("watched", MFD_CLOEXEC), "memfd_create"));
    made.near = Owned(demand(inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1"));
    const auto path = "/proc/self/fd/" + std::to_string(made.far.get());
    demand(inotify_add_watch(made.near, path.c_str(), IN_ATTRIB | IN_MODIFY), "inotify_add_watch");
    return made;
}

TestSource process_source() {
    TestSource made;
    const pid_t process = made.process.start();
    made.near = Owned(demand(static_cast<int>(syscall(SYS_pidfd_open, process, 0)), "pidfd_open"));
    return made;
}

/// The address is read once, not for each client.
TestSource listener_source() {
    TestSource made;
    made.near = tcp_listener();
    made.address = address_of(made.near);
    return made;
}

TestSource alone(Source near, const char* call) {
    TestSource made;
    made.near = Owned(demand(near, call));
    return made;
}

bool connect_client(TestSource& made, Source listener, std::size_t count) {
    Owned client(demand(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket"));
    set_option(client, SOL_SOCKET, SO_LINGER, linger{1, 0});
    if (with_address(connect, client, made.address) == -1 && errno != EINPROGRESS) return false;
    if (!await_connections(listener, count)) return false;
    made.clients.push_back(std::move(client));
    return true;
}

/// Makes a listener whose queue is full: Linux drops further requests for a connection (tcp_conn_request() in
/// net/ipv4/tcp_input.c), and the client repeats them after a second, and so on for two minutes.
UnresponsiveListener make_unresponsive() {
    UnresponsiveListener made{tcp_socket(), tcp_socket(), {}};
    set_option(made.listener, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(made.listener, SOL_SOCKET, SO_REUSEPORT, 1);
    demand(with_address(bind, made.listener, loopback()), "bind");
    demand(listen(made.listener, 0), "listen"); // with room for one connection
    made.address = address_of(made.listener);
    const int result = with_address(connect, made.queued, made.address);
    if (result == -1 && errno != EINPROGRESS) demand(-1, "connect");
    if (!await_connections(made.listener, 1))
        throw std::system_error(ETIMEDOUT, std::system_category(), "the queue of a listener");
    return made;
}

/// Consecutive events of a file must differ, otherwise they are merged.
bool change_file(Source file, std::size_t change) {
    return change % 2 == 0 ? ftruncate(file, static_cast<off_t>(change % 4)) == 0 : fchmod(file, 0600) == 0;
}

/// Sets a real expiration only now and then, since it costs more than all other operations of a timer. Otherwise
/// requests the effect of an expiration (timerfd_ioctl() in fs/timerfd.c), if the kernel supports it.
bool let_timer_expire(Source timer, std::size_t change) {
    const std::uint64_t once = 1;
    if (change % 16 != 3 && ioctl(timer, set_ticks, &once) == 0) return true;
    const itimerspec at_once{{0, 0}, {0, 1}};
    return timerfd_settime(timer, 0, &at_once, nullptr) == 0 && await(timer, POLLIN);
}

} // namespace

Surroundings::Surroundings()
    : children(*new ChildProcesses),
      unresponsive(make_unresponsive()),
      process(::getpid()),
      first_signal(SIGRTMIN + 1) {}

Surroundings& surroundings() {
    static Surroundings& only = *new Surroundings; // lives until the process ends
    return only;
}

pid_t Process::start() { return pid_ = surroundings().children.start(); }

Process::~Process() {
    if (pid_ != 0) surroundings().children.end_later(pid_);
}

void Process::end() {
    if (pid_ != 0) surroundings().children.end(std::exchange(pid_, 0));
}

TestSource make(Nature nature, int signal) {
    switch (nature) {
    case Nature::local:
        return socket_pair(SOCK_STREAM);
    case Nature::pipe_reader:
    case Nature::pipe_writer:
        return pipe_pair(nature == Nature::pipe_writer);
    case Nature::directory:
        return alone(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
    case Nature::file:
        return alone(memfd_create("file", MFD_CLOEXEC), "memfd_create"); // the cheapest regular file
    case Nature::udp:
        return udp_pair();
    case Nature::listener:
        return listener_source();
    case Nature::tcp:
        return alone(tcp_socket().release(), "socket");
    case Nature::datagram:
        return socket_pair(SOCK_DGRAM);
    case Nature::event:
        return alone(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd");
    case Nature::timer:
        return alone(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create");
    case Nature::signal:
        return signal_source(signal);
    case Nature::inotify:
        return inotify_source();
    case Nature::process:
        return process_source();
    case Nature::pty_master:
    case Nature::pty_slave:
        return terminal_pair(nature == Nature::pty_slave);
    case Nature::packet:
        return socket_pair(SOCK_SEQPACKET);
    case Nature::unix_listener:
        return unix_listener_source();
    case Nature::fifo_reader:
    case Nature::fifo_writer:
        return fifo_pair(nature == Nature::fifo_writer);
    case Nature::epoll:
        return epoll_source();
    case Nature::null_device:
        return alone(::open("/dev/null", O_RDWR | O_CLOEXEC), "open");
    case Nature::zero_device:
        return alone(::open("/dev/zero", O_RDWR | O_CLOEXEC), "open");
    }
    return {};
}

ssize_t send_one(Source near, Nature nature) {
    return nature == Nature::udp || nature == Nature::tcp ? ::send(near, "x", 1, MSG_NOSIGNAL) : ::write(near, "x", 1);
}

ssize_t send_urgent(Source far) { return ::send(far, "!", 1, MSG_OOB | MSG_NOSIGNAL); }

std::string write_from_far(TestSource& made, Nature nature, Source near, std::size_t amount, std::size_t before) {
    static const std::array<char, 4096> bytes{};
    bool done = true;
    for (std::size_t i = 0; i < amount && done; ++i) {
        switch (nature) {
        case Nature::udp:
        case Nature::datagram: // of 0 bytes, 1 byte ...
            done = ::send(made.far, bytes.data(), i, 0) == static_cast<ssize_t>(i);
            break;
        case Nature::listener:
            done = connect_client(made, near, before + i + 1);
            break;
        case Nature::unix_listener:
            done = connect_unix_client(made, near);
            break;
        case Nature::event:
            done = eventfd_write(near, 1) == 0;
            break;
        case Nature::epoll:
            done = eventfd_write(made.far, 1) == 0;
            break;
        case Nature::packet:
            done = ::send(made.far, bytes.data(), 1, 0) == 1;
            break;
        case Nature::timer:
            done = let_timer_expire(near, ++made.changes);
            break;
        case Nature::signal:
            done = ::kill(surroundings().process, made.signal) == 0;
            break;
        case Nature::inotify:
            done = change_file(made.far, ++made.changes);
            break;
        default:
            done = ::write(made.far, bytes.data(), amount) == static_cast<ssize_t>(amount);
            i = amount;
        }
    }
    if (done && nature == Nature::udp) done = await(near, POLLIN);
    if (done && (is_terminal(nature) || nature == Nature::tcp))
        done = await_bytes(near, before + amount, is_terminal(nature));
    return done ? "" : std::string("expected: near is ready after far wrote\n    seen: ") + std::strerror(errno);
}

std::string connect_to_unresponsive(Source near) {
    const int result = with_address(connect, near, surroundings().unresponsive.address);
    return result == -1 && errno == EINPROGRESS ? "" : "expected: a connect() in progress\n    seen: none";
}

std::string connect_to_closed_port(Source near) {
    // The port of a socket that does not listen.
    static const sockaddr_in address = [] {
        auto made = tcp_socket();
        demand(with_address(bind, made, loopback()), "bind");
        return address_of(made.release()); // it stays bound until the process ends
    }();
    with_address(connect, near, address);
    return await(near, POLLOUT) ? "" : "expected: a refused connect()\n    seen: none";
}

/// Connects by a simultaneous open (RFC 9293, 3.5): near is connected at once, not when it retries after a second.
std::string answer(TestSource& made, Source near) {
    made.far = tcp_socket();
    set_option(made.far, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(made.far, SOL_SOCKET, SO_REUSEPORT, 1);
    demand(with_address(bind, made.far, surroundings().unresponsive.address), "bind");
    if (with_address(connect, made.far, address_of(near)) == -1 && errno != EINPROGRESS) demand(-1, "connect");
    const bool done = await(near, POLLOUT) && await(made.far, POLLOUT);
    return done ? "" : "expected: near is connected\n    seen: it is not";
}

} // namespace pollux::conformance::model
