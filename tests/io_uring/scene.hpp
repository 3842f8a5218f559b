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

/// How long a test waits for what must come.
inline constexpr std::chrono::nanoseconds patience = 20s;

/// The backend under test: the name, or file, that the program was given.
extern std::string backend;

/// Throws OpenError.
inline std::unique_ptr<Selector> open_backend() { return open({.backend = backend}); }

/// Owns a descriptor.
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

/// Two connected Unix sockets. What is written to `far` is read from `near`.
struct Pair {
    Pair();
    Descriptor near, far;
};

void write_byte(int descriptor);
/// Reads all that is there.
void drain(int descriptor);
/// Whether the other side of a Pair has been closed, in the kernel too: no copy of its descriptor is left anywhere.
bool has_ended(int far);

/// Raises the limit of open descriptors as far as is allowed, and returns it.
std::size_t raise_descriptor_limit();

/// Calls select() until `wanted` tokens were reported, or nothing comes for `quiet`; returns the tokens.
std::set<Token> collect(Selector& selector, std::size_t wanted, std::chrono::nanoseconds quiet = patience);

/// One select() with room for 64.
std::vector<Event> select_once(Selector& selector, Timeout timeout, std::error_code& error);

} // namespace pollux::io_uring_tests
