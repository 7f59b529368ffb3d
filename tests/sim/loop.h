// SPDX-License-Identifier: Apache-2.0

// What nats::Connection calls its loop is, in the simulation, the process that it lives in.
#pragma once

#include "tests/sim/broker.h"
#include "tests/sim/process.h"

namespace boost::asio {

class io_context {
 public:
  estop::sim::Process& process;
  estop::sim::Broker& broker;
};

}  // namespace boost::asio
