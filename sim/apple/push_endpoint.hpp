// PushEndpoint: the side that providers speak to: `POST /3/device/<token>`, judged as APNs does.
//
// It also plays a connection's rules: one stream until a push with a valid token has succeeded, then 1000, one again
// after a refusal, and GOAWAY when more than that are unanswered then (as observed of APNs); one team a connection; a
// new token at most every 20 minutes. An endpoint serves one environment, whose tokens and keys are no good in the
// other, or both. Lifetime: outlives its server. Threads: one.
#pragma once

#include "base/instant.hpp"
#include "base/random.hpp"
#include "edge/http/exchange.hpp"
#include "sim/apple/devices.hpp"
#include "sim/apple/faults.hpp"
#include "sim/apple/provider_token.hpp"
#include "sim/apple/request_log.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>

namespace reveille::sim::apple {

// What both sides of the cloud share.
struct CloudState {
  CloudState(Clock const& with_clock, Random& with_random)
      : clock(with_clock), random(with_random), devices(with_random) {}

  Clock const& clock;
  Random& random;
  ProviderKeys keys = {};
  std::string team = {};  // of the key that the ready line names, and of an app whose team nobody says
  Devices devices;
  Faults faults = {};
  RequestLog log = {};
};

class PushEndpoint {
 public:
  static constexpr std::uint32_t first_streams = 1;
  static constexpr std::uint32_t open_streams = 1000;

  PushEndpoint(boost::asio::any_io_executor executor, CloudState& state, std::optional<Environment> served)
      : executor_(std::move(executor)), state_(state), served_(served) {}

  void on_request(edge::HttpRequest request, edge::Responder responder);

 private:
  struct Connection {
    std::weak_ptr<edge::HttpConnection> handle = {};
    ConnectionTokens tokens = {};
    std::uint32_t streams = first_streams;
    std::shared_ptr<std::size_t> unanswered = std::make_shared<std::size_t>(0);
  };
  struct Answer {
    int status = 200;
    std::string reason = {};
    std::optional<Instant> since = {};
    std::string fate = {};
    Environment environment = Environment::production;
  };

  Connection& connection_of(edge::HttpRequest const& request);
  Answer judge(edge::HttpRequest const& request, Connection& connection, std::string const& id);
  void adjust_streams(edge::HttpRequest const& request, Connection& connection, Answer const& answer);
  static void set_streams(edge::HttpRequest const& request, Connection& connection, std::uint32_t streams);
  void answer(edge::HttpRequest const& request, edge::Responder responder, Answer const& answer, std::string id,
              Fault const& fault);
  void answer_late(edge::HttpRequest const& request, edge::Responder responder, edge::HttpResponse response,
                   std::chrono::milliseconds latency);
  edge::HttpResponse response_of(Answer const& answer, std::string id);

  boost::asio::any_io_executor executor_;
  CloudState& state_;
  std::optional<Environment> served_;
  std::unordered_map<std::uint64_t, Connection> connections_;
};

}  // namespace reveille::sim::apple
