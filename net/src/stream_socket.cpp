// SPDX-License-Identifier: BSL-1.0
#include <pollux/net/stream_socket.hpp>

#include "socket.hpp"

namespace pollux::net {

namespace {

Transfer read_into(Source socket, std::span<const Buffer> buffers) noexcept {
    system::Slices slices(buffers);
    if (slices.bytes() == 0) return {};
    return system::read(socket, slices.all());
}

Transfer write_from(Source socket, std::span<const ConstBuffer> buffers) noexcept {
    system::Slices slices(buffers);
    if (slices.bytes() == 0) return {};
    return system::write(socket, slices.all());
}

} // namespace

IoResult StreamSocket::finish_connect() noexcept {
    if (!is_open()) return IoResult::failure(make_error_code(std::errc::bad_file_descriptor));
    // First of all: an error that occurs between the calls below would be reported as not_connected.
    std::error_code error;
    const auto state = system::connecting_state(native_handle(), error);
    if (error) return IoResult::failure(error);
    if (state == system::Connecting::under_way) return {Progress::would_block, {}};
    error = take_error();
    // The first call that reads SO_ERROR clears it, so no error does not mean that there is a connection.
    if (!error) system::peer_address(native_handle(), error);
    return error ? IoResult::failure(error) : IoResult();
}

Transfer StreamSocket::read(Buffer buffer) noexcept { return read_into(native_handle(), {&buffer, 1}); }
Transfer StreamSocket::read(std::span<const Buffer> buffers) noexcept { return read_into(native_handle(), buffers); }

Transfer StreamSocket::write(ConstBuffer buffer) noexcept { return write_from(native_handle(), {&buffer, 1}); }
Transfer StreamSocket::write(std::span<const ConstBuffer> buffers) noexcept {
    return write_from(native_handle(), buffers);
}

std::error_code StreamSocket::shut_down_writing() noexcept {
    return system::error_after(::shutdown(native_handle(), system::stop_writing));
}

std::error_code StreamSocket::take_error() noexcept { return system::take_error(native_handle()); }

} // namespace pollux::net
