// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace pollux::loop {

template <typename Signature>
class Callback;

/// A Callback owns any callable, even one that can only be moved, such as a lambda that owns a socket.
///
/// It stores a callable of at most five pointers in itself if moving that cannot throw,
/// and any other one on the heap.                                                       [callback.allocates]
/// std::move_only_function of C++23 will replace it.
///
/// Errors:   the constructor throws std::bad_alloc. Calling an empty Callback is undefined behaviour.
/// Lifetime: destroys the callable once, when it is destroyed itself.                   [callback.owns]
template <typename Result, typename... Arguments>
class Callback<Result(Arguments...)> {
  public:
    static constexpr std::size_t inline_size = 5 * sizeof(void*);

    Callback() noexcept = default;

    /// Holds `callable`; a null function pointer and an empty std::function make an empty Callback.
    ///                                                                                  [callback.empty]
    template <typename Callable>
    requires(!std::is_same_v<std::remove_cvref_t<Callable>, Callback> &&
             std::is_invocable_r_v<Result, std::decay_t<Callable>&, Arguments...>)
        Callback(Callable&& callable) { // NOLINT(bugprone-forwarding-reference-overload): constrained above
        using Target = std::decay_t<Callable>;
        if constexpr (std::is_constructible_v<bool, Target&> && requires { callable == nullptr; }) {
            if (callable == nullptr) return;
        }
        if constexpr (fits<Target>) {
            std::construct_at(reinterpret_cast<Target*>(&storage_), std::forward<Callable>(callable));
            operations_ = &inside<Target>;
        } else {
            std::construct_at(reinterpret_cast<Target**>(&storage_), new Target(std::forward<Callable>(callable)));
            operations_ = &outside<Target>;
        }
    }

    Callback(Callback&& other) noexcept : operations_(std::exchange(other.operations_, nullptr)) {
        if (operations_) operations_->move(&other.storage_, &storage_);
    }
    Callback& operator=(Callback&& other) noexcept {
        Callback taken(std::move(other));
        clear();
        operations_ = std::exchange(taken.operations_, nullptr);
        if (operations_) operations_->move(&taken.storage_, &storage_);
        return *this;
    }
    // The analyzer does not follow operations_.
    ~Callback() { clear(); } // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)

    /// Destroys the callable; the Callback is empty from then on.
    void clear() noexcept {
        // Empty first: the destructor of the callable may call this again.
        if (const auto* operations = std::exchange(operations_, nullptr)) operations->destroy(&storage_);
    }

    explicit operator bool() const noexcept { return operations_ != nullptr; }

    Result operator()(Arguments... arguments) {
        return operations_->call(&storage_, std::forward<Arguments>(arguments)...);
    }

  private:
    struct alignas(void*) Storage {
        std::array<std::byte, inline_size> bytes;
    };

    struct Operations {
        Result (*call)(void* storage, Arguments... arguments);
        void (*move)(void* from, void* to) noexcept; // destroys the object that it moved from
        void (*destroy)(void* storage) noexcept;
    };

    template <typename Target>
    static constexpr bool fits = sizeof(Target) <= inline_size &&
                                 alignof(Target) <= alignof(Storage) && std::is_nothrow_move_constructible_v<Target>;

    template <typename Target>
    static Target& at(void* storage) noexcept {
        return *std::launder(static_cast<Target*>(storage));
    }

    /// Does what std::invoke_r of C++23 does: for a Result of void it drops the callable's result.
    static Result invoke(auto& target, Arguments... arguments) {
        if constexpr (std::is_void_v<Result>) {
            std::invoke(target, std::forward<Arguments>(arguments)...);
        } else {
            return std::invoke(target, std::forward<Arguments>(arguments)...);
        }
    }

    template <typename Target>
    static constexpr Operations inside{[](void* storage, Arguments... arguments) -> Result {
                                           return invoke(at<Target>(storage), std::forward<Arguments>(arguments)...);
                                       },
                                       [](void* from, void* to) noexcept {
                                           std::construct_at(static_cast<Target*>(to), std::move(at<Target>(from)));
                                           std::destroy_at(&at<Target>(from));
                                       },
                                       [](void* storage) noexcept { std::destroy_at(&at<Target>(storage)); }};

    template <typename Target>
    static constexpr Operations outside{
        [](void* storage, Arguments... arguments) -> Result {
            return invoke(*at<Target*>(storage), std::forward<Arguments>(arguments)...);
        },
        [](void* from, void* to) noexcept { std::construct_at(static_cast<Target**>(to), at<Target*>(from)); },
        [](void* storage) noexcept { delete at<Target*>(storage); }};

    const Operations* operations_ = nullptr;
    Storage storage_;
};

} // namespace pollux::loop
