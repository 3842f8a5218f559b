// SPDX-License-Identifier: BSL-1.0
#include "local_sources.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

namespace pollux::conformance::model {
namespace {

int demand(int result, const char* call) {
    if (result == -1) throw std::system_error(errno, std::system_category(), call);
    return result;
}

Owned unix_socket() { return Owned(demand(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket")); }

} // namespace

TestSource terminal_pair(bool is_slave) {
    Owned master(demand(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), "posix_openpt"));
    int locked = 0;
    demand(ioctl(master, TIOCSPTLCK, &locked), "ioctl(TIOCSPTLCK)");
    Owned slave(demand(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), "ioctl(TIOCGPTPEER)"));
    termios settings{};
    demand(tcgetattr(slave, &settings), "tcgetattr");
    cfmakeraw(&settings);
    demand(tcsetattr(slave, TCSANOW, &settings), "tcsetattr");
    TestSource made;
    made.near = std::move(is_slave ? slave : master);
    made.far = std::move(is_slave ? master : slave);
    return made;
}

TestSource fifo_pair(bool is_writer) {
    std::array<char, 32> folder{"/tmp/pollux-fifo-XXXXXX"};
    if (!mkdtemp(folder.data())) demand(-1, "mkdtemp");
    const std::string name = std::string(folder.data()) + "/fifo";
    std::array<Owned, 2> ends;
    const bool is_made = mkfifo(name.c_str(), 0600) == 0;
    if (is_made) {
        ends[0] = Owned(::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
        ends[1] = Owned(::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        unlink(name.c_str());
    }
    rmdir(folder.data());
    if (ends[1] == Owned::none) demand(-1, "mkfifo");
    demand(fcntl(ends[1], F_SETPIPE_SZ, 8192), "fcntl(F_SETPIPE_SZ)");
    TestSource made;
    made.near = std::move(ends[is_writer]);
    made.far = std::move(ends[!is_writer]);
    return made;
}

TestSource epoll_source() {
    TestSource made;
    made.far = Owned(demand(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"));
    made.near = Owned(demand(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    epoll_event event{EPOLLIN, {}};
    demand(epoll_ctl(made.near, EPOLL_CTL_ADD, made.far, &event), "epoll_ctl");
    return made;
}

TestSource unix_listener_source() {
    TestSource made;
    made.near = unix_socket();
    const sockaddr_un any_name{AF_UNIX, {}}; // the kernel chooses one (unix(7), autobind)
    demand(bind(made.near, reinterpret_cast<const sockaddr*>(&any_name), sizeof any_name.sun_family), "bind");
    demand(listen(made.near, 64), "listen");
    return made;
}

bool connect_unix_client(TestSource& made, Source listener) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    demand(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    Owned client = unix_socket();
    if (connect(client, reinterpret_cast<sockaddr*>(&address), size) == -1) return false;
    made.clients.push_back(std::move(client));
    return true;
}

} // namespace pollux::conformance::model
