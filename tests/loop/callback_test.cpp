// SPDX-License-Identifier: BSL-1.0
// Tests of Callback.
#include "loop_test.hpp"

#include <array>
#include <cstdlib>
#include <functional>
#include <new>

namespace pollux::loop::tests {
namespace {

/// A Counted is a callable that counts its copies that exist.
struct Counted {
    explicit Counted(int& count) : alive(&count) { ++*alive; }
    Counted(const Counted& other) noexcept : alive(other.alive) { ++*alive; }
    Counted(Counted&& other) noexcept : alive(other.alive) { ++*alive; }
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --*alive; }
    int operator()() const { return *alive; }
    int* alive;
};

/// Large enough to be stored on the heap.
struct Large : Counted {
    using Counted::Counted;
    std::array<void*, 5> more{};
};

/// Aligned strictly enough to be stored on the heap.
struct alignas(64) Aligned : Counted {
    using Counted::Counted;
};

template <typename T>
void move_about() {
    int alive = 0;
    {
        Callback<int()> first{T(alive)};
        EXPECT_EQ(alive, 1);
        EXPECT_EQ(first(), 1);
        Callback<int()> second(std::move(first));
        EXPECT_FALSE(first);
        EXPECT_EQ(second(), 1);
        first = std::move(second);
        EXPECT_EQ(first(), 1);
        second = Callback<int()>(T(alive));
        EXPECT_EQ(alive, 2);
        std::swap(first, second);
        EXPECT_EQ(alive, 2);
        first = std::move(second);
        EXPECT_EQ(alive, 1);
        auto& same = first;
        first = std::move(same);
        EXPECT_TRUE(first);
        first.clear();
        EXPECT_EQ(alive, 0);
        second = T(alive);
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

// A Callback keeps its callable alive, wherever it is moved, and destroys it once.
RULE(callback, owns) {
    move_about<Counted>();
    move_about<Large>();
    move_about<Aligned>();
}

// A Callback without a callable is empty.
RULE(callback, empty) {
    using Function = int (*)(int);
    EXPECT_FALSE(Callback<int(int)>());
    EXPECT_FALSE(Callback<int(int)>(Function{nullptr}));
    EXPECT_FALSE(Callback<int(int)>(std::function<int(int)>()));
    Callback<int(int)> doubles([](int number) { return 2 * number; });
    EXPECT_TRUE(doubles);
    EXPECT_EQ(doubles(4), 8);
    Callback<int(int)> negates(std::function<int(int)>{std::negate<>()});
    EXPECT_EQ(negates(4), -4);
    Callback<void(int)> drops([](int number) { return number; });
    drops(1);
}

TEST(Callback, accepts_and_returns_types_that_can_only_be_moved) {
    Callback<std::unique_ptr<int>(std::unique_ptr<int>)> passes(
        [kept = std::make_unique<int>(1)](std::unique_ptr<int> given) mutable {
            return std::exchange(kept, std::move(given));
        });
    EXPECT_EQ(*passes(std::make_unique<int>(2)), 1);
    EXPECT_EQ(*passes(nullptr), 2);
}

} // namespace
} // namespace pollux::loop::tests
