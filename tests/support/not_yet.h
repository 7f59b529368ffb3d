// SPDX-License-Identifier: Apache-2.0

// Promises that Estop does not keep yet, written down as tests before the change that keeps them.
#pragma once

#include <gtest/gtest.h>

#include <iostream>

// `holds` is the promise, `why` names the change that it waits for. The test passes while the
// promise is broken, and fails as soon as it is kept: then make it an EXPECT_TRUE. Everything
// before it, the set-up above all, is checked as in any test: a broken set-up is never taken for
// the expected failure.
#define EXPECT_NOT_YET(holds, why)                                                     \
  do {                                                                                 \
    std::cout << "expected to fail: " #holds " (" << (why) << ")\n";                   \
    EXPECT_FALSE(holds) << "this holds now: make it an EXPECT_TRUE (" << (why) << ")"; \
  } while (false)
