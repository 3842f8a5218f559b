// SPDX-License-Identifier: BSL-1.0
// The Boost.Asio backend: another event loop behind Pollux's interface, as the reference for the rules.
//
//     add, modify ──▶ due ──▶ non-blocking poll(2) ──▶ events
//                      ▲        │ not ready
//                      └────────┴──▶ async_wait() while the reactor of Asio sleeps
//
// Asio reports when to poll, poll(2) reports the conditions. A wait of Asio is for one direction, its completion has no
// conditions and may be of a watch before a change; a non-blocking poll under the lock makes one true event of it.
//
// A forked child shares the epoll set of Asio with its parent, and Asio's destructors change it. So a child closes the
// descriptors, and leaves all else as it is.
#include "reactor.hpp"
#include "watched.hpp"

#include <pollux/mutex.hpp>
#include <pollux/plugin.hpp>
#include <pollux/process.hpp>
#include <pollux/standard_streams.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cerrno>
#include <new>
#include <unordered_map>

namespace {

using namespace pollux;
using namespace pollux::asio_backend;

/// A Queue holds the watches, and the io_context that waits for them. Its calls are those of Selector and Registrator,
/// in the process that made it.
class Queue {
  public:
    Queue() { wake_ = resting_.emplace(resting_.end(), context_, -1, Watch{wake_token, Ready::none, Mode::oneshot}); }
    ~Queue() = default;
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// Closes the descriptors of a Queue of another process, leaves all else as it is, and keeps the Queue where leak
    /// detectors find it.
    static void abandon(Queue* queue) noexcept {
        queue->own_.close();
        queue->next_ = abandoned_.load(std::memory_order_relaxed);
        while (!abandoned_.compare_exchange_weak(queue->next_, queue, std::memory_order_release)) {}
    }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept try {
        const time::Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        for (;;) {
            if (!own_.are_open()) {
                error = make_error_code(std::errc::bad_file_descriptor);
                return {};
            }
            collect_ended_waits();
            const auto count = report_due(buffer, error);
            if (count != 0 || error) return buffer.first(count);
            const auto left = timeout ? Timeout(deadline.left()) : forever;
            if (left == Timeout(std::chrono::nanoseconds::zero())) return {};
            run_turn(context_, left);
        }
    } catch (...) {
        error = caught();
        return {};
    }

    std::error_code add(Source source, const Watch& watch) noexcept {
        if (const auto error = validate(source, watch)) return error;
        return change([&]() POLLUX_REQUIRES(mutex_) {
            if (watches_.contains(source)) return make_error_code(std::errc::file_exists);
            Watches added;
            const auto watched = added.emplace(added.end(), context_, source, watch);
            if (const auto error = register_source(*watched)) return error;
            interrupt();
            watches_.emplace(source, watched);
            resting_.splice(resting_.end(), added);
            begin(watched, watch);
            return std::error_code();
        });
    }

    std::error_code modify(Source source, const Watch& watch) noexcept {
        if (const auto error = validate(source, watch)) return error;
        return change([&]() POLLUX_REQUIRES(mutex_) {
            const auto found = watches_.find(source);
            // Asio would continue with a file that was closed while registered.
            if (found == watches_.end() || !found->second->is_same_file())
                return make_error_code(std::errc::no_such_file_or_directory);
            interrupt();
            begin(found->second, watch);
            return std::error_code();
        });
    }

    std::error_code remove(Source source) noexcept {
        return change([&]() POLLUX_REQUIRES(mutex_) {
            const auto found = watches_.find(source);
            if (found == watches_.end()) return make_error_code(std::errc::no_such_file_or_directory);
            list_of(*found->second).erase(found->second);
            watches_.erase(found);
            return std::error_code();
        });
    }

    std::error_code wake() noexcept {
        return change([&]() POLLUX_REQUIRES(mutex_) {
            interrupt();
            set_due(wake_, true);
            return std::error_code();
        });
    }

  private:
    std::error_code change(auto&& step) noexcept try {
        const MutexLock lock(mutex_);
        return step();
    } catch (...) {
        return caught();
    }

    /// Ends the sleep of select(), once. A change calls it first: if it throws, nothing was changed.
    void interrupt() POLLUX_REQUIRES(mutex_) {
        if (!asleep_) return;
        if (const int error = own_.interrupt())
            throw boost::system::system_error(error, boost::system::system_category());
        boost::asio::post(context_, [] {});
        asleep_ = false;
    }

    /// Begins a watch; waits of an older watch of the source are void.
    void begin(Watches::iterator watched, const Watch& watch) noexcept POLLUX_REQUIRES(mutex_) {
        boost::system::error_code ignored; // it is open
        watched->descriptor.cancel(ignored);
        watched->watch = {watch.token, watch.interest & promises, watch.mode};
        watched->generation = ++generations_;
        watched->waiting = {};
        watched->wait_failed = watched->wait_ended = watched->is_unexplained = false;
        set_due(watched, any(watched->watch.interest));
    }

    Watches& list_of(const Watched& watched) noexcept POLLUX_REQUIRES(mutex_) { return watched.due ? due_ : resting_; }

    /// A watch that is due already keeps its turn.
    void set_due(Watches::iterator watched, bool due) noexcept POLLUX_REQUIRES(mutex_) {
        if (watched->due == due) return;
        auto& from = list_of(*watched);
        watched->due = due;
        auto& to = list_of(*watched);
        to.splice(to.end(), from, watched);
    }

    /// Runs handlers that are ready; not without a bound, as another thread may write faster than this reads.
    void collect_ended_waits() {
        for (int i = 0; i < 256 && context_.poll_one() != 0; ++i) {}
    }

    void end_wait(Source source, std::uint64_t generation, std::size_t direction, bool failed) {
        const MutexLock lock(mutex_);
        const auto found = watches_.find(source);
        if (found == watches_.end() || found->second->generation != generation) return;
        found->second->waiting[direction] = false;
        found->second->wait_failed = failed;
        found->second->wait_ended = true;
        set_due(found->second, true);
    }

    /// Polls each due watch once, in turn, and reports those that are ready. If there are none, the sleep that follows
    /// may be interrupted.
    std::size_t report_due(std::span<Event> buffer, std::error_code& error) noexcept {
        const MutexLock lock(mutex_);
        std::size_t count = 0;
        for (auto unseen = due_.size(); unseen > 0 && count < buffer.size(); --unseen) {
            const auto watched = due_.begin();
            std::error_code failure;
            const auto ready = watched == wake_ ? Ready::none : poll_now(*watched, failure);
            if (watched == wake_ || any(ready)) buffer[count++] = {watched->watch.token, ready};
            if (watched == wake_) {
                set_due(watched, false);
            } else if (!any(ready)) {
                if (!failure) failure = wait_for(*watched);
                if (failure && count == 0) error = failure;
                if (failure) break; // it stays due
                set_due(watched, false);
            } else if (watched->watch.mode == Mode::level) {
                due_.splice(due_.end(), due_, watched);
            } else {
                begin(watched, {watched->watch.token, Ready::none, watched->watch.mode});
            }
        }
        asleep_ = count == 0;
        return count;
    }

    std::error_code wait_for(Watched& watched) noexcept POLLUX_REQUIRES(mutex_) try {
        for (std::size_t i = 0; i < directions.size(); ++i) {
            if (watched.waiting[i] || !any(watched.watch.interest & directions[i].ready)) continue;
            watched.descriptor.async_wait(directions[i].wait,
                                          [this, source = watched.source, generation = watched.generation,
                                           i](const auto& error) { end_wait(source, generation, i, bool(error)); });
            watched.waiting[i] = true;
        }
        return {};
    } catch (...) {
        return caught();
    }

    boost::asio::io_context context_{1}; // one thread at a time runs it
    const OwnDescriptors own_ = open_reactor(context_);
    // While work is expected, the reactor sleeps instead of returning.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};

    Mutex mutex_;
    Watches due_ POLLUX_GUARDED_BY(mutex_);     // the next select() polls these
    Watches resting_ POLLUX_GUARDED_BY(mutex_); // Asio waits for these, unless they are paused or spent
    Watches::iterator wake_ POLLUX_GUARDED_BY(mutex_);
    std::unordered_map<Source, Watches::iterator> watches_ POLLUX_GUARDED_BY(mutex_);
    std::uint64_t generations_ POLLUX_GUARDED_BY(mutex_) = 0;
    bool asleep_ POLLUX_GUARDED_BY(mutex_) = false; // and not interrupted yet

    static inline std::atomic<Queue*> abandoned_ = nullptr;
    Queue* next_ = nullptr; // of those abandoned
};

class Asio final : public Selector, private Registrator {
  public:
    bool open(const OpenRequest&, OpenFailure& failure) noexcept try {
        const posix::StandardStreams taken;
        queue_ = std::make_unique<Queue>();
        return true;
    } catch (...) {
        failure.set(caught(), "boost::asio::io_context");
        return false;
    }
    ~Asio() override {
        if (!owner_.is_current()) Queue::abandon(queue_.release());
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // not always: clear() calls system_category()
        if (!owner_.is_current()) error = other_process();
        if (buffer.empty()) error = make_error_code(std::errc::invalid_argument);
        return error ? std::span<const Event>() : queue_->select(buffer, timeout, error);
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        return owner_.is_current() ? queue_->add(source, watch) : other_process();
    }
    std::error_code modify(Source source, const Watch& watch) noexcept override {
        return owner_.is_current() ? queue_->modify(source, watch) : other_process();
    }
    std::error_code remove(Source source) noexcept override {
        return owner_.is_current() ? queue_->remove(source) : other_process();
    }
    std::error_code wake() noexcept override { return owner_.is_current() ? queue_->wake() : other_process(); }

    static std::error_code other_process() noexcept { return make_error_code(std::errc::no_such_process); }

    OwnerProcess owner_;
    std::unique_ptr<Queue> queue_;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("asio", -10,
                       "Boost.Asio, the reference: to compare with, and for programs whose io_context runs anyway");
const pollux::Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<Asio>, &own_capabilities);
