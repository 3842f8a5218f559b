// SPDX-License-Identifier: BSL-1.0
// Instantiates the templates of the public headers, for the check "throwing", which includes all of these headers
// before it and compiles every function.
#include <pollux/forwarding_selector.hpp>
#include <pollux/loop/callback.hpp>
#include <pollux/loop/poster.hpp>
#include <pollux/loop/watch_callback.hpp>
#include <pollux/net/net.hpp>
#include <pollux/net/tcp_stream.hpp>
#include <pollux/notify/internal/lane_list.hpp>
#include <pollux/notify/internal/token_lane.hpp>
#include <pollux/notify/internal/token_ring.hpp>
#include <pollux/notify/notify.hpp>
#include <pollux/pending_wake.hpp>
#include <pollux/poll.hpp>
#include <pollux/toolkit.hpp>

#include <array>
#include <functional>
#include <memory>
#include <system_error>

namespace pollux {

template class loop::Callback<void()>;
template class loop::Callback<void(Ready, std::error_code)>;
template class PendingWake<>;
template class notify::LaneList<notify::RealMemory>;
template class notify::TokenLane<notify::RealMemory>;
template class notify::TokenRing<notify::RealMemory>;

namespace {

/// A class that gives its descriptor as net's classes do, and one as others do.
struct WithFd {
    int fd() const noexcept { return -1; }
};

/// A layer as <pollux/toolkit.hpp> opens it.
class Forwarding final : public ForwardingSelector {
  public:
    Forwarding() : ForwardingSelector(nullptr) {}
    bool open(const OpenRequest& request, OpenFailure& failure) {
        std::uint32_t count = 0;
        return toolkit::read_count(request, "count", 1, 2, count, failure);
    }
};

[[maybe_unused]] std::unique_ptr<Selector> open_forwarding(const OpenRequest& request, OpenFailure& failure) noexcept {
    return toolkit::open_selector<Forwarding>(request, failure);
}

struct Handler {
    void operator()(Ready /*ready*/, std::error_code /*error*/) const {}
};

} // namespace

/// Calls each template once; the results do not matter.
void instantiate(const Poll& poll, const loop::Poster& poster, const net::OwnedSource& source, net::TcpStream& stream) {
    const auto use = [&](const auto& watched) {
        static_cast<void>(poll.registrator().add(watched, {}));
        static_cast<void>(poll.registrator().modify(watched, {}));
        static_cast<void>(poll.registrator().remove(watched));
    };
    use(source.native_handle());
    use(stream);
    use(WithFd());
    notify::event_queue(1, poll.registrator());
    notify::event_queue(1, poster);
    notify::TokenLane<notify::RealMemory> lane(1);
    lane.take([](auto /*token*/) noexcept { return true; });
    PendingWake<> wake;
    static_cast<void>(wake.wake([]() noexcept { return std::error_code(); }));

    const std::array<char, 100> large{};
    loop::Callback<void()> callback([large] { static_cast<void>(large); });
    callback = [] {};
    callback = [owned = std::make_unique<int>()] { static_cast<void>(owned); };
    callback = std::function<void()>();
    const loop::WatchCallback both = Handler();
    const loop::WatchCallback one = [](Ready /*ready*/) {};
}

} // namespace pollux
