// SPDX-License-Identifier: BSL-1.0
#include <pollux/poll.hpp>

#include <pollux/deadline.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace pollux {

/// What handles share with their Poll: the Registrator, and who is inside it.
///
/// One word counts the calls under way and says whether the Poll is closed, so that a Poll can wait for the last call
/// before it destroys the Selector, and no call begins after that. Two uncontended atomic additions a call.
class PollRegistrator::Gate {
  public:
    explicit Gate(Registrator& registrator) noexcept : registrator_(&registrator) {}

    bool is_closed() const noexcept { return (state_.load(std::memory_order_acquire) & closed) != 0; }

    std::error_code pass(auto&& call) noexcept {
        // Without this look, callers that do not give up could keep close_for_good() waiting.
        if (is_closed()) return make_error_code(std::errc::operation_canceled);
        const bool open = (state_.fetch_add(one_call, std::memory_order_acquire) & closed) == 0;
        const auto error = open ? call(*registrator_) : make_error_code(std::errc::operation_canceled);
        leave();
        return error;
    }

    void close() noexcept {
        pass([this](Registrator& registrator) {
            state_.fetch_or(closed, std::memory_order_acq_rel);
            return registrator.wake();
        });
    }

    /// Closes, and returns when no call is under way.
    void close_for_good() noexcept {
        state_.fetch_or(closed, std::memory_order_acq_rel);
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return state_.load(std::memory_order_acquire) == closed; });
    }

  private:
    static constexpr std::uint32_t closed = 1, one_call = 2;

    void leave() noexcept {
        const auto before = state_.fetch_sub(one_call, std::memory_order_acq_rel);
        if ((before & closed) == 0) return;
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
    }

    Registrator* registrator_;
    std::atomic<std::uint32_t> state_ = 0;
    // For the end only. Not state_.wait(): where there is no futex, as on Windows, libstdc++ 12 loses its wake-ups
    // (__waiter_pool::_M_do_wait in bits/atomic_wait.h compares before it locks).
    std::mutex mutex_;
    std::condition_variable changed_;
};

std::error_code PollRegistrator::add_source(Source source, const Watch& watch) const noexcept {
    return gate_->pass([&](Registrator& registrator) { return registrator.add(source, watch); });
}

std::error_code PollRegistrator::modify_source(Source source, const Watch& watch) const noexcept {
    return gate_->pass([&](Registrator& registrator) { return registrator.modify(source, watch); });
}

std::error_code PollRegistrator::remove_source(Source source) const noexcept {
    return gate_->pass([&](Registrator& registrator) { return registrator.remove(source); });
}

std::error_code PollRegistrator::wake() const noexcept {
    return gate_->pass([](Registrator& registrator) { return registrator.wake(); });
}

void PollRegistrator::close() const noexcept { gate_->close(); }

Poll::Poll(const Request& request)
    : selector_(open(request, choice_)),
      registrator_(selector_ ? std::make_shared<PollRegistrator::Gate>(selector_->registrator()) : nullptr) {
    if (!selector_) throw OpenError(choice_.text());
}

Poll::Poll(std::unique_ptr<Selector> selector)
    : selector_(std::move(selector)),
      registrator_(selector_ ? std::make_shared<PollRegistrator::Gate>(selector_->registrator()) : nullptr) {
    if (!selector_) throw std::invalid_argument("pollux::Poll: expected a Selector, was given null");
}

Poll::~Poll() {
    if (selector_) registrator_.gate_->close_for_good();
}

Poll::Poll(Poll&&) noexcept = default;

Poll& Poll::operator=(Poll&& other) noexcept {
    Poll taken(std::move(other)); // closes what this held before, here and not some time later in `other`
    std::swap(choice_, taken.choice_);
    std::swap(selector_, taken.selector_);
    std::swap(registrator_, taken.registrator_);
    return *this;
}

/// False: closed, before or meanwhile. The Timeout stays where it is: GCC 12 would copy it in other parts than those in
/// which it was written, and the processor waits for these.
inline bool Poll::look(Events& events, const Timeout& timeout) {
    const auto& gate = *registrator_.gate_;
    events.ready_ = {};
    if (gate.is_closed()) return false;
    const auto ready = selector_->select(events.buffer_, timeout, events.error_);
    if (gate.is_closed()) return false;
    events.ready_ = ready;
    return true;
}

std::error_code Poll::poll(Events& events, Timeout timeout) {
    // Without a time to keep there is no clock to read.
    if (timeout && *timeout > timeout->zero()) return poll_until(events, *timeout);
    do {
        if (!look(events, timeout)) return make_error_code(std::errc::operation_canceled);
    } while (!timeout && events.empty() && !events.error_);
    return events.error_;
}

std::error_code Poll::poll_until(Events& events, std::chrono::nanoseconds timeout) {
    const Deadline deadline(timeout);
    for (auto left = timeout; left > left.zero(); left = deadline.left()) {
        if (!look(events, left)) return make_error_code(std::errc::operation_canceled);
        if (!events.empty() || events.error_) break;
    }
    return events.error_;
}

} // namespace pollux
