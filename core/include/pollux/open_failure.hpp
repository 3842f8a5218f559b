// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace pollux {

/// An OpenFailure states why a Selector could not be opened: the step that failed, its error, and a sentence if the
/// error does not suffice. It owns its text, which is cut where it is too long.         [open.limits]
///
/// The program makes it, and the plugin fills it in by the functions below: they write no member that the program's
/// version of this class does not have.
///
/// Threads: one at a time.
class OpenFailure {
  public:
    OpenFailure() = default;
    OpenFailure(const OpenFailure&) = delete;
    OpenFailure& operator=(const OpenFailure&) = delete;

    /// Replaces the failure.
    ///
    /// `error`:    may be none, if `sentence` suffices.
    /// `step`:     the call that failed, such as "epoll_create1"; at most 95 bytes.
    /// `sentence`: what an administrator has to know or do; at most 415 bytes, without a full stop.
    void set(const std::error_code& error, std::string_view step, std::string_view sentence = {}) noexcept {
        error_ = error;
        copy(step, step_);
        copy(sentence, sentence_);
    }

    /// All three are empty if the plugin gave no reason.
    const std::error_code& error() const noexcept { return error_; }
    std::string_view step() const noexcept { return step_.data(); }
    std::string_view sentence() const noexcept { return sentence_.data(); }

  private:
    template <std::size_t size>
    static void copy(std::string_view from, std::array<char, size>& to) noexcept {
        const auto count = std::min(from.size(), size - 1);
        std::copy_n(from.begin(), count, to.begin());
        to[count] = '\0';
    }

    // Later versions append members, and write them only if `size_` has them. It is unused until then.
    [[maybe_unused]] std::uint32_t size_ = sizeof(OpenFailure);
    std::error_code error_;
    std::array<char, 96> step_{};
    std::array<char, 416> sentence_{};
};

} // namespace pollux
