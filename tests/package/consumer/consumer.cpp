// SPDX-License-Identifier: BSL-1.0
// Wakes itself through each installed backend.
#include <pollux/poll.hpp>

#include <cstdio>

int main() {
    int failures = 0, backends = 0;
    for (const auto& backend : pollux::installed()) {
        if (backend.is_layer) continue;
        pollux::Poll poll({.backend = pollux::element_of(backend)});
        pollux::Events events;
        const auto error = poll.registrator().wake();
        const bool woken = !error && !poll.poll(events) && events.size() == 1 && events[0].token == pollux::wake_token;
        std::printf("%s %s %s\n", backend.name.c_str(), backend.file.c_str(), woken ? "works" : "FAILS");
        ++backends;
        if (!woken) ++failures;
    }
    return backends >= 2 && failures == 0 ? 0 : 1;
}
