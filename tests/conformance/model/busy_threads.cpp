// SPDX-License-Identifier: BSL-1.0
#include "busy_threads.hpp"

#include "scene.hpp"
#include "table.hpp"

namespace pollux::conformance::model {
namespace {

/// Above all descriptors of scenes with a Trial.
constexpr Source first_descriptor = 700;

} // namespace

BusyThreads::BusyThreads(Registrator& registrator, const Capabilities& capabilities,
                         const std::vector<std::size_t>& sources)
    : registrator_(registrator), capabilities_(capabilities) {
    for (const auto source : sources) threads_.emplace_back(&BusyThreads::run, this, source, threads_.size());
}

BusyThreads::~BusyThreads() {
    stops_ = true;
    for (auto& thread : threads_) thread.join();
}

/// What the calls return is not judged here: most sources are judged in the thread that selects.
void BusyThreads::run(std::size_t source, int index) {
    const Operation close = on(source, Action::close), reopen = on(source, Action::reopen);
    Scene scene(first_descriptor + index * static_cast<Source>(source_count), index, bool(capabilities_.pipes),
                {close});
    const auto act = [&scene](const Operation& operation) {
        if (!scene.world().allow(operation)) return;
        scene.act(operation);
        scene.apply(operation);
    };
    act(close);
    const auto columns = columns_of(capabilities_);
    const auto states = states_of(source, bool(capabilities_.pipes));
    const Token token{static_cast<std::uint64_t>(first_foreign_token) + static_cast<std::uint64_t>(index)};
    for (std::size_t round = 0; !stops_; ++round) {
        const auto& state = states[round % states.size()];
        const auto& column = columns[round % columns.size()];
        const Watch watch{token, column.interest, column.mode};
        act(reopen);
        for (const auto& operation : state.path) act(operation);
        const auto descriptor = scene.descriptor(source);
        static_cast<void>(registrator_.add(descriptor, watch));
        if (!state.next.empty()) act(state.next[round % state.next.size()]);
        static_cast<void>(registrator_.modify(descriptor, watch));
        static_cast<void>(registrator_.remove(descriptor));
        act(close);
    }
}

} // namespace pollux::conformance::model
