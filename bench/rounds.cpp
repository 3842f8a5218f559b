// SPDX-License-Identifier: BSL-1.0
#include "rounds.hpp"

#include "processor.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pollux::bench {
namespace {

/// The quantile of the values for a share from 0 to 1.
double quantile(std::vector<double> values, double share) {
    const auto position = values.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * share);
    std::nth_element(values.begin(), position, values.end());
    return *position;
}

double turn_of(const Sample& sample, std::chrono::milliseconds length) {
    const auto end = std::chrono::steady_clock::now() + length;
    std::vector<double> costs;
    do costs.push_back(sample());
    while (std::chrono::steady_clock::now() < end);
    return quantile(std::move(costs), 0.5);
}

/// A Process runs a contender in a child process: each byte that is sent to it requests a turn, and the reply is its
/// figure.
class Process {
  public:
    Process(const Contender& contender, const Plan& plan) : name_(contender.name), timeout_(plan.turn + plan.patience) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1 || (pid_ = fork()) == -1) {
            throw std::system_error(errno, std::system_category(), name_);
        }
        if (pid_ == 0) {
            close(ends[0]);
            _exit(serve(ends[1], contender, plan.turn));
        }
        close(ends[1]);
        socket_ = ends[0];
    }
    ~Process() {
        close(socket_);
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    double take_turn() {
        double figure = 0;
        pollfd reply{socket_, POLLIN, 0};
        if (send(socket_, "", 1, MSG_NOSIGNAL) != 1) throw std::runtime_error(name_ + " failed");
        const auto milliseconds = std::chrono::milliseconds(timeout_).count();
        if (::poll(&reply, 1, static_cast<int>(milliseconds)) != 1) throw std::runtime_error(name_ + " hangs");
        if (recv(socket_, &figure, sizeof figure, MSG_WAITALL) != sizeof figure) {
            throw std::runtime_error(name_ + " failed");
        }
        return figure;
    }

  private:
    static int serve(int socket, const Contender& contender, std::chrono::milliseconds length) try {
        pin_to(0);
        const auto sample = contender.set_up();
        for (char request = 0; recv(socket, &request, 1, 0) == 1;) {
            const double figure = turn_of(sample, length);
            if (send(socket, &figure, sizeof figure, MSG_NOSIGNAL) != sizeof figure) break;
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", contender.name.c_str(), error.what());
        return 1;
    }

    std::string name_;
    std::chrono::milliseconds timeout_;
    pid_t pid_ = -1;
    int socket_ = -1;
};

Figure figure_of(const std::string& name, const std::vector<double>& turns, const std::vector<double>& baseline) {
    std::vector<double> ratios(turns.size());
    std::transform(turns.begin(), turns.end(), baseline.begin(), ratios.begin(), std::divides<>());
    return {name, quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75)};
}

} // namespace

Measurement compare(const Contender& baseline, const std::vector<Contender>& others, const Plan& plan) {
    std::vector<std::unique_ptr<Process>> processes; // the two of the baseline first
    processes.reserve(others.size() + 2);
    for (int twice = 0; twice < 2; ++twice) processes.push_back(std::make_unique<Process>(baseline, plan));
    for (const auto& contender : others) processes.push_back(std::make_unique<Process>(contender, plan));

    std::vector<std::vector<double>> turns(processes.size());
    std::vector<std::size_t> order(processes.size());
    std::iota(order.begin(), order.end(), 0);
    std::mt19937 random; // the same orders each time
    for (int round = 0; round < plan.rounds; ++round) {
        std::shuffle(order.begin(), order.end(), random);
        for (const auto index : order) turns[index].push_back(processes[index]->take_turn());
    }

    Measurement measurement{quantile(turns[0], 0.5), figure_of(baseline.name, turns[1], turns[0]), {}};
    for (std::size_t other = 0; other < others.size(); ++other) {
        measurement.figures.push_back(figure_of(others[other].name, turns[other + 2], turns[0]));
    }
    return measurement;
}

} // namespace pollux::bench
