// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include "../harness/backends.hpp"

#include <pollux/loop/loop.hpp>
#include <pollux/notify/token_queue.hpp>

#include <csignal>
#include <cstdio>
#include <optional>
#include <thread>

namespace pollux::failing_calls {
namespace {

using namespace std::chrono_literals;

/// A LoopWorkload uses a Loop: two bytes on each connection, timers, posts, a signal, tokens; half of it in another
/// thread.
class LoopWorkload final : public Workload {
  public:
    explicit LoopWorkload(const std::string& backend)
        : request_{.backend = backend, .folders = {harness::folder_of_plugins()}} {}
    ~LoopWorkload() override {
        if (!other_thread_.joinable()) return;
        start_other_thread();
        other_thread_.join();
    }

    void begin() override {
        std::signal(SIGUSR1, SIG_IGN); // for a signal that the Loop does not watch any more, or never did
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
        loop_ = nullptr;
        start_other_thread();
        other_thread_.join();
        if (count_descriptors() != descriptors) return left_open;
        if (reports_.any()) return reported;
        if (is_complete()) return complete;
        std::fprintf(
            stderr,
            "  bytes %zu of %zu, timers %zu of %zu, ticks %zu, posts %zu of %zu, signals %zu, tokens %zu of %zu\n",
            bytes_, all_bytes, timers_, all_timers, ticks_, posts_, all_posts, signals_, tokens_, all_tokens);
        return lost_silently;
    }

  private:
    static constexpr std::size_t all_bytes = 2 * Connections::count, all_timers = 10, all_ticks = 3, all_posts = 10,
                                 all_tokens = 3;

    bool is_complete() const {
        return bytes_ >= all_bytes && timers_ == all_timers && ticks_ >= all_ticks && posts_ == all_posts &&
               signals_ != 0 && tokens_ == all_tokens;
    }

    /// Called by each callback: adds to its counter, and stops the Loop if nothing is left to wait for.
    void count(std::size_t& counter, std::size_t more = 1) {
        counter += more;
        if (is_complete() || reports_.any()) static_cast<void>(loop_->stop());
    }

    /// May throw; the Loop and all handles have been destroyed then.
    void use() {
        loop::Loop loop(request_);
        loop_ = &loop;
        std::array<loop::Watcher, Connections::count> watchers;
        for (std::size_t i = 0; i < watchers.size(); ++i) {
            const auto mode = i % 3 == 0 ? Mode::oneshot : i % 3 == 1 && offers_edge() ? Mode::edge : Mode::level;
            connections_->send(i);
            watchers[i] =
                loop.watch(connections_->near(i), Ready::readable, mode, [this, &watchers, i, mode](Ready ready) {
                    if (any(ready & Ready::failed)) reports_.add("a watch", watchers[i].error());
                    const auto received = connections_->receive(i);
                    if (received != 0 && !is_second_[i]) {
                        is_second_[i] = true;
                        connections_->send(i);
                    }
                    if (mode == Mode::oneshot) watchers[i].change(Ready::readable);
                    count(bytes_, received);
                });
        }
        std::array<loop::Timer, all_timers> timers;
        for (auto& timer : timers) timer = loop.after(1ms, [this] { count(timers_); });
        loop::Timer every;
        every = loop.every(1ms, [this, &every] {
            if (ticks_ + 1 == all_ticks) every.close();
            count(ticks_);
        });
        const auto signal = loop.on_signal(SIGUSR1, [this] { count(signals_); });
        auto queue = notify::event_queue(16, loop.poster());
        notifier_ = queue.notifier;
        poster_ = loop.poster();
        notify::Tokens tokens;
        const auto wakes = loop.on_wake([&] { count(tokens_, queue.poller.poll(tokens)); });
        static_cast<void>(loop.defer([this] { start_other_thread(); }));
        run_to_the_end(loop);
    }

    void run_to_the_end(loop::Loop& loop) {
        while (!is_complete() && !reports_.any()) {
            try {
                // Longer than any machine needs: only a lost event takes it.
                if (loop.run_for(20s)) continue;
                break;
            } catch (const std::exception& failure) {
                reports_.add("run_for()", failure.what());
            }
        }
        // After an error the Loop still works, or reports it again.
        for (int turn = 0; turn < 20 && reports_.any(); ++turn) {
            try {
                loop.run_for(0ns);
            } catch (const std::exception&) {}
        }
    }

    bool offers_edge() const { return bool(loop_->choice().backend->capabilities.edge); }

    void start_other_thread() {
        is_started_ = true;
        is_started_.notify_one();
    }

    /// Runs in another thread.
    void run_other_thread() {
        is_started_.wait(false);
        if (!poster_) return;
        for (std::size_t i = 0; i < all_posts; ++i) {
            try {
                report_from_other_thread("post()", poster_->post([this] { count(posts_); }));
            } catch (const std::exception&) {
                report_from_other_thread("post()", make_error_code(std::errc::not_enough_memory));
            }
        }
        std::raise(SIGUSR1);
        for (std::size_t i = 0; i < all_tokens; ++i) report_from_other_thread("notify()", notifier_->notify(Token{i}));
    }

    void report_from_other_thread(const char* step, const std::error_code& error) {
        if (!error) return;
        reports_.add(step, error);
        connections_->send_to_all();
    }

    const Request request_;
    std::optional<Connections> connections_;
    std::thread other_thread_;
    std::atomic<bool> is_started_ = false;
    std::optional<loop::Poster> poster_; // these two outlive the Loop
    std::optional<notify::Notifier> notifier_;
    loop::Loop* loop_ = nullptr;
    Reports reports_;
    std::array<bool, Connections::count> is_second_{};
    std::size_t bytes_ = 0, timers_ = 0, ticks_ = 0, posts_ = 0, signals_ = 0, tokens_ = 0;
};

} // namespace

std::unique_ptr<Workload> loop_workload(const std::string& backend) { return std::make_unique<LoopWorkload>(backend); }

} // namespace pollux::failing_calls
