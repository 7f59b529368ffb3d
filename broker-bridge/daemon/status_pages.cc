// SPDX-License-Identifier: Apache-2.0
#include "broker-bridge/daemon/status_pages.h"

#include <utility>

#include "broker-bridge/daemon/http_responder.h"
#include "broker-bridge/daemon/metrics.h"

namespace estop::daemon {
namespace {

// Of what is known at once.
HttpHandler page(std::function<HttpAnswer()> make) {
  return [make = std::move(make)](const HttpRequest& /*request*/, HttpResponder to) {
    to.answer(make());
  };
}

}  // namespace

HttpRoutes status_pages(std::function<std::string()> metrics,
                        std::function<HttpAnswer()> readiness) {
  HttpRoutes routes;
  routes.add("GET", "/metrics", page([metrics = std::move(metrics)] {
               return HttpAnswer{200, Metrics::kContentType, metrics(), {}};
             }));
  routes.add("GET", "/livez", page([] { return text_answer(200, "alive"); }));
  routes.add("GET", "/readyz", page(std::move(readiness)));
  return routes;
}

}  // namespace estop::daemon
