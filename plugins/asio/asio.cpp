// SPDX-License-Identifier: BSL-1.0
// The Boost.Asio backend: a foreign event loop behind the seam, and the second opinion on a rule.
//
//     add, modify ──▶ due ──▶ look: poll(2), no sleep ──▶ events
//                      ▲        │ not ready
//                      └────────┴──▶ async_wait() while io_context::run_one() sleeps
//
// Asio says when to look, poll(2) says what is there. A wait of Asio is for one direction, its end carries no
// conditions and may stem from before a change; a look under the lock makes one true event of it.
#include <pollux/deadline.hpp>
#include <pollux/plugin.hpp>
#include <pollux/posix.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <list>
#include <mutex>
#include <new>
#include <unordered_map>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#if !defined(BOOST_ASIO_HAS_EPOLL) || defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#error "Asio's other reactors break rules of the contract: docs/decisions/0015-asio-is-the-reference.md says which"
#endif

namespace {

using namespace pollux;
using posix::check;
using Descriptor = boost::asio::posix::stream_descriptor;

struct Direction {
    Ready ready;
    short polled;
    Descriptor::wait_type wait;
};
constexpr std::array directions{
    Direction{Ready::readable, POLLIN, Descriptor::wait_read},
    Direction{Ready::writable, POLLOUT, Descriptor::wait_write},
    Direction{Ready::priority, POLLPRI, Descriptor::wait_error},
};
constexpr Ready promises = Ready::readable | Ready::writable | Ready::priority;

/// As the program knows errors: Asio's own categories live in this plugin.
std::error_code portable(const boost::system::error_code& error) noexcept {
    if (!error) return {};
    const bool is_errno = error.category() == boost::system::system_category();
    return is_errno ? std::error_code(error.value(), std::generic_category()) : make_error_code(std::errc::io_error);
}

/// The exception under way; none may leave the plugin.
std::error_code caught() noexcept {
    try {
        throw;
    } catch (const boost::system::system_error& failure) {
        return portable(failure.code());
    } catch (const std::bad_alloc&) {
        return make_error_code(std::errc::not_enough_memory);
    } catch (...) {
        return make_error_code(std::errc::io_error);
    }
}

struct Watched {
    Watched(boost::asio::io_context& context, Source number, const Watch& asked)
        : descriptor(context), source(number), watch(asked) {}
    ~Watched() {
        if (descriptor.is_open()) descriptor.release(); // Asio would close it
    }
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

    Descriptor descriptor;
    Source source;
    Watch watch;                  // without interest when paused or spent
    std::uint64_t generation = 0; // of the watch: what waited for an older one finds out by this
    std::array<bool, directions.size()> waiting{};
    bool wait_failed = false;
    bool due = false; // in which of the two lists
};
using Watches = std::list<Watched>;

/// Before its first wait Asio makes a descriptor non-blocking, for operations that this backend does not use, and
/// remembers that it did. So it is told here, once, and what was changed is changed back. One at a time, as two
/// Selectors may take the same source, and the second must not take the first one's change for the caller's.
std::error_code hand_over(Watched& watched) {
    static std::mutex changing;
    const std::lock_guard lock(changing);
    const int flags = fcntl(watched.source, F_GETFL);
    if (flags == -1) return check(flags);
    boost::system::error_code error;
    watched.descriptor.assign(watched.source, error);
    if (!error) watched.descriptor.native_non_blocking(true, error);
    if (int off = 0; !error && !(flags & O_NONBLOCK)) return check(ioctl(watched.source, FIONBIO, &off));
    return portable(error);
}

/// What is ready of a watch, at this moment.
Ready look_at(Watched& watched) noexcept {
    pollfd seen{watched.source, 0, 0};
    for (const auto& direction : directions) {
        if (any(watched.watch.interest & direction.ready))
            seen.events = static_cast<short>(seen.events | direction.polled);
    }
    while (poll(&seen, 1, 0) == -1 && errno == EINTR) {}
    Ready ready = Ready::none;
    for (const auto& direction : directions) {
        if (seen.revents & direction.polled) ready |= direction.ready;
    }
    if (seen.revents & (POLLHUP | POLLERR)) ready |= Ready::readable | Ready::writable;
    if (seen.revents & POLLHUP) ready |= Ready::closed;
    if (seen.revents & POLLERR) ready |= Ready::failed;
    // Closed without remove(), and perhaps opened again: there is nothing that could be waited for.
    if ((seen.revents & POLLNVAL) || (watched.wait_failed && !any(ready))) watched.watch.interest = Ready::none;
    return ready;
}

std::error_code refusal_of(Source source, const Watch& watch) noexcept {
    if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);
    if (watch.mode != Mode::oneshot && watch.mode != Mode::level)
        return make_error_code(std::errc::operation_not_supported);
    return check(fcntl(source, F_GETFD));
}

class Asio final : public Selector, private Registrator {
  public:
    // The descriptor in the watch of wakes is never opened, but makes Asio open its reactor now, not in the first
    // add().
    Asio() { wake_ = resting_.emplace(resting_.end(), context_, -1, Watch{wake_token, Ready::none, Mode::oneshot}); }

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override
        try {
        if (error) error.clear(); // which looks up the category
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
            return {};
        }
        const Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        for (;;) {
            collect_ended_waits();
            const auto count = look(buffer, error);
            if (count != 0 || error) return buffer.first(count);
            const auto left = deadline.left();
            if (!timeout) {
                context_.run_one();
            } else if (left == left.zero()) {
                return {};
            } else {
                context_.run_one_for(std::min<std::chrono::nanoseconds>(left, std::chrono::hours(1)));
            }
        }
    } catch (...) {
        error = caught();
        return {};
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        if (const auto error = refusal_of(source, watch)) return error;
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

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = refusal_of(source, watch)) return error;
        return change([&] {
            const auto found = watches_.find(source);
            if (found == watches_.end()) return make_error_code(std::errc::no_such_file_or_directory);
            interrupt();
            begin(found->second, watch);
            return std::error_code();
        });
    }

    std::error_code remove(Source source) noexcept override {
        return change([&] {
            const auto found = watches_.find(source);
            if (found == watches_.end()) return make_error_code(std::errc::no_such_file_or_directory);
            list_of(*found->second).erase(found->second);
            watches_.erase(found);
            return std::error_code();
        });
    }

    std::error_code wake() noexcept override {
        return change([&] {
            interrupt();
            set_due(wake_, true);
            return std::error_code();
        });
    }

    std::error_code change(auto&& step) noexcept try {
        const std::lock_guard lock(mutex_);
        return step();
    } catch (...) {
        return caught();
    }

    /// Ends the sleep of select(), once. What can throw comes first in a change: if this does, nothing was changed.
    void interrupt() {
        if (!asleep_) return;
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
            const auto ready = place == wake_ ? Ready::none : look_at(*place);
            if (place == wake_ || any(ready)) buffer[count++] = {place->watch.token, ready};
            if (place == wake_) {
                set_due(place, false);
            } else if (!any(ready)) {
                const auto failure = wait_for(*place);
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
    // While it is expected, run_one() sleeps instead of returning.
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};

    std::mutex mutex_; // all that follows
    Watches due_;      // select() looks at these
    Watches resting_;  // Asio waits for these, or nobody does
    Watches::iterator wake_;
    std::unordered_map<Source, Watches::iterator> watches_;
    std::uint64_t generations_ = 0;
    bool asleep_ = false; // and not interrupted yet
};

std::unique_ptr<Selector> open(OpenFailure& failure) noexcept try { return std::make_unique<Asio>(); } catch (...) {
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
