// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "findings.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

namespace pollux::conformance {

/// The memory that a rule's process shares with its parent, which reads it after the process has ended. Not a pipe:
/// some rules close all descriptors. Records are appended, each a kind, a line and two texts that end with a zero byte.
class SharedRecords final : public Recorder {
  public:
    void add_failure(const char* file, int line, std::string_view text) noexcept override {
        has_failed_ = true;
        append('f', line, file, text);
    }
    void add_property(std::string_view key, std::string_view value) noexcept override { append('p', 0, key, value); }
    bool has_failed() const noexcept override { return has_failed_; }
    void note_progress() noexcept override { progress_.fetch_add(1, std::memory_order_relaxed); }

    CallLog& calls() noexcept override { return calls_; }
    const CallLog& calls() const noexcept { return calls_; }
    void note_exit() noexcept { has_called_exit_ = true; }
    bool has_called_exit() const noexcept { return has_called_exit_; }
    void note_end() noexcept { has_ended_ = true; }
    bool has_ended() const noexcept { return has_ended_; }
    std::uint64_t progress() const noexcept { return progress_.load(std::memory_order_relaxed); }

    void read(Findings& findings) const {
        const std::size_t end = std::min<std::size_t>(complete_, records_.size());
        for (std::size_t at = 0; at < end;) {
            const char kind = records_[at++];
            const auto line = text_at(at), first = text_at(at), second = text_at(at);
            if (kind == 'p') {
                findings.properties.emplace_back(first, second);
                continue;
            }
            int number = 0;
            std::from_chars(line.data(), line.data() + line.size(), number);
            findings.failures.push_back({first, number, second});
        }
    }

  private:
    void append(char kind, int line, std::string_view first, std::string_view second) noexcept {
        std::array<char, 16> digits{};
        const auto digits_end = std::to_chars(digits.data(), digits.data() + digits.size(), line).ptr;
        const std::string_view number(digits.data(), static_cast<std::size_t>(digits_end - digits.data()));
        // A rule has several threads, and the process may end at any time: a record counts once it is complete.
        while (is_writing_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
        second = second.substr(0, most_text);
        const auto size = 1 + number.size() + first.size() + second.size() + 3;
        if (complete_ + size <= records_.size()) {
            auto at = records_.begin() + static_cast<std::ptrdiff_t>(complete_.load());
            *at++ = kind;
            for (const auto text : {number, first, second}) {
                at = std::replace_copy(text.begin(), text.end(), at, '\0', ' ');
                *at++ = '\0';
            }
            complete_ += size;
        }
        is_writing_.clear(std::memory_order_release);
    }

    std::string text_at(std::size_t& at) const {
        const std::string text(records_.data() + at);
        at += text.size() + 1;
        return text;
    }

    static constexpr std::size_t most_text = 16384;
    std::atomic<bool> has_failed_ = false, has_called_exit_ = false, has_ended_ = false;
    std::atomic<std::uint64_t> progress_ = 0;
    std::atomic_flag is_writing_ = ATOMIC_FLAG_INIT;
    std::atomic<std::size_t> complete_ = 0; // bytes of complete records
    std::array<char, 262144> records_{};
    CallLog calls_;
};

} // namespace pollux::conformance
