// SPDX-License-Identifier: BSL-1.0
// Empty: compiles the precompiled headers that the tests share.
