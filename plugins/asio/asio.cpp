// SPDX-License-Identifier: BSL-1.0
// The Boost.Asio backend: a foreign event loop behind the seam, and the second opinion on a rule.
//
//     add, modify ──▶ due ──▶ look: poll(2), no sleep ──▶ events
//                      ▲        │ not ready
//                      └────────┴──▶ async_wait() while the reactor of Asio sleeps
//
// Asio says when to look, poll(2) says what is there. A wait of Asio is for one direction, its end carries no
// conditions and may stem from before a change; a look under the lock makes one true event of it.
//
// A forked child shares the epoll set of Asio with its parent, and Asio's destructors change it. There the descriptors
// are closed, and everything else is left as it is.
#include "reactor.hpp"
#include "watched.hpp"

#include <pollux/deadline.hpp>
#include <pollux/plugin.hpp>
#include <pollux/process.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cerrno>
#include <mutex>
#include <new>
#include <unordered_map>

namespace {

using namespace pollux;
using namespace pollux::asio_backend;

/// The watches, and the io_context that waits for them. Its calls are those of Selector and Registrator, in the process
/// that made it.
class Queue {
  public:
    Queue() { wake_ = resting_.emplace(resting_.end(), context_, -1, Watch{wake_token, Ready::none, Mode::oneshot}); }
    ~Queue() = default;
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    /// Leaves a Queue of another process as it is, but for the descriptors, and keeps it where leak detectors find it.
    static void abandon(Queue* queue) noexcept {
        queue->own_.close();
        queue->next_ = abandoned_.load(std::memory_order_relaxed);
        while (!abandoned_.compare_exchange_weak(queue->next_, queue, std::memory_order_release)) {}
    }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept try {
        const Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        for (;;) {
            if (!own_.are_open()) {
                error = make_error_code(std::errc::bad_file_descriptor);
                return {};
            }
            collect_ended_waits();
            const auto count = look(buffer, error);
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
        return change([&] {
            if (watches_.contains(source)) return make_error_code(std::errc::file_exists);
            Watches added;
            const auto place = added.emplace(added.end(), context_, source, watch);
            if (const auto error = hand_over(*place)) return error;
            interrupt();
            watches_.emplace(source, place);
            resting_.splice(resting_.end(), added);
            begin(place, watch);
            return std::error_code();
        });
    }

    std::error_code modify(Source source, const Watch& watch) noexcept {
        if (const auto error = validate(source, watch)) return error;
        return change([&] {
            const auto found = watches_.find(source);
            // Asio would go on with a file that was closed behind it.
            if (found == watches_.end() || !found->second->is_same_file())
                return make_error_code(std::errc::no_such_file_or_directory);
            interrupt();
            begin(found->second, watch);
            return std::error_code();
        });
    }

    std::error_code remove(Source source) noexcept {
        return change([&] {
            const auto found = watches_.find(source);
            if (found == watches_.end()) return make_error_code(std::errc::no_such_file_or_directory);
            list_of(*found->second).erase(found->second);
            watches_.erase(found);
            return std::error_code();
        });
    }

    std::error_code wake() noexcept {
        return change([&] {
            interrupt();
            set_due(wake_, true);
            return std::error_code();
        });
    }

  private:
    std::error_code change(auto&& step) noexcept try {
        const std::lock_guard lock(mutex_);
        return step();
    } catch (...) {
        return caught();
    }

    /// Ends the sleep of select(), once. What can throw comes first in a change: if this does, nothing was changed.
    void interrupt() {
        if (!asleep_) return;
        if (!own_.are_open()) throw boost::system::system_error(EBADF, boost::system::system_category());
        boost::asio::post(context_, [] {});
        asleep_ = false;
    }

    /// From now on this is what is watched; whatever waited for an older watch of the source is void.
    void begin(Watches::iterator place, const Watch& watch) noexcept {
        boost::system::error_code ignored; // it is open
        place->descriptor.cancel(ignored);
        place->watch = {watch.token, watch.interest & promises, watch.mode};
        place->generation = ++generations_;
        place->waiting = {};
        place->wait_failed = false;
        set_due(place, any(place->watch.interest));
    }

    Watches& list_of(const Watched& watched) noexcept { return watched.due ? due_ : resting_; }

    /// What is due already keeps its turn.
    void set_due(Watches::iterator place, bool due) noexcept {
        if (place->due == due) return;
        auto& from = list_of(*place);
        place->due = due;
        auto& to = list_of(*place);
        to.splice(to.end(), from, place);
    }

    /// Runs what Asio has ready; not for ever, as another thread may write faster than this reads.
    void collect_ended_waits() {
        for (int i = 0; i < 256 && context_.poll_one() != 0; ++i) {}
    }

    void end_wait(Source source, std::uint64_t generation, std::size_t direction, bool failed) {
        const std::lock_guard lock(mutex_);
        const auto found = watches_.find(source);
        if (found == watches_.end() || found->second->generation != generation) return;
        found->second->waiting[direction] = false;
        found->second->wait_failed = failed;
        set_due(found->second, true);
    }

    /// The events of what is due, each once, in turn. If there are none, others may interrupt the sleep that follows.
    std::size_t look(std::span<Event> buffer, std::error_code& error) noexcept {
        const std::lock_guard lock(mutex_);
        std::size_t count = 0;
        for (auto unseen = due_.size(); unseen > 0 && count < buffer.size(); --unseen) {
            const auto place = due_.begin();
            std::error_code failure;
            const auto ready = place == wake_ ? Ready::none : poll_now(*place, failure);
            if (place == wake_ || any(ready)) buffer[count++] = {place->watch.token, ready};
            if (place == wake_) {
                set_due(place, false);
            } else if (!any(ready)) {
                if (!failure) failure = wait_for(*place);
                if (failure && count == 0) error = failure;
                if (failure) break; // due as before
                set_due(place, false);
            } else if (place->watch.mode == Mode::level) {
                due_.splice(due_.end(), due_, place);
            } else {
                begin(place, {place->watch.token, Ready::none, place->watch.mode});
            }
        }
        asleep_ = count == 0;
        return count;
    }

    std::error_code wait_for(Watched& watched) noexcept try {
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

    std::mutex mutex_; // all that follows
    Watches due_;      // select() looks at these
    Watches resting_;  // Asio waits for these, or nobody does
    Watches::iterator wake_;
    std::unordered_map<Source, Watches::iterator> watches_;
    std::uint64_t generations_ = 0;
    bool asleep_ = false; // and not interrupted yet

    static inline std::atomic<Queue*> abandoned_ = nullptr;
    Queue* next_ = nullptr; // of those abandoned
};

class Asio final : public Selector, private Registrator {
  public:
    explicit Asio(std::unique_ptr<Queue> queue) : queue_(std::move(queue)) {}
    ~Asio() override {
        if (!owner_.is_current()) Queue::abandon(queue_.release());
    }

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // which looks up the category
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

std::unique_ptr<Selector> open(OpenFailure& failure) noexcept try {
    const StandardStreams taken;
    return std::make_unique<Asio>(std::make_unique<Queue>());
} catch (...) {
    failure = {caught(), "boost::asio::io_context"};
    return nullptr;
}

} // namespace

POLLUX_DESCRIBE_PLUGIN("asio", -10,
                       "Boost.Asio, the reference: for a second opinion, and where its io_context runs anyway");
const pollux::Plugin pollux_plugin{
    .interface_version = pollux::interface_version,
    .size = sizeof(pollux::Plugin),
    .abi = pollux::abi_tag,
    .name = pollux_description.name,
    .summary = pollux_description.summary,
    .rank = pollux_description.rank,
    .capabilities =
        {
            .oneshot = {Support::native},
            .level = {Support::emulated, "async_wait() ends once: what was ready is looked at again by each select()"},
            .edge = {Support::unsupported,
                     "async_wait() tells states, not arrivals: on what is still ready, a new wait ends at once"},
            .sockets = {Support::native},
            .pipes = {Support::native},
            .files = {Support::emulated, "Asio cannot wait for files and directories: a look finds them ready"},
            .priority = {Support::native},
            // Asio's reactor sleeps in whole milliseconds, rounded up; the second one is the scheduler's.
            .timeout_resolution = std::chrono::milliseconds(2),
        },
    .open = open,
};
