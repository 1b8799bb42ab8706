#include "deliver/push/local_push.hpp"

#include <utility>

namespace reveille::deliver {
namespace {

using namespace model;

template <class T>
using Outcome = Result<T, PushRefusal>;

std::string_view reason_of(PushRefusal refusal) {
  using enum PushRefusal;
  switch (refusal) {
    case not_found: return "not_found";
    case key_reused: return "key_reused";
    case no_device: return "no_device";
    case no_token: return "no_token";
    case token_dead: return "token_dead";
    case no_credential: return "no_credential";
    case unfit_target:
    case unfit_voip_token:
    case unfit_message_token: return "unfit_target";
    case too_large: return "payload_too_large";
    case voip_is_for_calls: return "voip_is_for_calls";
    case service_not_used: return "service_not_used";
    case too_many_devices: return "too_many_devices";
    case too_many: return "too_many";
    case overloaded: return "overloaded";
    case storage: return "storage";
  }
  std::unreachable();
}

// Its time is over, and the provider has not spoken: nobody can say.
PushReceipt final_word(PushReceipt receipt) {
  if (receipt.state == PushState::accepted || receipt.state == PushState::sending) {
    receipt.state = PushState::unknown;
    receipt.reason = "no word by the deadline";
  }
  return receipt;
}

}  // namespace

void LocalPush::request(PushRequest request, Answer answer) {
  auto const id = request.id;
  auto const until = request.expires_at;
  Notification notification{.tenant = own_tenant, .request = std::move(request)};
  service_.request(
      std::move(notification), until, [this, id, answer = std::move(answer)](Outcome<NotificationView> view) mutable {
        if (view) return answer(final_word(view->receipt));
        // An earlier run of this server has asked for it in other words: it may have gone out.
        if (view.error() == PushRefusal::key_reused)
          return answer({.id = id, .state = PushState::unknown, .reason = "asked before", .at = clock_.now()});
        answer({.id = id,
                .state = PushState::refused,
                .reason = std::string(reason_of(view.error())),
                .at = clock_.now()});
      });
}

void LocalPush::take_back(PushId const& id) {
  service_.take_back(own_tenant, id, [](Outcome<NotificationView>) {});
}

bool LocalPush::has_credential(Provider provider, Environment environment) const {
  return service_.has_credential(own_tenant, provider, environment);
}

bool LocalPush::serves(Provider provider, Environment environment) const {
  return service_.serves(own_tenant, provider, environment);
}

void LocalPush::acknowledge(PushId const& id) {
  service_.acknowledge(own_tenant, {.id = id}, [](Outcome<NotificationView>) {});
}

}  // namespace reveille::deliver
