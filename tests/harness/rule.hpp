// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <gtest/gtest.h>

// The notation of the conformance suite: a test has the name of the label that the header has in brackets.
#define RULE(subject, behaviour) TEST(subject, behaviour)
