// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/event.hpp>
#include <pollux/loop/callback.hpp>

#include <concepts>
#include <functional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace pollux::loop {

/// A WatchCallback holds the callable that a Loop calls for a watch, in one of two forms.
///
///     [](Ready ready) { ... }                           a refusal by the backend leaves run() as an exception
///     [](Ready ready, std::error_code error) { ... }    a refusal calls it with Ready::failed and the error; all other
///                                                       calls have no error
///
/// A callable that can be called in both forms is called in the second. The result of std::bind() is called in the
/// first, since it would drop the error.                                                [watch.takes_error]
///
/// Errors and Lifetime: as for Callback.
class WatchCallback {
  public:
    WatchCallback() noexcept = default;

    template <typename Callable>
    requires(!std::is_same_v<std::remove_cvref_t<Callable>, WatchCallback> &&
             (std::is_invocable_v<std::decay_t<Callable>&, Ready> ||
              std::is_invocable_v<std::decay_t<Callable>&, Ready, std::error_code>))
        WatchCallback(Callable&& callable) { // NOLINT(bugprone-forwarding-reference-overload): constrained above
        using Target = std::decay_t<Callable>;
        if constexpr (std::is_constructible_v<bool, Target&> && requires { callable == nullptr; }) {
            if (callable == nullptr) return;
        } else if constexpr (requires {
                                 { !callable } -> std::same_as<bool>;
                             }) {
            if (!callable) return; // an empty Callback
        }
        takes_error_ = has_second_form<Target>;
        // The analyzer does not follow Callback's operations_, and warns of the statement that follows.
        // NOLINTBEGIN(clang-analyzer-cplusplus.NewDeleteLeaks)
        callback_ = Adapter<Target>{std::forward<Callable>(callable)};
    }
    // NOLINTEND(clang-analyzer-cplusplus.NewDeleteLeaks)

    explicit operator bool() const noexcept { return static_cast<bool>(callback_); }

    /// Returns whether the callable is called in the second form.
    bool takes_error() const noexcept { return takes_error_; }

    /// Gives up the callable. `error` is null unless the call reports a refusal.
    using Function = Callback<void(Ready ready, const std::error_code* error)>;
    Function release() && noexcept { return std::move(callback_); }

  private:
    template <typename Target>
    static constexpr bool has_second_form =
        std::is_invocable_v<Target&, Ready, std::error_code> && !std::is_bind_expression_v<Target>;

    template <typename Target>
    struct Adapter {
        Target target;

        void operator()(Ready ready, [[maybe_unused]] const std::error_code* error) {
            if constexpr (has_second_form<Target>) {
                std::invoke(target, ready, error ? *error : std::error_code());
            } else {
                std::invoke(target, ready);
            }
        }
    };

    Function callback_;
    bool takes_error_ = false;
};

} // namespace pollux::loop
