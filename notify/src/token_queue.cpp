// SPDX-License-Identifier: BSL-1.0
#include <pollux/notify/token_queue.hpp>

#include <stdexcept>

namespace pollux::notify {

namespace {

/// A RegistratorHandle is a WakeHandle that refers to a Registrator.
class RegistratorHandle {
  public:
    explicit RegistratorHandle(Registrator& registrator) noexcept : registrator_(&registrator) {}
    std::error_code wake() const noexcept { return registrator_->wake(); }

  private:
    Registrator* registrator_;
};

} // namespace

void throw_too_large() { throw std::length_error("pollux: expected a capacity of at most 2^28 tokens"); }

void TokenQueueState::arrange_wake() noexcept {
    // poll() returns no error: if this wake fails, the next notification wakes again, and returns its error.
    if (ring.try_sleep() == SleepResult::more) static_cast<void>(wake_or_retry());
}

std::error_code TokenQueueState::wake_or_retry() noexcept {
    const auto error = wake();
    if (error) ring.unclaim_wakeup();
    return error;
}

std::error_code TokenQueueState::refusal(Pushed pushed) noexcept {
    return make_error_code(pushed == Pushed::closed ? disconnected : std::errc::invalid_argument);
}

TokenQueue ends_of(const std::shared_ptr<TokenQueueState>& queue) {
    // The first notification wakes, even before the first poll().
    if (queue->can_sleep) queue->ring.try_sleep();
    return {Notifier(queue), Poller(queue)};
}

TokenQueue event_queue(std::size_t capacity) { return ends_of(std::make_shared<TokenQueueState>(capacity, false)); }

TokenQueue event_queue(std::size_t capacity, Registrator& registrator) {
    return event_queue(capacity, RegistratorHandle(registrator));
}

} // namespace pollux::notify
