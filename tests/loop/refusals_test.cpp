// SPDX-License-Identifier: BSL-1.0
// Tests of watches that a backend refuses: no program can overlook a refusal.
#include "loop_test.hpp"

#include <functional>

namespace pollux::loop::tests {
namespace {

using conformance::Kind;

bool offers(const Loop& loop, Mode mode) {
    const auto& capabilities = loop.choice().backend->capabilities;
    if (mode == Mode::edge) return static_cast<bool>(capabilities.edge);
    return static_cast<bool>(mode == Mode::level ? capabilities.level : capabilities.oneshot);
}

// watch() with an error_code registers the watch with the backend at once and returns the refusal.
RULE(watch, error_at_once) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const auto pair = conformance::make_pair(Kind::tcp);
        const auto never = [](Ready) { ADD_FAILURE() << "called"; };
        auto error = canceled;
        auto watcher = loop.watch(pair.near.get(), Ready::readable, Mode::level, never, error);
        EXPECT_FALSE(error);
        EXPECT_TRUE(watcher);
        const auto owned = std::make_shared<int>(0);
        const auto refused = [&](Source source, Mode mode) {
            auto none = loop.watch(
                source, Ready::readable, mode, [owned](Ready) {}, error);
            EXPECT_FALSE(none);
            EXPECT_EQ(owned.use_count(), 1) << "the callback is destroyed";
            return error;
        };
        EXPECT_EQ(refused(pair.near, Mode::level), std::errc::file_exists);
        EXPECT_EQ(refused(conformance::Owned::none, Mode::level), std::errc::bad_file_descriptor);
        for (const auto mode : {Mode::level, Mode::edge, Mode::oneshot}) {
            if (!offers(loop, mode)) {
                EXPECT_EQ(refused(pair.far, mode), std::errc::operation_not_supported);
            }
        }
        EXPECT_EQ(loop.metrics().watches, 1U);
        watcher.close();
        EXPECT_FALSE(loop.run()) << "nothing of the refused ones is left";
    }
}

// watch() refuses what the capabilities of the backend rule out, with their reason.
RULE(watch, refused_at_once) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const auto pair = conformance::make_pair(Kind::tcp);
        const auto& capabilities = loop.choice().backend->capabilities;
        const auto attempt = [&](Ready interest, Mode mode) {
            return thrown_by([&] { (void)loop.watch(pair.near.get(), interest, mode, [](Ready) {}); });
        };
        const auto refused = [&](const Capability& capability, Ready interest, Mode mode) {
            const auto thrown = attempt(interest, mode);
            if (capability) {
                EXPECT_EQ(thrown.text, "");
                return;
            }
            EXPECT_EQ(thrown.error, std::errc::operation_not_supported);
            EXPECT_TRUE(contains(thrown.text, " " + std::to_string(pair.near.get()) + " ")) << thrown.text;
            EXPECT_TRUE(contains(thrown.text, '"' + backend + '"')) << thrown.text;
            EXPECT_TRUE(contains(thrown.text, capability.reason)) << thrown.text;
        };
        refused(capabilities.edge, Ready::readable, Mode::edge);
        refused(capabilities.level, Ready::readable, Mode::level);
        refused(capabilities.oneshot, Ready::readable, Mode::oneshot);
        refused(capabilities.priority, Ready::priority, Mode::oneshot);
        EXPECT_FALSE(loop.run());
    }
}

// A refusal that the backend reports later leaves run() once, as an exception with descriptor, backend and reason; the
// other watches work when run() is called again.
RULE(watch, refusal_ends_run) {
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        const auto pair = conformance::make_pair(Kind::tcp);
        int calls = 0;
        const auto never = [](Ready) { ADD_FAILURE() << "called"; };
        auto closed = loop.watch(Source{conformance::Owned::none}, Ready::readable, Mode::level, never);
        Watcher first = loop.watch(pair.near.get(), Ready::readable, Mode::level, [&](Ready) {
            ++calls;
            first.close();
        });
        auto second = loop.watch(pair.near.get(), Ready::writable, Mode::level, never);
        conformance::write(pair.far, "x");

        auto thrown = thrown_by([&] { loop.run(); });
        EXPECT_EQ(thrown.error, std::errc::bad_file_descriptor);
        EXPECT_TRUE(contains(thrown.text, '"' + backend + "\" refuses to watch")) << thrown.text;
#ifndef _WIN32
        EXPECT_TRUE(contains(thrown.text, "file descriptor -1 ")) << thrown.text;
#endif
        thrown = thrown_by([&] { loop.run(); });
        EXPECT_EQ(thrown.error, std::errc::file_exists);
        EXPECT_TRUE(contains(thrown.text, " " + std::to_string(pair.near.get()) + " ")) << thrown.text;
        EXPECT_EQ(second.error(), std::errc::file_exists);
        EXPECT_FALSE(loop.run());
        EXPECT_EQ(calls, 1);
    }
}

TEST(Refusal, of_a_change_and_of_rearm_ends_run) {
    Scripted scripted;
    const auto error = make_error_code(std::errc::not_enough_memory);
    auto watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, [](Ready) {});
    scripted.turn();
    scripted.record->result = [&](const Change&) { return error; };
    for (const std::function<void()>& change : std::initializer_list<std::function<void()>>{
             [&] { watcher.change(Ready::writable); }, [&] { watcher.rearm(); }}) {
        change();
        const auto thrown = thrown_by([&] { scripted.turn(); });
        EXPECT_EQ(thrown.error, error);
        EXPECT_TRUE(contains(thrown.text, "the given Selector refuses to watch")) << thrown.text;
        EXPECT_EQ(watcher.error(), error);
        EXPECT_FALSE(scripted.loop.run()) << "reported once";
    }
    scripted.record->result = nullptr;
    watcher.rearm();
    EXPECT_FALSE(watcher.error());
    EXPECT_EQ(scripted.loop.metrics().watches, 1U);
}

TEST(Refusal, of_a_watch_in_the_background_ends_run) {
    Scripted scripted;
    scripted.record->result = [](const Change&) { return make_error_code(std::errc::not_enough_memory); };
    auto watcher = scripted.loop.watch(Source{3}, Ready::none, Mode::level, [](Ready) {});
    watcher.in_background();
    EXPECT_THROW(scripted.turn(), std::system_error);
    scripted.turn();
}

// A callback with an error parameter receives the refusal, and no error with events; a callable of both forms is called
// with the error.
RULE(watch, takes_error) {
    Scripted scripted;
    const auto refused = make_error_code(std::errc::not_enough_memory);
    std::vector<std::error_code> errors;
    std::vector<Ready> seen;
    struct BothForms {
        std::vector<std::error_code>& errors;
        void operator()(Ready, std::error_code error = make_error_code(std::errc::io_error)) {
            errors.push_back(error);
        }
    };
    const std::function<void(Ready, std::error_code)> function = [&](Ready ready, std::error_code error) {
        seen.push_back(ready);
        errors.push_back(error);
    };
    auto watcher = scripted.loop.watch(Source{3}, Ready::readable, Mode::level, function);
    auto both_forms = scripted.loop.watch(Source{4}, Ready::readable, Mode::level, BothForms{errors});
    scripted.reports({{Source{3}, Ready::readable}, {Source{4}, Ready::readable}});
    scripted.turn();
    EXPECT_EQ(errors, (std::vector{std::error_code(), std::error_code()}));
    scripted.record->result = [&](const Change&) { return refused; };
    watcher.rearm();
    both_forms.rearm();
    EXPECT_FALSE(scripted.loop.run());
    EXPECT_EQ(errors, (std::vector{std::error_code(), std::error_code(), refused, refused}));
    EXPECT_EQ(seen, (std::vector{Ready::readable, Ready::failed}));
}

TEST(WatchCallback, distinguishes_the_forms) {
    const auto plain = [](Ready) {};
    const auto with_error = [](Ready, std::error_code) {};
    EXPECT_FALSE(WatchCallback(plain).takes_error());
    EXPECT_TRUE(WatchCallback(with_error).takes_error());
    EXPECT_TRUE(WatchCallback([](auto&&...) {}).takes_error());
    // It would accept the error and ignore it.
    EXPECT_FALSE(WatchCallback(std::bind(plain, std::placeholders::_1)).takes_error());
    EXPECT_FALSE(WatchCallback(Callback<void(Ready)>(plain)).takes_error());
    EXPECT_TRUE(WatchCallback(Callback<void(Ready)>(plain)));
    EXPECT_FALSE(WatchCallback());
    EXPECT_FALSE(WatchCallback(std::function<void(Ready)>()));
    EXPECT_FALSE(WatchCallback(Callback<void(Ready)>()));
    using Function = void (*)(Ready, std::error_code);
    EXPECT_FALSE(WatchCallback(Function{nullptr}));
    EXPECT_TRUE(WatchCallback([owned = std::make_unique<int>(1)](Ready) {})) << "what can only be moved";
}

TEST(Refusal, of_edge_is_no_short_count) {
    constexpr std::size_t size = 1000;
    for (const auto& backend : backends()) {
        SCOPED_TRACE(backend);
        Loop loop(request(backend));
        const Watchdog watchdog(loop);
        auto pair = conformance::make_pair(Kind::tcp);
        conformance::write(pair.far, std::string(size, 'x'));
        Timer rest = loop.after(1ms, [&] {
            conformance::write(pair.far, std::string(size, 'x'));
            rest = loop.after(1ms, [&] { pair.far.close(); });
        });
        std::size_t counted = 0;
        const auto thrown = thrown_by([&] { counted = count_bytes(loop, pair.near, Mode::edge); });
        if (offers(loop, Mode::edge)) {
            EXPECT_EQ(counted, 2 * size);
        } else {
            EXPECT_EQ(thrown.error, std::errc::operation_not_supported);
        }
    }
}

} // namespace
} // namespace pollux::loop::tests
