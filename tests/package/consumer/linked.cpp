// SPDX-License-Identifier: BSL-1.0
// Wakes itself through the backends that are linked into it; and states why it does not load the plugin of a file, if
// one is given.
#include <pollux/poll.hpp>

#include <cstdio>

int main(int count, char** arguments) {
    int failures = 0;
    for (const char* stack : {"", "epoll", "poll_fallback", "trace?file=/dev/null+epoll"}) {
        pollux::Poll poll({.backend = stack});
        pollux::Events events;
        const bool woken = !poll.registrator().wake() && !poll.poll(events) && events.size() == 1 &&
                           events[0].token == pollux::wake_token && poll.choice().backend->is_linked_in;
        std::printf("%s %s\n", poll.choice().stack().c_str(), woken ? "is linked in and works" : "FAILS");
        if (!woken) ++failures;
    }
    if (count > 1) std::puts(pollux::explain({.backend = pollux::element_of(arguments[1])}).text().c_str());
    return failures;
}
