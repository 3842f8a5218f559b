// SPDX-License-Identifier: BSL-1.0
#include "source_ends.hpp"

namespace pollux::conformance {

std::vector<SourceEnd> source_ends(const Capabilities& capabilities) {
    const auto pair_of = [](Kind kind) { return [kind] { return make_pair(kind); }; };
    const auto written_pipe = [] {
        auto pair = make_pair(Kind::pipe);
        std::swap(pair.near, pair.far);
        return pair;
    };
    const auto close_far = [](Pair& pair) { pair.far.close(); };
    const auto leave_unread = [](Pair& pair) {
        write(pair.far, "x");
        pair.far.close();
    };
    std::vector<SourceEnd> all;
    if (capabilities.sockets) {
        all.push_back({"local socket, closed", pair_of(Kind::local), close_far});
        all.push_back({"local socket, closed with unread data", pair_of(Kind::local), leave_unread});
        all.push_back({"TCP socket, closed", pair_of(Kind::tcp), close_far});
        all.push_back({"TCP socket, both halves closed", pair_of(Kind::tcp), [](Pair& pair) {
                           shut_down_writing(pair.near);
                           pair.far.close();
                       }});
        all.push_back({"TCP socket, reset", pair_of(Kind::tcp), [](Pair& pair) { reset(pair.far); }});
        all.push_back({"TCP socket, refused", [] { return Pair{connect_to_closed_port(), Owned()}; }, [](Pair&) {}});
        all.push_back({"UDP socket, refused",
                       [] {
                           return Pair{udp_socket_to_closed_port(), Owned()};
                       },
                       [](Pair& pair) { send_datagram(pair.near, "refused"); }});
    }
    if (capabilities.pipes) {
        all.push_back({"pipe without a writer", pair_of(Kind::pipe), close_far});
        all.push_back({"pipe without a writer, with unread data", pair_of(Kind::pipe), leave_unread});
        all.push_back({"pipe without a reader", written_pipe, close_far});
    }
    return all;
}

} // namespace pollux::conformance
