// SPDX-License-Identifier: BSL-1.0
// Nothing: what is compiled here are the headers that the tests have in common.
