// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include <pollux/notify/notify.hpp>

#include <cstdio>
#include <exception>
#include <optional>
#include <thread>

namespace pollux::failing_calls {
namespace {

using namespace std::chrono_literals;

/// A NotifyWorkload uses each kind of queue: tokens from another thread, and the end of a channel.
class NotifyWorkload final : public Workload {
  public:
    ~NotifyWorkload() override {
        if (!other_thread_.joinable()) return;
        start_other_thread();
        other_thread_.join();
    }

    void begin() override {
        other_thread_ = std::thread([this] { run_other_thread(); });
    }

    int run() override {
        try {
            use();
        } catch (const std::exception& failure) {
            reports_.add("an exception", failure.what());
        }
        start_other_thread();
        other_thread_.join();
        if (reports_.any()) return reported;
        if (tokens_ == 4 * capacity && wakes_ != 0) return complete;
        std::fprintf(stderr, "  tokens %zu of %zu, wakes %d\n", tokens_, 4 * capacity, wakes_.load());
        return lost_silently;
    }

  private:
    static constexpr std::size_t capacity = 16;

    /// A Waker is what a queue is bound to; it counts its wakes.
    struct Waker {
        std::atomic<int>* wakes;
        std::error_code wake() const noexcept {
            ++*wakes;
            return {};
        }
    };

    struct Notifiers {
        notify::Notifier plain, bound;
        notify::LaneNotifier of_lanes;
        notify::Sender sender;
    };

    /// May throw; all queues have been destroyed then.
    void use() {
        auto queue = notify::event_queue(capacity);
        auto bound = notify::event_queue(capacity, Waker{&wakes_});
        auto of_lanes = notify::event_queue(capacity, notify::lanes);
        auto channel = notify::event_channel(capacity);
        notify::Tokens tokens;
        notifiers_.emplace(Notifiers{queue.notifier, bound.notifier, of_lanes.notifier, std::move(channel.sender)});
        start_other_thread();
        for (;;) {
            // Longer than any machine needs: only a lost token takes it.
            const auto error = channel.receiver.recv(tokens, 20s);
            if (error == notify::disconnected) break;
            reports_.add("recv()", error);
            if (error || tokens.empty()) return;
            tokens_ += tokens.size();
        }
        // The other thread has sent all tokens.
        tokens_ += queue.poller.poll(tokens);
        tokens_ += bound.poller.poll(tokens);
        tokens_ += of_lanes.poller.poll(tokens);
    }

    void start_other_thread() {
        is_started_ = true;
        is_started_.notify_one();
    }

    /// Runs in another thread.
    void run_other_thread() {
        is_started_.wait(false);
        if (!notifiers_) return;
        for (std::size_t i = 0; i < capacity; ++i) {
            reports_.add("notify()", notifiers_->plain.notify(Token{i}));
            reports_.add("notify(), of a queue that is bound", notifiers_->bound.notify(Token{i}));
            reports_.add("notify(), of a Sender", notify::Sender(notifiers_->sender).notify(Token{i}));
            try {
                reports_.add("notify(), of a lane", notify::LaneNotifier(notifiers_->of_lanes).notify(Token{i}));
            } catch (const std::exception& failure) {
                reports_.add("a copy of a LaneNotifier", failure.what());
            }
        }
        notifiers_.reset();
    }

    std::thread other_thread_;
    std::atomic<bool> is_started_ = false;
    std::optional<Notifiers> notifiers_;
    Reports reports_;
    std::atomic<int> wakes_ = 0;
    std::size_t tokens_ = 0;
};

} // namespace

std::unique_ptr<Workload> notify_workload() { return std::make_unique<NotifyWorkload>(); }

} // namespace pollux::failing_calls
