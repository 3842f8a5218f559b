// SPDX-License-Identifier: BSL-1.0
#include "wine.hpp"

#include <array>

#ifdef _WIN32
#include <windows.h>
#endif

namespace pollux::conformance {

const char* wine_version() noexcept {
#ifdef _WIN32
    using Version = const char*(CDECL*)();
    // NOLINTNEXTLINE: the only way to call a function that only Wine has
    const auto version = reinterpret_cast<Version>(
        reinterpret_cast<void*>(GetProcAddress(GetModuleHandleW(L"ntdll"), "wine_get_version")));
    return version ? version() : nullptr;
#else
    return nullptr;
#endif
}

std::span<const WineDeviation> wine_deviations() noexcept {
    static constexpr std::array<WineDeviation, 2> all{{
        {"datagram.refused", "Wine loses the refusal: the event is reported, but the read returns no error"},
        {"end.reset",
         "the event is reported, but a read after a reset returns the end of the stream instead of the error"},
    }};
    return all;
}

} // namespace pollux::conformance
