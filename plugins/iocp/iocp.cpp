// SPDX-License-Identifier: BSL-1.0
// The IOCP backend: readiness of sockets on a completion port of Windows, by the poll of AFD.
//
//     add, modify ──▶ one poll per socket ──▶ AFD ──packet──▶ completion port ──▶ select() ──▶ events
//                        ▲                                          │
//                        └── due: reported level watches, at the next select()
//
// A poll ends once, with all that is ready at that moment: that is one-shot. Level is to poll again at the next
// select(). A poll cannot be changed, so modify() cancels it, and whoever takes its packet polls for the new watch. The
// packet of a poll always comes, and until then the kernel may write into its Watched.
#include "watched.hpp"

#include <pollux/deadline.hpp>
#include <pollux/pending_wake.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

namespace {

using namespace pollux;
using iocp::Packet;
using iocp::Watched;

constexpr std::size_t batch_size = 128;
constexpr std::size_t many_removed = 256; // their memory and packets are worth a look into the port
char wake_key;                            // its address is the key of wakes

std::error_code refusal_of(const Watch& watch) noexcept {
    if (is_reserved(watch.token)) return make_error_code(std::errc::invalid_argument);
    if (watch.mode != Mode::oneshot && watch.mode != Mode::level)
        return make_error_code(std::errc::operation_not_supported);
    return {};
}

std::error_code unknown() noexcept { return make_error_code(std::errc::no_such_file_or_directory); }
std::error_code no_memory() noexcept { return make_error_code(std::errc::not_enough_memory); }
std::error_code last_error() noexcept { return {static_cast<int>(GetLastError()), std::system_category()}; }

class Iocp final : public Selector, private Registrator {
  public:
    Iocp() = default;
    ~Iocp() override {
        for (auto& [source, watched] : table_) {
            if (watched->poll == Watched::Poll::pending) watched->cancel();
        }
        while (under_way_ > 0 && sweep(forever)) {}
        // A port that was closed tells of no poll that is over: the kernel may still write into these.
        for (auto& [source, watched] : table_) {
            if (watched->poll != Watched::Poll::none) static_cast<void>(watched.release());
        }
        for (auto* watched = std::exchange(due_, nullptr); watched;) {
            auto* const next = watched->next_due;
            if (watched->removed) delete watched;
            watched = next;
        }
        if (port_) CloseHandle(port_);
        if (winsock_) WSACleanup();
    }

    bool open(OpenFailure& failure) {
        // Counted by Windows: whoever watches sockets has it already.
        WSADATA data;
        if (const int error = WSAStartup(MAKEWORD(2, 2), &data)) {
            failure = {{error, std::system_category()}, "WSAStartup"};
            return false;
        }
        winsock_ = true;
        port_ = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
        if (!port_) {
            failure = {last_error(), "CreateIoCompletionPort"};
            return false;
        }
        return devices_.open(port_, failure);
    }

    Registrator& registrator() noexcept override { return *this; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // which looks up the category
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
            return {};
        }
        const Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        auto count = begin_select(buffer);
        std::array<Packet, batch_size> packets;
        while (count < buffer.size()) {
            const auto room = std::min(buffer.size() - count, batch_size);
            const auto left = count > 0 ? Timeout(std::chrono::nanoseconds::zero())
                              : timeout ? Timeout(deadline.left())
                                        : forever;
            const auto taken = take(std::span(packets).first(room), left, error);
            const bool polled_again = collect(taken, buffer, count);
            const bool is_over = taken.empty() && left && *left == left->zero();
            // What was polled again may be ready: one more look.
            if (error || is_over || (count > 0 && taken.size() < room && !polled_again)) break;
        }
        selecting_.store(false, std::memory_order_release);
        if (count > 0) error.clear(); // what was taken has to be told first
        return buffer.first(count);
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override try {
        if (const auto error = refusal_of(watch)) return error;
        std::error_code error;
        const auto base = iocp::base_of(source, error);
        if (error) return error;
        const std::lock_guard lock(mutex_);
        const auto [place, is_new] = table_.try_emplace(source);
        if (!is_new) return make_error_code(std::errc::file_exists);
        error = watch_in(place->second, base, watch);
        if (error) table_.erase(place);
        return error;
    } catch (const std::bad_alloc&) {
        return no_memory();
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = refusal_of(watch)) return error;
        std::error_code error;
        iocp::base_of(source, error);
        if (error) return error == std::errc::bad_file_descriptor ? error : unknown();
        const std::lock_guard lock(mutex_);
        const auto place = table_.find(source);
        if (place == table_.end()) return unknown();
        auto& watched = *place->second;
        const auto before = std::exchange(watched.watch, watch);
        const bool was_armed = std::exchange(watched.armed, iocp::asks(watch));
        if (watched.poll == Watched::Poll::pending) {
            watched.cancel();
        } else if (watched.poll == Watched::Poll::none && watched.armed && !watched.due) {
            error = begin(watched);
            if (error) {
                watched.watch = before;
                watched.armed = was_armed;
            }
        }
        return error;
    }

    std::error_code remove(Source source) noexcept override {
        const std::lock_guard lock(mutex_);
        const auto place = table_.find(source);
        if (place == table_.end()) return unknown();
        auto& watched = *place->second;
        devices_.leave(*watched.device);
        if (watched.poll == Watched::Poll::pending) watched.cancel();
        if (watched.poll != Watched::Poll::none) ++removed_;
        if (watched.poll != Watched::Poll::none || watched.due) {
            watched.removed = true;
            static_cast<void>(place->second.release());
        }
        table_.erase(place);
        // Who never calls select() would pile them up.
        if (removed_ > many_removed && !selecting_.load(std::memory_order_acquire))
            sweep(std::chrono::nanoseconds::zero());
        return {};
    }

    std::error_code wake() noexcept override {
        return pending_.wake([this] {
            const bool posted = PostQueuedCompletionStatus(port_, 0, reinterpret_cast<ULONG_PTR>(&wake_key), nullptr);
            return posted ? std::error_code() : last_error();
        });
    }

    /// Makes a Watched and begins its poll. Under the lock, as all that follows.
    std::error_code watch_in(std::unique_ptr<Watched>& place, SOCKET base, const Watch& watch) noexcept {
        std::error_code error;
        auto* const device = devices_.join(error);
        if (!device) return error;
        place.reset(new (std::nothrow) Watched(*device, base, watch));
        error = !place ? no_memory() : place->armed ? begin(*place) : error;
        if (error) devices_.leave(*device);
        return error;
    }

    std::error_code begin(Watched& watched) noexcept {
        const auto error = watched.begin();
        if (!error) ++under_way_;
        return error;
    }

    /// Polls where nobody can be told of a failure: what is not open any more stays silent until remove(), and what
    /// there was no memory for is tried again by the next select().
    void begin_or_wait(Watched& watched) noexcept {
        const auto error = begin(watched);
        if (error == std::errc::bad_file_descriptor) {
            watched.armed = false;
        } else if (error) {
            make_due(watched);
        }
    }

    void make_due(Watched& watched) noexcept {
        watched.due = true;
        watched.next_due = std::exchange(due_, &watched);
    }

    void poll_due() noexcept {
        for (auto* watched = std::exchange(due_, nullptr); watched;) {
            auto* const next = watched->next_due;
            watched->due = false;
            if (watched->removed) {
                delete watched;
            } else if (watched->armed) {
                begin_or_wait(*watched);
            }
            watched = next;
        }
    }

    /// Polls what is due, and reports a wake that sweep() took.
    std::size_t begin_select(std::span<Event> buffer) noexcept {
        const std::lock_guard lock(mutex_);
        selecting_.store(true, std::memory_order_relaxed);
        poll_due();
        if (!std::exchange(wake_swept_, false)) return 0;
        buffer[0] = wake_event();
        return 1;
    }

    Event wake_event() noexcept {
        pending_.collect();
        return {wake_token, Ready::none};
    }

    /// Takes packets from the port. Not under the lock.
    std::span<const Packet> take(std::span<Packet> room, Timeout timeout, std::error_code& error) noexcept {
        using Units = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
        LARGE_INTEGER wait{}; // negative: from now on
        if (timeout) wait.QuadPart = -std::chrono::ceil<Units>(*timeout).count();
        ULONG count = 0;
        const auto status = iocp::NtRemoveIoCompletionEx(port_, room.data(), static_cast<ULONG>(room.size()), &count,
                                                         timeout ? &wait : nullptr, FALSE);
        error = iocp::error_of(status);
        return room.first(status == iocp::status_success ? count : 0);
    }

    /// The poll of the packet is over. Null if its watch was removed meanwhile, and is gone now.
    Watched* settled(const Packet& packet) noexcept {
        auto* const watched = static_cast<Watched*>(packet.context);
        --under_way_;
        watched->poll = Watched::Poll::none;
        if (!watched->removed) return watched;
        --removed_;
        delete watched;
        return nullptr;
    }

    /// Turns packets into events, as many at most. Whether any source was polled again.
    bool collect(std::span<const Packet> packets, std::span<Event> buffer, std::size_t& count) noexcept {
        const std::lock_guard lock(mutex_);
        bool polled_again = false;
        for (const auto& packet : packets) {
            if (packet.key == &wake_key) {
                buffer[count++] = wake_event();
                continue;
            }
            const bool is_wanted = static_cast<Watched*>(packet.context)->poll == Watched::Poll::pending;
            auto* const watched = settled(packet);
            if (!watched || !watched->armed) continue;
            const auto ready = is_wanted ? watched->found() : Ready::none;
            if (any(ready)) {
                buffer[count++] = {watched->watch.token, ready};
                watched->armed = watched->watch.mode == Mode::level;
                if (watched->armed) make_due(*watched);
            } else if (watched->armed) {
                begin_or_wait(*watched);
                polled_again = true;
            }
        }
        return polled_again;
    }

    /// Takes packets while no select() does. What they report is polled again by the next one, so nothing is lost.
    /// False when the port gives none, as it was closed.
    bool sweep(Timeout timeout) noexcept {
        std::array<Packet, batch_size> packets;
        std::error_code error;
        for (const auto& packet : take(packets, timeout, error)) {
            if (packet.key == &wake_key) {
                wake_swept_ = true;
            } else if (auto* const watched = settled(packet); watched && watched->armed) {
                make_due(*watched);
            }
        }
        return !error;
    }

    bool winsock_ = false;
    HANDLE port_ = nullptr;
    PendingWake<> pending_;
    std::atomic<bool> selecting_ = false; // set under the lock

    std::mutex mutex_; // guards what follows
    iocp::Devices devices_;
    std::unordered_map<Source, std::unique_ptr<Watched>> table_;
    Watched* due_ = nullptr;    // to be polled by the next select()
    std::size_t under_way_ = 0; // polls whose packet was not taken
    std::size_t removed_ = 0;   // of those, whose watch is gone
    bool wake_swept_ = false;   // the packet of a wake was taken, and its event is still owed
};

std::unique_ptr<Selector> open(OpenFailure& failure) noexcept try {
    auto selector = std::make_unique<Iocp>();
    return selector->open(failure) ? std::move(selector) : nullptr;
} catch (const std::bad_alloc&) {
    failure = {no_memory(), "allocate"};
    return nullptr;
}

} // namespace

POLLUX_DESCRIBE_PLUGIN("iocp", 100, "Windows completion ports, with readiness by the poll of AFD");
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
            .level = {Support::emulated, "a poll of AFD ends once: a reported source is polled again by each select()"},
            .edge = {Support::unsupported, "the poll of AFD tells states, not arrivals"},
            .sockets = {Support::native},
            .pipes = {Support::unsupported, "AFD knows sockets only: a pipe or console gets operation_not_supported"},
            .files = {Support::unsupported, "AFD knows sockets only: a file gets operation_not_permitted"},
            .priority = {Support::native},
            // The clock's tick, which a wait ends with.
            .timeout_resolution = std::chrono::milliseconds(16),
        },
    .open = open,
};
