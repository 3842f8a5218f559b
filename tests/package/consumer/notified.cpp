// SPDX-License-Identifier: BSL-1.0
// Notifies a thread that waits for nothing else, and one that sleeps in a Poll.
#include <pollux/notify/notify.hpp>
#include <pollux/poll.hpp>

#include <cstdio>

int main() {
    pollux::notify::Tokens tokens;
    auto [sender, receiver] = pollux::notify::event_channel(3);
    const bool received = !sender.notify(pollux::Token{2}) && !receiver.recv(tokens) && tokens.size() == 1;

    pollux::Poll poll;
    auto [notifier, poller] = pollux::notify::event_queue(3, poll.registrator());
    pollux::Events events;
    const bool woken = !notifier.notify(pollux::Token{1}) && !poll.poll(events) && poller.poll(tokens) == 1;
    std::puts(received && woken ? "received and woken" : "FAILS");
    return received && woken ? 0 : 1;
}
