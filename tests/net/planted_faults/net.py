# SPDX-License-Identifier: BSL-1.0
from subject import library

SUBJECT = library("net", "tests/net/pollux-net-tests")

ADDRESS = "src/address.cpp"
OWNED = "src/owned_source.cpp"
PIPE = "src/pipe.cpp"
SLICES = "src/system.hpp"
SOCKET = "src/socket.cpp"
STREAM = "src/stream_socket.cpp"
SYSTEM = "src/system_posix.cpp"
TCP = "src/tcp.cpp"
UDP = "src/udp_socket.cpp"
UNIX = "src/unix.cpp"

# file, what is broken, the piece, what is put there, the test that must catch it
FAULTS = [
    (ADDRESS, "read a number and ignore what is behind it",
     "return error == std::errc() && stop == end && !text.empty();", "return error == std::errc() && stop != nullptr;",
     "address.refuses"),
    (ADDRESS, "let a zero end an address", "|| text.find('\\0') != text.npos) return false;", ") return false;",
     "address.refuses"),
    (ADDRESS, "take a colon in the brackets for that of the port", "colon == text.npos || colon < closing",
     "colon == text.npos", "address.refuses"),
    (ADDRESS, "write no interface", "if (interface_ != 0) all +=", "if (false) all +=", "address.round_trip"),
    (OWNED, "close only when told to",
     "void OwnedSource::close() noexcept {\n    const auto source = release();",
     "void OwnedSource::close() noexcept {\n    const auto source = none;\n    static_cast<void>(release());",
     "owner.closes"),
    (OWNED, "close, and keep the number", "const auto source = release();", "const auto source = native_handle();",
     "owner.closes"),
    (PIPE, "leave the signal of a broken pipe pending", "            sigwait(&sigpipe_, &signal);\n",
     "            static_cast<void>(signal);\n", "pipe.no_sigpipe"),
    (PIPE, "take a signal that was pending before", "error == EPIPE && !was_pending_ && is_pending()",
     "error == EPIPE && is_pending()", "pipe.no_sigpipe"),
    (PIPE, "keep SIGPIPE blocked", "        pthread_sigmask(SIG_SETMASK, &before_, nullptr);\n", "", "pipe.no_sigpipe"),
    (PIPE, "take the end of a pipe for no bytes",
     "    if (result.is_done() && result.count == 0) result.progress = Progress::ended;\n", "", "pipe.end"),
    (PIPE, "pass pipes on to other programs", "::pipe2(ends, O_CLOEXEC | O_NONBLOCK)", "::pipe2(ends, O_NONBLOCK)",
     "owner.close_on_exec"),
    (SLICES, "use one buffer less than there is room for", "if (count_ == most_buffers) break;",
     "if (count_ == most_buffers - 1) break;", "stream.many_buffers"),
    (SOCKET, "adopt any socket", "if (seen != type) return make_error_code(std::errc::wrong_protocol_type);",
     "static_cast<void>(seen != type);", "owner.adopts"),
    (SOCKET, "leave a socket open that cannot be bound", "    close(socket);\n", "", "Owner.leaks_nothing"),
    (SOCKET, "let IPv6 take IPv4, too, unasked", "binding.only_ipv6 ? 1 : 0", "0",
     "listener.only_ipv6"),
    (SOCKET, "lose the error that waits", "return error ? error : error_of(waiting);",
     "return error ? error : error_of(waiting * 0);", "stream.take_error"),
    (STREAM, "believe SO_ERROR while a connect() is under way",
     "if (system::is_connecting(native_handle())) return {Progress::would_block, {}};", "", "tcp.in_progress"),
    (STREAM, "take no error for a connection", "    if (!error) system::peer_address(native_handle(), error);\n", "",
     "tcp.refused"),
    (STREAM, "ask the system to read nothing", "    if (slices.bytes() == 0) return {};\n    return system::read(",
     "    return system::read(", "stream.empty"),
    (SYSTEM, "take the end of a stream for no bytes",
     "    if (result.is_done() && result.count == 0) result.progress = Progress::ended;\n", "", "stream.end"),
    (SYSTEM, "let writes raise SIGPIPE", "constexpr int no_signal = MSG_NOSIGNAL;", "constexpr int no_signal = 0;",
     "stream.no_sigpipe"),
    (SYSTEM, "say nothing of a truncated datagram", "result != -1 && (header.msg_flags & MSG_TRUNC) != 0", "false",
     "udp.truncated"),
    (SYSTEM, "accept what may wait", "&peer.length(), SOCK_CLOEXEC | SOCK_NONBLOCK)", "&peer.length(), SOCK_CLOEXEC)",
     "owner.non_blocking"),
    (SYSTEM, "pass accepted sockets on to other programs", "&peer.length(), SOCK_CLOEXEC | SOCK_NONBLOCK)",
     "&peer.length(), SOCK_NONBLOCK)", "owner.close_on_exec"),
    (SYSTEM, "take it for an error that a call would block",
     "    if (errno == EAGAIN || errno == EWOULDBLOCK) return {Progress::would_block, {}};\n", "", "stream.would_block"),
    (SYSTEM, "adopt what other programs inherit", "auto error = add_flag(source, F_GETFD, F_SETFD, FD_CLOEXEC);",
     "std::error_code error;", "pipe.adopts"),
    (SYSTEM, "take a connect() that has begun for one that failed",
     "return errno == EINPROGRESS || errno == EINTR ?", "return errno == EINTR ?", "tcp.connects"),
    (SYSTEM, "use an address again unasked", "if (address) error = set_option", "if (address || true) error = set_option",
     "listener.in_use"),
    (SYSTEM, "share no port", "return set_option(socket, SOL_SOCKET, SO_REUSEPORT, 1);", "return {};",
     "listener.reuse_port"),
    (TCP, "take any backlog", "    if (options.backlog < 0) {", "    if (false) {", "listener.in_use"),
    (TCP, "forget who connected", "TcpStream(source), peer.internet()}", "TcpStream(source), {}}", "listener.accepts"),
    (TCP, "give up a listener for a host that is down", "return error.value() == EHOSTDOWN ||", "return",
     "listener.transient"),
    (UDP, "send to nobody", "whole(bytes), &address);", "whole(bytes), nullptr);",
     "udp.sends_to"),
    (UNIX, "count a zero behind an abstract name", "bytes.size() + (address.is_abstract() ? 0 : 1)", "bytes.size() + 1",
     "unix.abstract"),
    (UNIX, "take a path without room for its zero", "longest = sizeof(sockaddr_un::sun_path) - 1;",
     "longest = sizeof(sockaddr_un::sun_path);", "unix.addresses"),
    (UNIX, "listen without an address", "at.is_unnamed() || backlog < 0", "backlog < 0", "unix.addresses"),
]
