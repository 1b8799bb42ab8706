#include "decide/xmpp/iq.hpp"

#include "decide/xmpp/disco.hpp"
#include "decide/xmpp/push.hpp"
#include "decide/xmpp/roster.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <array>
#include <utility>

namespace reveille::decide {
namespace {

using namespace xmpp;

struct Call {
  ImAccount& account;
  ImSession& session;
  Element const& iq;
  ImContext const& context;
  ImEffects& effects;

  void answer(Element result) const { effects.deliver(session.resource, std::move(result)); }
  void refuse(StanzaError condition) const {
    if (auto error = error_of(iq, condition)) answer(std::move(*error));
  }
};

// XEP-0030 section 3.1: a node that is not there; nothing here has any.
void answer_disco(Call const& call, Element answer) {
  if (!call.iq.first_child()->attribute("node").empty()) return call.refuse(StanzaError::item_not_found);
  call.answer(std::move(answer));
}

// The table of extensions: who asks what of whom.
enum class Asked : std::uint8_t { server, account, either };
struct Handler {
  IqType type = IqType::get;
  std::string_view name = {};
  std::string_view space = {};
  Asked asked = Asked::either;
  void (*handle)(Call const&) = nullptr;
};

constexpr std::array handlers{
    Handler{IqType::get, "ping", ns::ping, Asked::either, [](Call const& call) { call.answer(result_of(call.iq)); }},
    Handler{IqType::set, "session", ns::session, Asked::either,
            [](Call const& call) { call.answer(result_of(call.iq)); }},
    Handler{
        IqType::get, "query", ns::disco_info, Asked::server,
        [](Call const& call) { answer_disco(call, answer_disco_info(call.iq, DiscoTarget::server, call.context)); }},
    Handler{
        IqType::get, "query", ns::disco_info, Asked::account,
        [](Call const& call) { answer_disco(call, answer_disco_info(call.iq, DiscoTarget::account, call.context)); }},
    Handler{IqType::get, "query", ns::disco_items, Asked::either,
            [](Call const& call) { answer_disco(call, answer_disco_items(call.iq)); }},
    Handler{IqType::get, "query", ns::roster, Asked::account,
            [](Call const& call) { on_roster_get(call.account, call.session, call.iq, call.effects); }},
    Handler{IqType::set, "query", ns::roster, Asked::account,
            [](Call const& call) { on_roster_set(call.account, call.session, call.iq, call.effects); }},
    Handler{IqType::set, "enable", ns::push, Asked::account,
            [](Call const& call) { on_push_enable(call.account, call.session, call.iq, call.context, call.effects); }},
    Handler{IqType::set, "disable", ns::push, Asked::account,
            [](Call const& call) { on_push_disable(call.session, call.iq, call.context, call.effects); }},
    Handler{IqType::set, "query", ns::archive, Asked::account,
            [](Call const& call) {
              call.effects.archive_requests.push_back({.resource = call.session.resource, .iq = call.iq});
            }},
    Handler{IqType::get, "query", ns::archive, Asked::account,
            [](Call const& call) {
              call.effects.archive_requests.push_back({.resource = call.session.resource, .iq = call.iq});
            }},
};

void ask_house(Call const& call, IqType type, Asked asked) {
  // RFC 6120 section 8.2.3: a result or an error is never answered.
  if (type == IqType::result || type == IqType::error) return;
  auto const* payload = call.iq.first_child();
  if (!payload || call.iq.attribute("id").empty()) return call.refuse(StanzaError::bad_request);
  for (auto const& handler : handlers)
    if (handler.type == type && payload->is(handler.name, handler.space) &&
        (handler.asked == Asked::either || handler.asked == asked))
      return handler.handle(call);
  call.refuse(StanzaError::service_unavailable);
}

}  // namespace

void on_outbound_iq(ImAccount& account, ImSession& session, Element iq, ImContext const& context, ImEffects& effects) {
  Call const call{account, session, iq, context, effects};
  auto const type = iq_type_of(iq);
  if (!type) return call.refuse(StanzaError::bad_request);
  auto const address = iq.attribute("to");
  // RFC 6120 section 10.3: no 'to' is the account itself.
  auto const to = address.empty() ? Result<Jid>(account.jid) : parse_jid(address);
  if (!to) return call.refuse(StanzaError::jid_malformed);
  if (*to == account.jid) return ask_house(call, *type, Asked::account);
  if (to->local.empty() && to->domain == context.domain && to->is_bare()) return ask_house(call, *type, Asked::server);
  effects.routes.push_back(std::move(iq));
}

void on_inbound_iq(ImAccount& account, Element const& iq, ImEffects& effects) {
  auto const to = parse_jid(iq.attribute("to"));
  auto* session = to && !to->is_bare() ? find_session(account, to->resource) : nullptr;
  auto const type = iq_type_of(iq);
  bool const is_answer = type == IqType::result || type == IqType::error;
  // XEP-0198 section 5: an answer waits for a client that can come back for it.
  if (session && (session->is_live() || (is_answer && session->is_resumable())))
    return effects.deliver(session->resource, iq);
  // RFC 6121 section 8.5.3.2.3; a suspended client cannot answer now.
  auto error = error_of(iq, session ? StanzaError::recipient_unavailable : StanzaError::service_unavailable);
  if (error && type != IqType::result) effects.routes.push_back(std::move(*error));
}

}  // namespace reveille::decide
