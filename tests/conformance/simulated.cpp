// SPDX-License-Identifier: BSL-1.0
// Runs the suite on a Selector with a clock of its own, with a defect or without: no backend of Pollux has one.
//
//     pollux-conformance-simulated none|backwards|early|another [GoogleTest's flags]
#include "../harness/simulated_selector.hpp"

#include <pollux/conformance/conformance.hpp>
#include <pollux/forwarding_selector.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace pollux::conformance {
namespace {

/// A backend with simulated time, and the defect that an option names.
class Simulated final : public ForwardingSelector, private time::ClockSource {
  public:
    Simulated(std::shared_ptr<harness::Simulation> simulation, std::string defect)
        : ForwardingSelector(std::make_unique<harness::SimulatedSelector>(simulation)),
          simulation_(std::move(simulation)),
          defect_(std::move(defect)) {}

    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        if (defect_ == "early" && timeout) *timeout -= std::chrono::nanoseconds(1);
        return ForwardingSelector::select(buffer, timeout, error);
    }
    void* extension(const char* requested) noexcept override {
        if (requested != std::string_view(time::ClockSource::id)) return nullptr;
        const bool is_other = defect_ == "another" && ++extension_calls_ > 1;
        return is_other ? static_cast<time::ClockSource*>(simulation_.get()) : static_cast<time::ClockSource*>(this);
    }

  private:
    std::chrono::steady_clock::time_point now() const noexcept override {
        const auto back = defect_ == "backwards" ? std::chrono::nanoseconds(++readings_) : std::chrono::nanoseconds(0);
        return simulation_->now() - back;
    }

    const std::shared_ptr<harness::Simulation> simulation_;
    const std::string defect_;
    mutable int readings_ = 0;
    int extension_calls_ = 0;
};

} // namespace
} // namespace pollux::conformance

int main(int argc, char** argv) {
    using namespace pollux;
    if (argc < 2) {
        std::cerr << "usage: pollux-conformance-simulated none|backwards|early|another [GoogleTest's flags]\n";
        return 2;
    }
    const std::string defect = argv[1];
    argv[1] = argv[0];
    const auto open = [&](OpenFailure&) -> std::unique_ptr<Selector> {
        return std::make_unique<conformance::Simulated>(std::make_shared<harness::Simulation>(), defect);
    };
    return conformance::run({{.name = "simulated", .capabilities = harness::offers_all, .open = open}}, argc - 1,
                            argv + 1);
}
