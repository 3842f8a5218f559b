// SPDX-License-Identifier: BSL-1.0
// A plugin with the defect that its compile definitions select.
#include <pollux/forwarding_selector.hpp>
#include <pollux/plugin.hpp>

#include <array>
#include <string>
#include <utility>

#ifndef FIXTURE_VERSION
#define FIXTURE_VERSION pollux::interface_version
#endif
#ifndef FIXTURE_SIZE
#define FIXTURE_SIZE sizeof(pollux::Plugin)
#endif
#ifndef FIXTURE_ABI
#define FIXTURE_ABI pollux::abi_tag
#endif
#ifndef FIXTURE_OWN_NAME
#define FIXTURE_OWN_NAME FIXTURE_NAME
#endif
#ifndef FIXTURE_RANK
#define FIXTURE_RANK (-1000)
#endif
#ifndef FIXTURE_RANK_DRIFT
#define FIXTURE_RANK_DRIFT 0
#endif
#ifndef FIXTURE_CATEGORY
#define FIXTURE_CATEGORY (&std::generic_category())
#endif
#ifndef FIXTURE_KIND
#define FIXTURE_KIND pollux::PluginKind::backend
#endif
#ifndef FIXTURE_KIND_DRIFT
#define FIXTURE_KIND_DRIFT FIXTURE_KIND
#endif
#ifndef FIXTURE_CAPABILITIES
#define FIXTURE_CAPABILITIES (&nothing)
#endif
#ifndef FIXTURE_OPTIONS
#define FIXTURE_OPTIONS nullptr
#endif
#ifndef FIXTURE_OPTION_COUNT
#define FIXTURE_OPTION_COUNT 0
#endif
#ifndef FIXTURE_REASON
#define FIXTURE_REASON "this layer is in the way"
#endif
#ifndef FIXTURE_SUMMARY
#define FIXTURE_SUMMARY "a fixture of the loader's tests"
#endif
#ifndef FIXTURE_OPEN
#define FIXTURE_OPEN opens
#endif

extern "C" int pollux_is_not_defined_anywhere();

namespace {

using namespace pollux;

/// An address without memory: reading it crashes.
[[maybe_unused]] const char* const nowhere = reinterpret_cast<const char*>(1);

[[maybe_unused]] const Capabilities nothing{};
/// Returns Capabilities that state `size`.
[[maybe_unused]] Capabilities sized(std::uint32_t size, const char* reason) {
    Capabilities made;
    made.size = size;
    made.level = {Support::native, reason};
    made.timeout_resolution = std::chrono::nanoseconds(77);
    return made;
}
[[maybe_unused]] const Capabilities size_of_zero = sized(0, nowhere);
// The end of the required members.
constexpr std::uint32_t least_size =
    offsetof(Capabilities, timeout_resolution) + sizeof(Capabilities::timeout_resolution);
[[maybe_unused]] const Capabilities cut_size = sized(least_size - 12, nowhere); // in the middle of a pointer
[[maybe_unused]] const Capabilities large_size = sized(0x7fffffff, "levels");

/// A backend that reports nothing.
class Idle final : public Selector, private Registrator {
  public:
    Registrator& registrator() noexcept override { return *this; }
    const Capabilities& capabilities() const noexcept override { return nothing; }
    std::span<const Event> select(std::span<Event>, Timeout, std::error_code& error) noexcept override {
        error.clear();
        return {};
    }

  private:
    std::error_code add(Source, const Watch&) noexcept override { return {}; }
    std::error_code modify(Source, const Watch&) noexcept override { return {}; }
    std::error_code remove(Source) noexcept override { return {}; }
    std::error_code wake() noexcept override { return {}; }
};

[[maybe_unused]] std::unique_ptr<Selector> opens(const OpenRequest&, OpenFailure&) noexcept {
    return std::make_unique<Idle>();
}

[[maybe_unused]] std::unique_ptr<Selector> fails(const OpenRequest&, OpenFailure& failure) noexcept {
    failure.set(make_error_code(std::errc::permission_denied), "fixture_setup");
    return nullptr;
}

[[maybe_unused]] std::unique_ptr<Selector> fails_in_silence(const OpenRequest&, OpenFailure&) noexcept {
    return nullptr;
}

[[maybe_unused]] std::unique_ptr<Selector> calls_an_undefined_function(const OpenRequest&, OpenFailure&) noexcept {
    return pollux_is_not_defined_anywhere() ? nullptr : std::make_unique<Idle>();
}

[[maybe_unused]] constexpr PluginKind unknown_kind{7};
[[maybe_unused]] constexpr std::uint32_t too_many_options = most_options + 1;
[[maybe_unused]] const std::error_category* const other_category = &std::system_category();

[[maybe_unused]] constexpr Option two_options[] = {{"size", "16", "how much"}, {"name", "", "what for"}};
[[maybe_unused]] constexpr Option same_options[] = {{"size", "16", "how much"}, {"size", "", "again"}};
[[maybe_unused]] constexpr Option bad_option[] = {{"Size", "16", "how much"}};
[[maybe_unused]] constexpr Option option_without_help[] = {{"size", "16", nullptr}};

[[maybe_unused]] constexpr Option control_options[] = {{"size", "1\033[2J\n\xff", "how\r\n\x7fmuch\033c"}};
/// An address without memory: a table of options that must not be read.
[[maybe_unused]] const Option* const options_nowhere = reinterpret_cast<const Option*>(alignof(Option));

/// All that a plugin may have.
[[maybe_unused]] const Option* all_options() {
    static std::array<std::string, most_options> names;
    static std::array<Option, most_options> all;
    for (std::size_t i = 0; i < all.size(); ++i) {
        names[i] = "option_" + std::to_string(i);
        all[i] = {names[i].c_str(), "", "one of many"};
    }
    return all.data();
}

/// Fails, and states the request in the sentence.
[[maybe_unused]] std::unique_ptr<Selector> states_its_request(const OpenRequest& request,
                                                              OpenFailure& failure) noexcept {
    std::string sentence = std::to_string(request.size) + " bytes";
    for (std::uint32_t i = 0; i < request.option_count; ++i) {
        sentence += std::string(", ") + request.options[i].name + "=" + request.options[i].value;
    }
    sentence += ", option(name)=" + std::string(request.option("name")) + (request.inner ? ", inner" : "");
    failure.set({}, {}, sentence);
    return nullptr;
}

class Layer final : public ForwardingSelector {
  public:
    explicit Layer(std::unique_ptr<Selector> inner) noexcept
        : ForwardingSelector(std::move(inner)), capabilities_(copy_of(ForwardingSelector::capabilities())) {
        capabilities_.edge = {Support::unsupported, FIXTURE_REASON};
    }
    const Capabilities& capabilities() const noexcept override { return capabilities_; }

  private:
    Capabilities capabilities_;
};

[[maybe_unused]] std::unique_ptr<Selector> wraps(const OpenRequest& request, OpenFailure&) noexcept {
    return std::make_unique<Layer>(std::move(*request.inner));
}

/// Returns a Selector, and states a failure.
[[maybe_unused]] std::unique_ptr<Selector> opens_and_fails(const OpenRequest& request, OpenFailure& failure) noexcept {
    fails(request, failure);
    return std::make_unique<Idle>();
}

/// A layer that fails after it has moved from its inner Selector.
[[maybe_unused]] std::unique_ptr<Selector> moves_and_fails(const OpenRequest& request, OpenFailure& failure) noexcept {
    const auto inner = std::move(*request.inner);
    return fails(request, failure);
}

/// A layer that refers to its inner Selector without owning it, up to the end of its destructor.
class Borrower final : public Selector {
  public:
    explicit Borrower(Selector& inner) noexcept : inner_(&inner) {}
    ~Borrower() override { static_cast<void>(inner_->registrator().wake()); }
    Registrator& registrator() noexcept override { return inner_->registrator(); }
    const Capabilities& capabilities() const noexcept override { return inner_->capabilities(); }
    std::span<const Event> select(std::span<Event> buffer, Timeout timeout, std::error_code& error) noexcept override {
        return inner_->select(buffer, timeout, error);
    }

  private:
    Selector* inner_;
};

[[maybe_unused]] std::unique_ptr<Selector> borrows(const OpenRequest& request, OpenFailure&) noexcept {
    return std::make_unique<Borrower>(**request.inner);
}

/// A layer that returns its inner Selector, which then has two owners.
[[maybe_unused]] std::unique_ptr<Selector> shares(const OpenRequest& request, OpenFailure&) noexcept {
    return std::unique_ptr<Selector>(request.inner->get());
}

/// A layer that changes nothing.
[[maybe_unused]] std::unique_ptr<Selector> passes_on(const OpenRequest& request, OpenFailure&) noexcept {
    return std::move(*request.inner);
}

} // namespace

#ifndef FIXTURE_WITHOUT_DESCRIPTION
POLLUX_PLUGIN_SECTION alignas(4) static constexpr pollux::PluginDescription
    pollux_description(FIXTURE_KIND, FIXTURE_NAME, FIXTURE_RANK, "a fixture of the loader's tests");
#endif

#ifndef FIXTURE_WITHOUT_SYMBOL
const pollux::Plugin pollux_plugin{
    .interface_version = FIXTURE_VERSION,
    .size = FIXTURE_SIZE,
    .abi = FIXTURE_ABI,
    .generic_category = FIXTURE_CATEGORY,
    .kind = FIXTURE_KIND_DRIFT,
    .rank = FIXTURE_RANK + FIXTURE_RANK_DRIFT,
    .name = FIXTURE_OWN_NAME,
    .summary = FIXTURE_SUMMARY,
    .capabilities = FIXTURE_CAPABILITIES,
    .options = FIXTURE_OPTIONS,
    .option_count = FIXTURE_OPTION_COUNT,
    .open = FIXTURE_OPEN,
};
#endif
