// SPDX-License-Identifier: BSL-1.0
// The IOCP backend: readiness of sockets on a completion port of Windows, by the poll of AFD.
//
//     add, modify ──▶ one poll per socket ──▶ AFD ──packet──▶ completion port ──▶ select() ──▶ events
//                        ▲                                          │
//                        └── due: reported level watches, at the next select()
//
// A poll completes once, with all that is ready at that moment: that is one-shot. For level, the next select() polls
// again. A poll cannot be changed, so modify() cancels it, and the thread that removes its packet polls for the new
// watch. Each poll has a packet, and until then the kernel may write into its Watched.
#include "watched.hpp"

#include <pollux/mutex.hpp>
#include <pollux/pending_wake.hpp>
#include <pollux/time/deadline.hpp>
#include <pollux/toolkit.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <new>
#include <unordered_map>
#include <utility>

namespace {

using namespace pollux;
using iocp::Packet;
using iocp::Watched;

constexpr std::size_t batch_size = 128;
constexpr std::size_t many_removed = 256; // as many removed watches make remove() free them
char wake_key;                            // its address is the key of wakes

std::error_code unknown() noexcept { return make_error_code(std::errc::no_such_file_or_directory); }
std::error_code no_memory() noexcept { return make_error_code(std::errc::not_enough_memory); }

/// What this backend can do on this system.
constexpr Capabilities own_capabilities{
    .oneshot = {Support::native},
    .level = {Support::emulated, "a poll of AFD completes once: each select() polls a reported source again"},
    .edge = {Support::unsupported, "the poll of AFD reports states, not arrivals"},
    .sockets = {Support::native},
    .pipes = {Support::unsupported,
              "AFD polls sockets only: add() of a pipe or console returns operation_not_supported"},
    .files = {Support::unsupported, "AFD polls sockets only: add() of a file returns operation_not_permitted"},
    .priority = {Support::native},
    // A wait ends with a tick of the clock.
    .timeout_resolution = std::chrono::milliseconds(16),
};

class Iocp final : public Selector, private Registrator {
  public:
    /// Errors: std::system_error. The first lock() of a mutex allocates memory; later ones do not fail.
    Iocp() { const MutexLock first(mutex_); }
    ~Iocp() override {
        for (auto& [source, watched] : table_) {
            if (watched->poll == Watched::Poll::pending) watched->cancel();
        }
        while (under_way_ > 0 && sweep(forever)) {}
        // A port that was closed reports no completion: the kernel may still write into these.
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

    bool open(const OpenRequest&, OpenFailure& failure) {
        // Windows counts the calls: a program that watches sockets has called it already.
        WSADATA data;
        if (const int error = WSAStartup(MAKEWORD(2, 2), &data)) {
            iocp::refuse(failure, "WSAStartup", static_cast<DWORD>(error));
            return false;
        }
        winsock_ = true;
        port_ = CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 1);
        if (!port_) {
            iocp::refuse(failure, "CreateIoCompletionPort", GetLastError());
            return false;
        }
        const MutexLock lock(mutex_);
        return devices_.open(port_, failure);
    }

    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return own_capabilities; }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (error) error.clear(); // not always: clear() calls system_category()
        if (buffer.empty()) {
            error = make_error_code(std::errc::invalid_argument);
            return {};
        }
        const time::Deadline deadline(timeout.value_or(std::chrono::nanoseconds::zero()));
        auto count = begin_select(buffer);
        std::array<Packet, batch_size> packets;
        while (count < buffer.size()) {
            const auto capacity = std::min(buffer.size() - count, batch_size);
            const auto left = count > 0 ? Timeout(std::chrono::nanoseconds::zero())
                              : timeout ? Timeout(deadline.left())
                                        : forever;
            const auto removed = remove_packets(std::span(packets).first(capacity), left, error);
            const bool polled_again = collect(removed, buffer, count);
            const bool is_over = removed.empty() && left && *left == left->zero();
            // Sources that were polled again may be ready.
            if (error || is_over || (count > 0 && removed.size() < capacity && !polled_again)) break;
        }
        selecting_.store(false, std::memory_order_release);
        if (count > 0) error.clear(); // events come first; the next call returns the error
        return buffer.first(count);
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override try {
        if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
        std::error_code error;
        const auto base = iocp::base_of(source, error);
        if (error) return error;
        const MutexLock lock(mutex_);
        const auto [entry, is_new] = table_.try_emplace(source);
        if (!is_new) return make_error_code(std::errc::file_exists);
        error = make_watched(entry->second, base, watch);
        if (error) table_.erase(entry);
        return error;
    } catch (const std::bad_alloc&) {
        return no_memory();
    }

    std::error_code modify(Source source, const Watch& watch) noexcept override {
        if (const auto error = toolkit::validate(watch, own_capabilities)) return error;
        std::error_code error;
        iocp::base_of(source, error);
        if (error) return error == std::errc::bad_file_descriptor ? error : unknown();
        const MutexLock lock(mutex_);
        const auto entry = table_.find(source);
        if (entry == table_.end()) return unknown();
        auto& watched = *entry->second;
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
        const MutexLock lock(mutex_);
        const auto entry = table_.find(source);
        if (entry == table_.end()) return unknown();
        auto& watched = *entry->second;
        devices_.leave(*watched.device);
        if (watched.poll == Watched::Poll::pending) watched.cancel();
        if (watched.poll != Watched::Poll::none) ++removed_;
        if (watched.poll != Watched::Poll::none || watched.due) {
            watched.removed = true;
            static_cast<void>(entry->second.release());
        }
        table_.erase(entry);
        // Without select() they would pile up.
        if (removed_ > many_removed && !selecting_.load(std::memory_order_acquire))
            sweep(std::chrono::nanoseconds::zero());
        return {};
    }

    std::error_code wake() noexcept override {
        return pending_.wake([this] {
            const bool posted = PostQueuedCompletionStatus(port_, 0, reinterpret_cast<ULONG_PTR>(&wake_key), nullptr);
            return posted ? std::error_code() : iocp::error_of_code(GetLastError());
        });
    }

    /// Makes a Watched and begins its poll.
    std::error_code make_watched(std::unique_ptr<Watched>& watched, SOCKET base, const Watch& watch) noexcept
        POLLUX_REQUIRES(mutex_) {
        std::error_code error;
        auto* const device = devices_.join(error);
        if (!device) return error;
        watched.reset(new (std::nothrow) Watched(*device, base, watch));
        error = !watched ? no_memory() : watched->armed ? begin(*watched) : error;
        if (error) devices_.leave(*device);
        return error;
    }

    std::error_code begin(Watched& watched) noexcept POLLUX_REQUIRES(mutex_) {
        const auto error = watched.begin();
        if (!error) ++under_way_;
        return error;
    }

    /// Polls where no caller can receive an error: a source that is not open any more is not reported until remove(),
    /// and if memory is short, the next select() tries again.
    void begin_or_wait(Watched& watched) noexcept POLLUX_REQUIRES(mutex_) {
        const auto error = begin(watched);
        if (error == std::errc::bad_file_descriptor) {
            watched.armed = false;
        } else if (error) {
            make_due(watched);
        }
    }

    void make_due(Watched& watched) noexcept POLLUX_REQUIRES(mutex_) {
        watched.due = true;
        watched.next_due = std::exchange(due_, &watched);
    }

    void poll_due() noexcept POLLUX_REQUIRES(mutex_) {
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

    /// Polls what is due, and reports a wake whose packet sweep() has removed.
    std::size_t begin_select(std::span<Event> buffer) noexcept {
        const MutexLock lock(mutex_);
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

    /// Removes packets from the port, at most as many as `packets` holds.
    std::span<const Packet> remove_packets(std::span<Packet> packets, Timeout timeout,
                                           std::error_code& error) noexcept {
        using Units = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
        LARGE_INTEGER wait{}; // negative: from now on
        if (timeout) wait.QuadPart = -std::chrono::ceil<Units>(*timeout).count();
        ULONG count = 0;
        const auto status = iocp::NtRemoveIoCompletionEx(port_, packets.data(), static_cast<ULONG>(packets.size()),
                                                         &count, timeout ? &wait : nullptr, FALSE);
        error = iocp::error_of(status);
        return packets.first(status == iocp::status_success ? count : 0);
    }

    /// Ends the poll of a packet. Returns its Watched; null if the watch was removed, and then frees it.
    Watched* end_poll(const Packet& packet) noexcept POLLUX_REQUIRES(mutex_) {
        auto* const watched = static_cast<Watched*>(packet.context);
        --under_way_;
        watched->poll = Watched::Poll::none;
        if (!watched->removed) return watched;
        --removed_;
        delete watched;
        return nullptr;
    }

    /// Turns packets into events, at most one each. Returns whether any source was polled again.
    bool collect(std::span<const Packet> packets, std::span<Event> buffer, std::size_t& count) noexcept {
        const MutexLock lock(mutex_);
        bool polled_again = false;
        for (const auto& packet : packets) {
            if (packet.key == &wake_key) {
                buffer[count++] = wake_event();
                continue;
            }
            const bool is_wanted = static_cast<Watched*>(packet.context)->poll == Watched::Poll::pending;
            auto* const watched = end_poll(packet);
            if (!watched || !watched->armed) continue;
            const auto ready = is_wanted ? watched->take_result() : Ready::none;
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

    /// Removes packets from the port while no select() does. The next select() polls their sources again, so nothing is
    /// lost. Returns false if the port was closed.
    bool sweep(Timeout timeout) noexcept POLLUX_REQUIRES(mutex_) {
        std::array<Packet, batch_size> packets;
        std::error_code error;
        for (const auto& packet : remove_packets(packets, timeout, error)) {
            if (packet.key == &wake_key) {
                wake_swept_ = true;
            } else if (auto* const watched = end_poll(packet); watched && watched->armed) {
                make_due(*watched);
            }
        }
        return !error;
    }

    bool winsock_ = false;
    HANDLE port_ = nullptr;
    PendingWake<> pending_;
    std::atomic<bool> selecting_ = false; // set under the lock

    Mutex mutex_;
    iocp::Devices devices_ POLLUX_GUARDED_BY(mutex_);
    std::unordered_map<Source, std::unique_ptr<Watched>> table_ POLLUX_GUARDED_BY(mutex_);
    Watched* due_ POLLUX_GUARDED_BY(mutex_) = nullptr;    // to be polled by the next select()
    std::size_t under_way_ POLLUX_GUARDED_BY(mutex_) = 0; // polls whose packet was not removed from the port yet
    std::size_t removed_ POLLUX_GUARDED_BY(mutex_) = 0;   // of those, the ones whose watch was removed
    bool wake_swept_ POLLUX_GUARDED_BY(mutex_) = false; // the packet of a wake was removed, and its event is still owed
};

} // namespace

POLLUX_DESCRIBE_PLUGIN("iocp", 100, "Windows completion ports, with readiness by the poll of AFD");
const pollux::Plugin pollux_plugin =
    toolkit::plugin_of(pollux_description, toolkit::open_selector<Iocp>, &own_capabilities);
