// SPDX-License-Identifier: BSL-1.0
#include "process.hpp"
#include "rule.hpp"

#include <array>

namespace pollux::conformance {

Sleeper::Sleeper(Selector& selector, Timeout timeout)
    : selector_(selector), thread_([this, timeout] {
          std::array<Event, 16> buffer{};
          std::error_code error;
          number_ = thread_number();
          begun_ = true;
          const auto seen = selector_.select(buffer, timeout, error);
          events_.assign(seen.begin(), seen.end());
          returned_ = true;
      }) {
    while (!begun_) std::this_thread::yield();
    wait_until_asleep(number_, [this] { return returned_.load(); });
}

Sleeper::~Sleeper() { events(); }

bool Sleeper::returns() const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!returned_ && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(100us);
    return returned_;
}

std::vector<Event> Sleeper::events() {
    if (!thread_.joinable()) return events_;
    const bool in_time = returns();
    if (!in_time) static_cast<void>(selector_.registrator().wake());
    thread_.join();
    if (!in_time) events_.clear();
    return events_;
}

} // namespace pollux::conformance
