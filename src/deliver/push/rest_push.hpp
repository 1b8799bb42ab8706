// RestPush: the PushPort of a server whose push service is another process (interfaces.md, section 3): HTTP/2 over
// verified TLS, OAuth 2.0 client credentials.
//
// A request carries its PushId as Idempotency-Key, so that asking again after a lost connection asks for the same
// notification; it is asked again until it expires, calls each by themselves, all others in turns (waiting_pushes.hpp).
// What is taken back or acknowledged is said until it is heard
// (notices.hpp). Calls and all else have a connection each, so that neither waits for the other (B-TABLE-2); each is
// pinged while it is quiet, so that one that died without a reset costs a call a second at most (B-MODE-4). The access
// token is fetched once for all that wait for it, and again before it ends.
// Lifetime: the destructor ends what is under way, without answers. Threads: the executor's one.
#pragma once

#include "base/secret.hpp"
#include "edge/http/client.hpp"
#include "model/push.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>

namespace reveille::deliver {

struct RestPushSettings {
  edge::Http2ClientOptions server = {};
  std::string client_id = {};
  Secret client_secret = {};
};

class RestPush final : public model::PushPort {
 public:
  RestPush(boost::asio::any_io_executor executor, Clock const& clock, RestPushSettings settings);
  ~RestPush() override;

  void request(model::PushRequest request, Answer answer) override;
  void take_back(model::PushId const& id) override;
  void acknowledge(model::PushId const& id) override;
  // Until the service has told: yes for APNs, so that phones which register at once are offered it.
  [[nodiscard]] bool has_credential(model::Provider provider, model::Environment environment) const override;
  [[nodiscard]] bool serves(model::Provider provider, model::Environment environment) const override;

  // Why the push service could not be asked last time; empty while it can.
  [[nodiscard]] std::string const& trouble() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace reveille::deliver
