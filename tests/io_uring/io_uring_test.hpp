// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/open.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pollux::io_uring_tests {

using namespace std::chrono_literals;

/// How long a test waits for an expected event.
inline constexpr std::chrono::nanoseconds patience = 20s;

/// The backend under test: the name, or file, of the command line.
extern std::string backend;

/// Throws OpenError.
inline std::unique_ptr<Selector> open_backend() { return open({.backend = backend}); }

/// A Descriptor owns a file descriptor.
class Descriptor {
  public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    operator int() const { return number_; }
    void close();

  private:
    int number_;
};

/// A Pair is two connected Unix sockets. What is written to `far` is read from `near`.
struct Pair {
    Pair();
    Descriptor near, far;
};

void write_byte(int descriptor);
/// Reads all available bytes.
void drain(int descriptor);
/// Whether the other end of a Pair has been closed, with all copies of its descriptor, including those of the kernel.
bool has_ended(int far);

/// Raises the limit of open descriptors to the hard limit, and returns it.
std::size_t raise_descriptor_limit();

/// Calls select() until `wanted` tokens were reported, or none for `quiet`; returns the tokens.
std::set<Token> collect(Selector& selector, std::size_t wanted, std::chrono::nanoseconds quiet = patience);

/// Calls select() with room for 64 events.
std::vector<Event> select_once(Selector& selector, Timeout timeout, std::error_code& error);

} // namespace pollux::io_uring_tests
