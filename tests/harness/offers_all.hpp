// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/capabilities.hpp>

namespace pollux::harness {

/// The capabilities of a Selector in a test that refuses nothing.
inline constexpr Capabilities offers_all{.oneshot = {Support::native},
                                         .level = {Support::native},
                                         .edge = {Support::native},
                                         .sockets = {Support::native},
                                         .pipes = {Support::native},
                                         .files = {Support::native},
                                         .priority = {Support::native},
                                         .timeout_resolution = std::chrono::milliseconds(1)};

} // namespace pollux::harness
