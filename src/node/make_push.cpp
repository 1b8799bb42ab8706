// How this process asks for pushes.
#include "node/parts.hpp"

#include <boost/asio/post.hpp>

namespace reveille::node {
namespace {

// Where there is no push service: nothing is offered, and what is asked for all the same is refused.
class NoPush final : public model::PushPort {
 public:
  NoPush(boost::asio::io_context& io, Clock const& clock) : io_(io), clock_(clock) {}
  void request(model::PushRequest request, Answer answer) override {
    boost::asio::post(io_, [id = request.id, at = clock_.now(), answer = std::move(answer)]() mutable {
      answer({.id = id, .state = model::PushState::refused, .reason = "no push service is configured", .at = at});
    });
  }
  void take_back(model::PushId const&) override {}
  void acknowledge(model::PushId const&) override {}
  [[nodiscard]] bool serves(model::Provider) const override { return false; }

 private:
  boost::asio::io_context& io_;
  Clock const& clock_;
};

}  // namespace

Result<void> make_push(Core& core) {
  core.push = std::make_unique<NoPush>(core.io, core.clock);
  return {};
}

}  // namespace reveille::node
