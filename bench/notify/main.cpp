// SPDX-License-Identifier: BSL-1.0
// Compares pollux/notify.hpp with the published design that it replaces, and with what one would write instead.
#include "kernel.hpp"
#include "locked.hpp"
#include "lockfree.hpp"
#include "ours.hpp"
#include "processor.hpp"
#include "published.hpp"
#include "queues.hpp"
#include "rounds.hpp"
#include "table.hpp"
#include "wakes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace pollux::bench;
using Targets = std::map<std::string, double>;

class Bench {
  public:
    Bench(const Plan& plan, std::string only) : plan_(plan), only_(std::move(only)) {}

    /// `set_up` is a template that makes the workload of a kind of queue; the first is the baseline.
    template <typename Baseline, typename... Others, typename SetUp>
    void run(const std::string& workload, const Targets& targets, const SetUp& set_up) {
        if (workload.find(only_) == std::string::npos) return;
        std::fprintf(stderr, "%s\n", workload.c_str());
        const Contender baseline{Baseline::name, [&] { return set_up.template operator()<Baseline>(); }};
        const std::vector<Contender> others{{Others::name, [&] { return set_up.template operator()<Others>(); }}...};
        rows_.push_back({workload, compare(baseline, others, plan_), targets});
    }

    template <typename SetUp>
    void queues(const std::string& workload, const Targets& targets, const SetUp& set_up) {
        run<PublishedQueue<false>, PublishedQueue<true>, RingQueue, Lanes, LockedQueue, LockfreeQueue, EventFdQueue>(
            workload, targets, set_up);
    }

    const std::vector<Row>& rows() const { return rows_; }

  private:
    const Plan plan_;
    const std::string only_;
    std::vector<Row> rows_;
};

void notify_conflated(Bench& bench) {
    bench.queues("notify conflated, 1 thread", {{"pollux", 1.0}}, []<typename Q> { return conflated<Q>(1, 0); });
    bench.queues("notify conflated, 2 threads, one token", {{"pollux", 0.4}},
                 []<typename Q> { return conflated<Q>(2, 0); });
    bench.queues("notify conflated, 2 threads, neighbours", {{"pollux", 0.4}},
                 []<typename Q> { return conflated<Q>(2, 1); });
}

void notify_new(Bench& bench) {
    bench.queues("notify new, 1 thread", {{"pollux", 1.0}}, []<typename Q> { return fresh<Q>(1, 0); });
    bench.queues("notify new, 1 producer", {{"lanes", 0.1}}, []<typename Q> { return fresh<Q>(1, 1); });
    bench.queues("notify new, 2 producers", {{"pollux", 1.05}, {"lanes", 0.1}},
                 []<typename Q> { return fresh<Q>(2, 0); });
    bench.queues("notify new, 4 producers", {}, []<typename Q> { return fresh<Q>(4, 0); });
}

void poll_tokens(Bench& bench) {
    bench.queues("poll empty", {{"pollux", 1.0}}, []<typename Q> { return poll_empty<Q>(); });
    for (const auto& [batch, target] :
         std::map<std::size_t, double>{{1, 1.45}, {16, 1.45}, {128, 0.55}, {1024, 0.55}}) {
        bench.queues(fmt::format("poll {}, per token", batch), {{"pollux", target}},
                     [batch = batch]<typename Q> { return poll_batch<Q>(batch); });
    }
}

void wake_thread(Bench& bench) {
    bench.run<PublishedChannel<false>, PublishedChannel<true>, Channel, LockedQueue, EventFdChannel>(
        "wake a parked receiver", {{"pollux", 1.0}}, []<typename W> { return wake<W>(); });
    bench.run<BesideEpoll<PublishedQueue<false>>, BesideEpoll<PublishedQueue<true>>, InPoll, BesideEpoll<LockedQueue>,
              BesideEpoll<LockfreeQueue>, BesideEpoll<EventFdQueue>>("wake a sleeping select()", {},
                                                                     []<typename W> { return wake<W>(); });
}

int run(int argc, char** argv) {
    CLI::App app("Compares the queues of pollux/notify.hpp with others", "notify");
    Plan plan;
    int turn = static_cast<int>(plan.turn.count());
    std::string only;
    app.add_option("--rounds", plan.rounds, "In each, every contender has a turn")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--turn", turn, "Milliseconds")->check(CLI::PositiveNumber)->capture_default_str();
    app.add_option("--only", only, "The workloads with this in their names");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    }
    plan.turn = std::chrono::milliseconds(turn);
    Bench bench(plan, only);
    notify_conflated(bench);
    notify_new(bench);
    poll_tokens(bench);
    wake_thread(bench);
    fmt::print("{}\n{} rounds of turns of {} ms. The first column: cycles for an operation of the published design; the"
               " others: ratios\nto it, and the targets. eventfd tells only that there is something, not what.\n\n{}",
               machine(), plan.rounds, turn,
               table_of(bench.rows(), {"fenced", "pollux", "lanes", "mutex", "lockfree", "eventfd"}));
    return 0;
}

} // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
