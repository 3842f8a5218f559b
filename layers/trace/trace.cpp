// SPDX-License-Identifier: BSL-1.0
// The trace layer: writes a line for each call and each event of a Selector, with the time and the thread.
//
//     pollux: 0.000231 s, thread 2701: add(7, token 1, readable, level): ok
//     pollux: 0.000412 s, thread 2701: select(64 events, forever): 1 event after 0.000150 s: token 1 readable
//
// A line is one write(2), so lines of several threads and processes do not mix. A file that cannot be written loses
// lines and nothing else; a pipe that is not read delays the program.
#include "line.hpp"

#include <pollux/forwarding_selector.hpp>
#include <pollux/pollable_descriptor.hpp>
#include <pollux/time/clock.hpp>
#include <pollux/toolkit.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <utility>

#include <fcntl.h>
#ifdef _WIN32
#include <io.h>
#include <sys/stat.h>
#include <windows.h>
#else
#include <pollux/posix.hpp>

#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#else
#include <pthread.h>
#endif
#endif

namespace {

using namespace pollux;
using trace::Line;

constexpr Option options[] = {{"file", "stderr", "where the lines are appended: a path, or stderr"}};
constexpr int standard_error = 2;

/// Opens a file to append to. Returns -1 and sets errno if that fails.
int open_file(const char* path) noexcept {
#ifdef _WIN32
    return _open(path, _O_WRONLY | _O_APPEND | _O_CREAT | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
#else
    return posix::above_standard_streams(::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
#endif
}

/// A File appends lines to an open file, which it owns unless it is the standard error stream.
class File {
  public:
    explicit File(int descriptor) noexcept : descriptor_(descriptor) {
#ifndef _WIN32
        fstat(descriptor, &opened_);
#endif
    }
    ~File() {
        if (descriptor_ == standard_error) return;
#ifdef _WIN32
        _close(descriptor_);
#else
        if (!is_other()) close(descriptor_);
#endif
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    void append(std::string_view line) const noexcept {
#ifdef _WIN32
        [[maybe_unused]] const auto written = _write(descriptor_, line.data(), static_cast<unsigned>(line.size()));
#else
        if (is_other()) return;
        [[maybe_unused]] const auto written = write(descriptor_, line.data(), line.size());
#endif
    }

  private:
#ifndef _WIN32
    /// Returns whether the descriptor is that of no file or of another one: a program may close all descriptors, and
    /// another file may then reuse this one. The standard error stream may be redirected, which the lines follow. If it
    /// cannot be found out, the descriptor is taken for that of the file, so that it is closed.
    bool is_other() const noexcept {
        if (descriptor_ == standard_error) return false;
        struct stat now {};
        if (fstat(descriptor_, &now) == -1) return errno == EBADF;
        return opened_.st_ino != 0 && (now.st_dev != opened_.st_dev || now.st_ino != opened_.st_ino);
    }
    struct stat opened_ {}; // zero if it is not known
#endif
    const int descriptor_;
};

/// Returns the id that ps(1) and debuggers show for the calling thread.
long long thread_id() noexcept {
#if defined(_WIN32)
    return static_cast<long long>(GetCurrentThreadId());
#elif defined(__linux__)
    return static_cast<long long>(syscall(SYS_gettid)); // glibc before 2.30 has no gettid()
#elif defined(__APPLE__)
    std::uint64_t number = 0;
    pthread_threadid_np(nullptr, &number);
    return static_cast<long long>(number);
#else
    return static_cast<long long>(reinterpret_cast<std::intptr_t>(pthread_self()));
#endif
}

/// Appends a time in seconds, with microseconds.
Line& operator<<(Line& line, std::chrono::nanoseconds time) noexcept {
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    line << microseconds / 1'000'000 << ".";
    for (long long unit = 100'000; unit > 0; unit /= 10) line << microseconds / unit % 10;
    return line << " s";
}

class Trace final : public ForwardingSelector {
  public:
    Trace(std::unique_ptr<Selector> inner, int file) noexcept : ForwardingSelector(std::move(inner)), file_(file) {}

    /// A PollableDescriptor only shows when to call select(), and a ClockSource what time it is, so nothing bypasses
    /// this layer.
    void* extension(const char* id) noexcept override {
        const std::string_view wanted = id;
        return wanted == PollableDescriptor::id || wanted == time::ClockSource::id ? inner().extension(id) : nullptr;
    }

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        const auto start = clock_.now();
        const auto events = ForwardingSelector::select(buffer, timeout, error);
        const auto time = clock_.now() - start;
        auto line = begin();
        line << "select(" << static_cast<long long>(buffer.size()) << " events, " << timeout << "): ";
        if (error) {
            line << error << " after " << time;
        } else {
            line << static_cast<long long>(events.size()) << (events.size() == 1 ? " event" : " events") << " after "
                 << time;
        }
        std::string_view separator = ": ";
        for (const auto& [token, ready] : events) {
            line << separator << token << " " << ready;
            separator = ", ";
        }
        file_.append(line.end());
        return events;
    }

  private:
    std::error_code add(Source source, const Watch& watch) noexcept override {
        return note("add", source, watch, ForwardingSelector::add(source, watch));
    }
    std::error_code modify(Source source, const Watch& watch) noexcept override {
        return note("modify", source, watch, ForwardingSelector::modify(source, watch));
    }
    std::error_code remove(Source source) noexcept override {
        const auto error = ForwardingSelector::remove(source);
        auto line = begin();
        line << "remove(" << static_cast<long long>(source) << "): " << error;
        file_.append(line.end());
        return error;
    }
    std::error_code wake() noexcept override {
        const auto error = ForwardingSelector::wake();
        auto line = begin();
        line << "wake(): " << error;
        file_.append(line.end());
        return error;
    }

    std::error_code note(std::string_view call, Source source, const Watch& watch,
                         const std::error_code& error) const noexcept {
        auto line = begin();
        line << call << "(" << static_cast<long long>(source) << ", " << watch.token << ", " << watch.interest << ", "
             << watch.mode << "): " << error;
        file_.append(line.end());
        return error;
    }

    Line begin() const noexcept {
        Line line;
        line << "pollux: " << clock_.now() - start_ << ", thread " << thread_id() << ": ";
        return line;
    }

    const time::Clock clock_{extension_of<time::ClockSource>(inner())};
    const std::chrono::steady_clock::time_point start_ = clock_.now();
    const File file_;
};

std::unique_ptr<Selector> open_trace(const OpenRequest& request, OpenFailure& failure) noexcept {
    const auto path = request.option("file");
    const int file = path == "stderr" ? standard_error : open_file(path.data());
    if (file == -1) {
        failure.set(std::error_code(errno, std::generic_category()), "open",
                    "option \"file\": expected a file that can be "
                    "written");
        return nullptr;
    }
    std::unique_ptr<Selector> layer(new (std::nothrow) Trace(std::move(*request.inner), file));
    if (layer) return layer;
    const File closed(file);
    failure.set(make_error_code(std::errc::not_enough_memory), "allocate");
    return nullptr;
}

} // namespace

POLLUX_DESCRIBE_LAYER("trace", "writes a line for each call and event, with its time and thread");
const pollux::Plugin pollux_plugin = toolkit::plugin_of(pollux_description, open_trace, nullptr, options);
