// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include "../harness/backends.hpp"

#include <pollux/notify/token_queue.hpp>
#include <pollux/poll.hpp>

#include <cstdio>
#include <optional>
#include <thread>

namespace pollux::failing_calls {
namespace {

using namespace std::chrono_literals;

/// A PollWorkload uses a Poll: two bytes on each connection, changes of interest, a wake, tokens, and the end by
/// close(); half of it in another thread.
class PollWorkload final : public Workload {
  public:
    explicit PollWorkload(const std::string& backend)
        : request_{.backend = backend, .folders = {harness::folder_of_plugins()}} {}
    ~PollWorkload() override {
        if (!other_thread_.joinable()) return;
        start_other_thread();
        other_thread_.join();
    }

    void begin() override {
        connections_.emplace();
        other_thread_ = std::thread([this] { run_other_thread(); });
    }

    int run() override {
        const auto descriptors = count_descriptors();
        try {
            use();
        } catch (const std::exception& failure) {
            reports_.add("an exception", failure.what());
        }
        start_other_thread();
        other_thread_.join();
        if (count_descriptors() != descriptors) return left_open;
        if (has_changed_) return has_changed;
        if (reports_.any()) return reported;
        if (is_complete() && is_closed_) return complete;
        std::fprintf(stderr, "  bytes %zu of %zu, wakes %zu, tokens %zu of %zu%s\n", bytes_, all_bytes, wakes_, tokens_,
                     all_tokens, is_closed_ ? "" : ", not closed");
        return lost_silently;
    }

  private:
    static constexpr std::size_t all_bytes = 2 * Connections::count, all_tokens = 3;
    static constexpr Token first_connection{1000};

    bool is_complete() const { return bytes_ >= all_bytes && wakes_ != 0 && tokens_ == all_tokens; }

    /// May throw; the Poll has been destroyed then.
    void use() {
        Poll poll(request_);
        offers_edge_ = bool(poll.choice().backend->capabilities.edge);
        auto queue = notify::event_queue(16, poll.registrator());
        Events events;
        notify::Tokens tokens;
        for (std::size_t i = 0; i < Connections::count; ++i) {
            connections_->send(i);
            // This thread adds one half, the other thread the other, beside a sleeping poll().
            if (i % 2 == 0) add(poll, i);
        }
        notifier_ = queue.notifier;
        registrator_ = poll.registrator();
        start_other_thread();
        while (!is_complete() && !reports_.any()) {
            // Longer than any machine needs: only a lost event takes it.
            const auto error = poll.poll(events, 20s);
            reports_.add("poll()", error);
            if (events.empty() && !error) return;
            for (const auto& event : events) serve(poll, event, [&] { return queue.poller.poll(tokens); });
        }
        for (int turn = 0; turn < 20 && reports_.any(); ++turn) static_cast<void>(poll.poll(events, 0s));
        is_done_ = true; // then the other thread closes
        is_done_.notify_one();
        if (reports_.any()) return;
        std::error_code error;
        do {
            error = poll.poll(events, 20s); // a level watch may still be ready
        } while (!error && !events.empty());
        is_closed_ = error == std::errc::operation_canceled;
        if (!is_closed_) reports_.add("poll(), after close()", error);
    }

    /// Adds a connection. One that was refused, for want of memory of the kernel or of the process or because of a
    /// limit of watches, is not watched.
    void add(Poll& poll, std::size_t i) {
        const auto error = poll.registrator().add(connections_->near(i), watch_of(i));
        reports_.add("add()", error);
        if (!error) return;
        has_changed_ |= poll.registrator().remove(connections_->near(i)) != std::errc::no_such_file_or_directory;
        has_changed_ |= poll.registrator().add(connections_->near(i), watch_of(i)) == std::errc::file_exists;
    }

    void serve(Poll& poll, const Event& event, const auto& poll_tokens) {
        if (event.token == wake_token) {
            ++wakes_;
            tokens_ += poll_tokens();
            return;
        }
        const auto i = static_cast<std::size_t>(event.token) - static_cast<std::size_t>(first_connection);
        const auto received = connections_->receive(i);
        bytes_ += received;
        if (received != 0 && !is_second_[i]) {
            is_second_[i] = true;
            connections_->send(i);
        }
        if (watch_of(i).mode == Mode::oneshot)
            reports_.add("modify()", poll.registrator().modify(connections_->near(i), watch_of(i)));
    }

    Watch watch_of(std::size_t i) const {
        const auto mode = i % 3 == 0 ? Mode::oneshot : i % 3 == 1 && offers_edge_ ? Mode::edge : Mode::level;
        return {Token{static_cast<std::size_t>(first_connection) + i}, Ready::readable, mode};
    }

    void start_other_thread() {
        is_started_ = true;
        is_started_.notify_one();
        if (reports_.any()) is_done_ = true;
        is_done_.notify_one();
    }

    /// Runs in another thread.
    void run_other_thread() {
        is_started_.wait(false);
        if (!registrator_) return;
        for (std::size_t i = 1; i < Connections::count; i += 2)
            report_from_other_thread("add()", registrator_->add(connections_->near(i), watch_of(i)));
        report_from_other_thread("wake()", registrator_->wake());
        for (std::size_t i = 0; i < all_tokens; ++i) report_from_other_thread("notify()", notifier_->notify(Token{i}));
        is_done_.wait(false);
        // A close() whose wake failed is repeated; one that keeps failing leaves the poll() to its sources.
        for (int tries = 0; tries < 3; ++tries) {
            const auto error = registrator_->close();
            if (!error) return;
            report_from_other_thread("close()", error);
        }
    }

    void report_from_other_thread(const char* step, const std::error_code& error) {
        // Canceled: the first thread has seen an error and left.
        if (!error || error == std::errc::operation_canceled) return;
        reports_.add(step, error);
        connections_->send_to_all();
    }

    const Request request_;
    std::optional<Connections> connections_;
    std::thread other_thread_;
    std::atomic<bool> is_started_ = false, is_done_ = false;
    std::optional<PollRegistrator> registrator_; // these two outlive the Poll
    std::optional<notify::Notifier> notifier_;
    Reports reports_;
    std::array<bool, Connections::count> is_second_{};
    std::size_t bytes_ = 0, wakes_ = 0, tokens_ = 0;
    bool offers_edge_ = false, is_closed_ = false, has_changed_ = false;
};

} // namespace

std::unique_ptr<Workload> poll_workload(const std::string& backend) { return std::make_unique<PollWorkload>(backend); }

} // namespace pollux::failing_calls
