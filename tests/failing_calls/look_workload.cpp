// SPDX-License-Identifier: BSL-1.0
#include "workload.hpp"

#include "../harness/backends.hpp"

#include <pollux/poll.hpp>

#include <cstdio>
#include <optional>

namespace pollux::failing_calls {
namespace {

using namespace std::chrono_literals;

/// A LookWorkload polls with a time limit of zero, as a program does that has a loop of its own. What is ready has to
/// come, or an error: if poll() failed in silence, such a program would take it that nothing is ready.
class LookWorkload final : public Workload {
  public:
    explicit LookWorkload(const std::string& backend)
        : request_{.backend = backend, .folders = {harness::folder_of_plugins()}} {}

    void begin() override {
        connections_.emplace();
        connections_->send_to_all();
    }

    int run() override {
        const auto descriptors = count_descriptors();
        std::size_t seen = 0;
        try {
            seen = look();
        } catch (const std::exception& failure) {
            reports_.add("an exception", failure.what());
        }
        if (count_descriptors() != descriptors) return left_open;
        if (reports_.any()) return reported;
        if (seen == Connections::count + 1) return complete;
        std::fprintf(stderr, "  %zu events of %zu\n", seen, Connections::count + 1);
        return lost_silently;
    }

  private:
    /// Returns how many one-shot watches and wakes were reported; may throw.
    std::size_t look() {
        Poll poll(request_);
        auto registrator = poll.registrator();
        Events events(16);
        std::size_t seen = 0;
        const auto collect = [&] {
            const auto error = poll.poll(events, 0ns);
            reports_.add("poll()", error);
            seen += events.size();
            return !error;
        };
        for (std::size_t i = 0; i < Connections::count; ++i) {
            const auto error = registrator.add(connections_->near(i), {Token{i}, Ready::readable, Mode::oneshot});
            reports_.add("add()", error);
            if (error || !collect()) return seen;
        }
        const auto error = registrator.wake();
        reports_.add("wake()", error);
        // A kernel may need a moment, so some looks may find nothing.
        for (int look = 0; look < 1000 && seen <= Connections::count && !error && collect(); ++look) {}
        return seen;
    }

    const Request request_;
    std::optional<Connections> connections_;
    Reports reports_;
};

} // namespace

std::unique_ptr<Workload> look_workload(const std::string& backend) { return std::make_unique<LookWorkload>(backend); }

} // namespace pollux::failing_calls
