// SPDX-License-Identifier: BSL-1.0
// A backend for the frozen headers of version 2, which uses all of them: poll(2) of a copy of its table.
#include <pollux/deadline.hpp>
#include <pollux/pending_wake.hpp>
#include <pollux/posix.hpp>
#include <pollux/process.hpp>
#include <pollux/toolkit.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

namespace {

using namespace pollux;
using posix::check;

const Capabilities own_capabilities{
    .oneshot = {Support::emulated, "the backend of version 2 hides a spent watch"},
    .level = {Support::native},
    .edge = {Support::unsupported, "the backend of version 2 knows states, not arrivals"},
    .sockets = {Support::native},
    .pipes = {Support::native},
    .files = {Support::unsupported, "the backend of version 2 refuses files"},
    .priority = {Support::unsupported, "the backend of version 2 does not request it"},
    .timeout_resolution = std::chrono::milliseconds(2),
};

constexpr Option options[] = {{"most", "64", "events that one select() returns, from 1 to 4096"},
                              {"fails", "", "if it is given, open() fails, and states it"}};

std::error_code validate(Source source, const Watch& watch) noexcept {
    if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
    return check(fcntl(source, F_GETFD));
}

bool is_file(Source source) noexcept {
    struct stat status {};
    return fstat(source, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

class Backend final : public Selector, private Registrator {
  public:
    ~Backend() override {
        for (const int end : pair_) {
            if (end != -1) close(end);
        }
    }

    bool open(const OpenRequest& request, OpenFailure& failure) {
        if (!toolkit::read_count(request, "most", 1, 4096, most_, failure)) return false;
        if (const auto text = request.option("fails"); !text.empty()) {
            failure.set(make_error_code(std::errc::permission_denied), "frozen_step", text);
            return false;
        }
        const auto error = posix::open_pair(pair_);
        if (error) failure.set(error, "socketpair");
        return !error;
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override
        try {
        error.clear();
        if (buffer.empty()) error = make_error_code(std::errc::invalid_argument);
        if (!owner_.is_current()) error = make_error_code(std::errc::no_such_process);
        if (error) return {};
        buffer = buffer.first(std::min<std::size_t>(buffer.size(), most_));
        const Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        for (;;) {
            const auto count = collect(buffer, error);
            if (count != 0 || error) return buffer.first(count);
            const auto left = timeout ? deadline.left() : std::chrono::nanoseconds::max();
            if (left == left.zero()) return {};
            if (!sleep(timeout ? posix::to_milliseconds(left) : -1, error)) return {};
        }
    } catch (const std::exception&) {
        error = make_error_code(std::errc::not_enough_memory);
        return {};
    }

  private:
    struct Entry {
        pollfd polled; // with the complement of its descriptor while it is paused or spent
        Token token;
        bool is_oneshot;

        Source source() const noexcept { return polled.fd < 0 ? ~polled.fd : polled.fd; }
        void set(Source source, const Watch& watch) noexcept {
            short events = 0;
            if (any(watch.interest & Ready::readable)) events |= POLLIN;
            if (any(watch.interest & Ready::writable)) events |= POLLOUT;
            polled = {events == 0 ? ~source : source, events, 0};
            token = watch.token;
            is_oneshot = watch.mode == Mode::oneshot;
        }
    };

    static Ready ready_of(short events) noexcept {
        Ready ready = Ready::none;
        if (events & (POLLIN | POLLHUP | POLLERR)) ready |= Ready::readable;
        if (events & (POLLOUT | POLLHUP | POLLERR)) ready |= Ready::writable;
        if (events & POLLHUP) ready |= Ready::closed;
        if (events & POLLERR) ready |= Ready::failed;
        return ready;
    }

    auto find(Source source) noexcept {
        return std::find_if(table_.begin(), table_.end(),
                            [source](const Entry& entry) { return entry.source() == source; });
    }

    std::error_code add(Source source, const Watch& watch) noexcept override {
        if (const auto error = validate(source, watch)) return error;
        if (is_file(source)) return make_error_code(std::errc::operation_not_permitted);
        return change([&] {
            if (find(source) != table_.end()) return make_error_code(std::errc::file_exists);
            table_.push_back({});
            table_.back().set(source, watch);
            return std::error_code();
        });
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = validate(source, watch)) return error;
        return change([&] {
            const auto entry = find(source);
            if (entry == table_.end()) return make_error_code(std::errc::no_such_file_or_directory);
            entry->set(source, watch);
            return std::error_code();
        });
    }

    std::error_code remove(Source source) noexcept override {
        return change([&] {
            const auto entry = find(source);
            if (entry == table_.end()) return make_error_code(std::errc::no_such_file_or_directory);
            *entry = table_.back();
            table_.pop_back();
            return std::error_code();
        });
    }

    std::error_code wake() noexcept override {
        if (!owner_.is_current()) return make_error_code(std::errc::no_such_process);
        return pending_.wake([this] {
            woken_ = true;
            return posix::send_byte(pair_[1]);
        });
    }

    std::error_code change(auto&& step) noexcept try {
        if (!owner_.is_current()) return make_error_code(std::errc::no_such_process);
        const std::lock_guard lock(mutex_);
        if (is_asleep_) {
            if (const auto error = posix::send_byte(pair_[1])) return error;
        }
        return step();
    } catch (const std::exception&) {
        return make_error_code(std::errc::not_enough_memory);
    }

    /// Reports what is ready, round robin: the wake is behind the last watch.
    std::size_t collect(std::span<Event> buffer, std::error_code& error) {
        const std::lock_guard lock(mutex_);
        polled_.clear();
        for (const auto& entry : table_) polled_.push_back(entry.polled);
        if (posix::poll_now(polled_) == -1) error = check(-1);
        if (error) return 0;
        const std::size_t size = table_.size() + 1;
        std::size_t count = 0;
        for (std::size_t seen = 0; seen < size && count < buffer.size(); ++seen) {
            const std::size_t index = next_ < size ? next_ : 0;
            next_ = index + 1;
            if (index == table_.size()) {
                if (!woken_.exchange(false)) continue;
                pending_.collect();
                buffer[count++] = {wake_token, Ready::none};
            } else if (polled_[index].revents != 0) {
                auto& entry = table_[index];
                if (polled_[index].revents & POLLNVAL) continue; // closed while registered
                buffer[count++] = {entry.token, ready_of(polled_[index].revents)};
                if (entry.is_oneshot) entry.polled.fd = ~entry.polled.fd;
            }
        }
        return count;
    }

    bool sleep(int milliseconds, std::error_code& error) {
        {
            const std::lock_guard lock(mutex_);
            polled_.clear();
            for (const auto& entry : table_) polled_.push_back(entry.polled);
            polled_.push_back({pair_[0], POLLIN, 0});
            is_asleep_ = true;
        }
        const auto result = check(posix::poll_for(polled_, milliseconds));
        const std::lock_guard lock(mutex_);
        is_asleep_ = false;
        if (result && result != std::errc::interrupted) error = result;
        if (polled_.back().revents != 0 && !posix::drain(pair_[0]))
            error = make_error_code(std::errc::bad_file_descriptor);
        return !result && !error;
    }

    std::mutex mutex_;
    std::vector<Entry> table_;
    std::vector<pollfd> polled_; // select() only
    std::size_t next_ = 0;       // the index at which the next scan begins
    bool is_asleep_ = false;
    std::atomic<bool> woken_{false};
    PendingWake<> pending_;
    std::array<int, 2> pair_{-1, -1};
    std::uint32_t most_ = 0;
    OwnerProcess owner_;
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("frozen", 1000000, "a backend of version 2");
const pollux::Plugin pollux_plugin{
    .kind = pollux_description.kind,
    .rank = pollux_description.rank,
    .name = pollux_description.name,
    .summary = "a backend of version 2, as it was loaded",
    .capabilities = &own_capabilities,
    .options = options,
    .option_count = std::size(options),
    .open = toolkit::open_selector<Backend>,
};
