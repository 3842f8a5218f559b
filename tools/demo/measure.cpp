// SPDX-License-Identifier: BSL-1.0
#include "measure.hpp"

#include "echo_clients.hpp"
#include "echo_server.hpp"
#include "interrupt.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <optional>

namespace pollux::tools {
namespace {

using namespace std::chrono_literals;

/// Returns the cheapest mode: level if it is offered, since a watch then changes only when its aim does.
Mode mode_of(const Capabilities& capabilities) { return capabilities.level ? Mode::level : Mode::oneshot; }

/// A ServerThread runs the server in another thread. Its destructor closes the server, since that of the future would
/// wait for ever.
class ServerThread {
  public:
    explicit ServerThread(EchoServer& server)
        : server_(&server), done_(std::async(std::launch::async, [&server] { server.run(); })) {}
    ~ServerThread() { static_cast<void>(server_->close()); } // after end(), whose result was reported
    ServerThread(const ServerThread&) = delete;
    ServerThread& operator=(const ServerThread&) = delete;

    /// Waits for the end; returns whether it was within the limit.
    bool end(std::chrono::seconds limit) {
        static_cast<void>(server_->close()); // if it fails, the wait times out
        return done_.wait_for(limit) == std::future_status::ready;
    }

  private:
    EchoServer* server_;
    std::future<void> done_;
};

[[noreturn]] void abandon(const std::string& backend, Progress& progress) {
    progress.clear();
    fmt::print(stderr, "pollux: {}: select() does not return although its time is over\n", backend);
    std::fflush(nullptr);
    std::_Exit(EXIT_FAILURE);
}

/// Shows the progress, and forwards an interrupt; returns whether the clients ended in time.
bool wait_for_clients(const std::future<void>& clients_done, EchoClients& clients, const Tally& tally,
                      const std::string& backend, std::chrono::seconds time, Progress& progress) {
    // Each phase of the clients has its own limit; this one is for backends whose select() hangs.
    const time::Deadline limit(time + 3 * EchoClients::patience);
    std::optional<time::Deadline> next_line(0s);
    int seconds = 0;
    for (bool stopped = false; clients_done.wait_for(50ms) != std::future_status::ready;) {
        if (was_interrupted() && !stopped) {
            clients.stop();
            stopped = true;
        }
        if (limit.left() == 0ns) return false;
        if (next_line->left() > 0ns) continue;
        next_line.emplace(1s);
        progress.show(fmt::format("{}: {} s of {}: {} connected, {} requests, {} errors", backend, seconds++,
                                  time.count(), tally.connected.load(), tally.requests.load(), tally.errors()));
    }
    return true;
}

/// Opens the Poll of the clients, over the same stack as that of the server.
/// Errors: std::system_error
Poll poll_of_clients(const Choice& choice) {
    OpenFailure failure;
    auto selector = choice.open(failure);
    if (!selector) throw std::system_error(failure.error(), std::string(failure.step()));
    return Poll(std::move(selector));
}

} // namespace

Measurement measure(const Request& request, std::size_t connections, std::chrono::seconds time, Progress& progress) {
    Poll server_poll(request);
    Measurement result{.choice = server_poll.choice()};
    const auto backend = result.choice.stack();
    const auto mode = mode_of(server_poll.capabilities());
    Tally tally;
    EchoServer server(std::move(server_poll), mode, tally);
    EchoClients clients(poll_of_clients(result.choice), mode, server.address(), time, connections, tally);
    ServerThread server_thread(server);
    auto clients_done = std::async(std::launch::async, [&clients] { clients.run(); });
    if (!wait_for_clients(clients_done, clients, tally, backend, time, progress)) abandon(backend, progress);
    clients_done.get();
    if (!server_thread.end(EchoClients::patience)) abandon(backend, progress);
    progress.clear();

    result.connections = tally.connected;
    result.requests = tally.requests;
    result.bytes = tally.bytes;
    result.errors = tally.errors();
    result.first_error = tally.first_error();
    result.time = clients.measured();
    result.latencies = clients.latencies();
    return result;
}

} // namespace pollux::tools
