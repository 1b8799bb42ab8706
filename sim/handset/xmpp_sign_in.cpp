// From an open link to an online session: SASL, then resumption, or a new session with roster, presence and push.
#include "base/encoding.hpp"
#include "sim/handset/xmpp_client.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>

namespace reveille::sim::handset {

using xmpp::Element;
using xmpp::make_element;
using xmpp::make_text_element;
namespace ns = xmpp::ns;

namespace {

bool offers(Element const& mechanisms, std::string_view name) {
  return std::ranges::any_of(mechanisms.children, [name](Element const& child) {
    return child.is("mechanism", ns::sasl) && child.text_content() == name;
  });
}

// RFC 6120 section 6.4.2: "=" is an empty text.
std::string base64_or_equals(std::string const& bytes) {
  return bytes.empty() ? "=" : encode_base64(bytes);
}

std::optional<std::string> decoded(Element const& element) {
  auto const text = element.text_content();
  return text == "=" ? std::optional<std::string>("") : decode_base64(text);
}

}  // namespace

// RFC 6120 section 4.2.
void XmppClient::begin_stream() {
  parser_.reset();
  managed_ = false;
  host_.send("<?xml version='1.0'?><stream:stream to='" + identity_.domain() + "' from='" + identity_.address +
             "' version='1.0' xml:lang='en' xmlns='" + std::string(ns::client) + "' xmlns:stream='" +
             std::string(ns::stream) + "'>");
}

void XmppClient::on_features(Element const& features, Instant now) {
  if (phase_ == Phase::authenticated) return resume_or_bind(now);
  auto const* mechanisms = features.child("mechanisms", ns::sasl);
  using xmpp::ScramHash;
  std::optional<ScramHash> hash;
  for (auto const candidate : {ScramHash::sha256, ScramHash::sha1})
    if (!hash && mechanisms != nullptr && offers(*mechanisms, xmpp::mechanism_of(candidate))) hash = candidate;
  if (!hash) return sign_in_failed("the server offers no SCRAM");
  scram_ = std::make_unique<xmpp::ScramClient>(*hash, identity_.user(), identity_.password, random_.hex(16));
  phase_ = Phase::authenticating;
  auto auth = make_element("auth", ns::sasl, {{"mechanism", xmpp::mechanism_of(*hash)}});
  auth.add_text(base64_or_equals(scram_->first()));
  send_nonza(auth);
}

void XmppClient::on_sasl(Element const& element) {
  if (phase_ != Phase::authenticating || !scram_) return;
  if (element.name == "failure") {
    auto const* condition = element.first_child();
    return sign_in_failed("IM & presence refused: " +
                          (condition == nullptr ? std::string("failure") : condition->name));
  }
  auto const bytes = decoded(element);
  if (!bytes) return sign_in_failed("the server's SASL is no base64");
  if (element.name == "challenge") {
    auto const answer = scram_->answer(*bytes);
    if (!answer) return sign_in_failed(answer.error().ours);
    auto response = make_element("response", ns::sasl);
    response.add_text(base64_or_equals(*answer));
    return send_nonza(response);
  }
  if (element.name != "success") return;
  // The server has to prove that it knows the keys, or it is not ours.
  if (auto const verified = scram_->verify(*bytes); !verified) return sign_in_failed(verified.error().ours);
  scram_.reset();
  phase_ = Phase::authenticated;
  begin_stream();
}

// A wrong password is no matter of trying again.
void XmppClient::sign_in_failed(std::string const& why) {
  host_.drop_link(LinkEnd::abrupt);
  link_is_up_ = false;
  phase_ = Phase::offline;
  overdue_at_.reset();
  wanted_ = false;
  host_.emit("error", {{"what", "xmpp_sign_in"}, {"why", why}});
  finish(why);
}

// XEP-0198 section 5.
void XmppClient::resume_or_bind(Instant now) {
  if (session_id_.empty()) return bind(now);
  phase_ = Phase::resuming;
  send_nonza(xmpp::to_element(xmpp::Resume{.h = received_.handled(), .previous = session_id_}));
}

// RFC 6120 section 7.
void XmppClient::bind(Instant now) {
  phase_ = Phase::binding;
  auto request = make_element("bind", ns::bind);
  request.add(make_text_element("resource", ns::bind, "handset-" + identity_.instance.substr(0, 8)));
  send_iq(xmpp::IqType::set, std::move(request), now,
          [this](Element const& answer, Instant at) { on_bound(answer, at); });
}

void XmppClient::on_bound(Element const& answer, Instant now) {
  auto const* bound = answer.child("bind", ns::bind);
  if (xmpp::iq_type_of(answer) != xmpp::IqType::result || bound == nullptr)
    return lose("binding was refused: " + xmpp::condition_of(answer).value_or("no reason"), now);
  jid_ = bound->child_text("jid");
  phase_ = Phase::enabling;
  send_nonza(xmpp::to_element(xmpp::Enable{.resume = xmpp::Resumption::yes}));
}

void XmppClient::on_management(xmpp::Management const& management, Instant now) {
  if (auto const* ack = std::get_if<xmpp::Ack>(&management)) {
    auto const progress = ack->h == sent_.acknowledged() ? xmpp::Progress::none : xmpp::Progress::some;
    acknowledge(ack->h, now);
    if (link_is_up_ && requests_.answered(now, progress, sent_.waiting().size()))
      send_nonza(xmpp::to_element(xmpp::AckRequest{}));
  } else if (std::holds_alternative<xmpp::AckRequest>(management)) {
    if (auto const h = received_.request()) send_nonza(xmpp::to_element(xmpp::Ack{*h}));
  } else if (auto const* enabled = std::get_if<xmpp::Enabled>(&management)) {
    if (phase_ == Phase::enabling) on_enabled(*enabled, now);
  } else if (auto const* resumed = std::get_if<xmpp::Resumed>(&management)) {
    if (phase_ == Phase::resuming) on_resumed(*resumed, now);
  } else if (auto const* failed = std::get_if<xmpp::Failed>(&management)) {
    if (phase_ == Phase::resuming) on_resumption_failed(*failed, now);
    if (phase_ == Phase::enabling) on_enabled({}, now);
  }
}

void XmppClient::on_enabled(xmpp::Enabled const& enabled, Instant now) {
  session_id_ = enabled.resume == xmpp::Resumption::yes ? enabled.id : std::string();
  managed_ = true;
  received_ = xmpp::ReceivedCount();
  sent_ = xmpp::SentQueue();
  requests_ = xmpp::AcknowledgementRequests();
  unacknowledged_.clear();
  settle(now);
}

// XEP-0198 section 5: both sides go on with their old counters; what the other has not seen is sent again.
void XmppClient::on_resumed(xmpp::Resumed const& resumed, Instant now) {
  managed_ = true;
  requests_ = xmpp::AcknowledgementRequests();
  acknowledge(resumed.h, now);
  if (!link_is_up_) return;
  for (auto const reference : sent_.waiting())
    if (auto const at = unacknowledged_.find(reference); at != unacknowledged_.end()) host_.send(at->second.bytes);
  if (!sent_.waiting().empty() && requests_.should_ask(now)) send_nonza(xmpp::to_element(xmpp::AckRequest{}));
  host_.emit("signed_in", {{"jid", jid_}, {"resumed", true}});
  go_online(now);
}

// What the server did not have is sent again in the next session; the archive tells what we did not have.
void XmppClient::on_resumption_failed(xmpp::Failed const& failed, Instant now) {
  if (failed.h) acknowledge(*failed.h, now);
  if (!link_is_up_) return;
  for (auto& [reference, stanza] : unacknowledged_)
    if (stanza.done) to_send_again_.push_back(std::move(stanza));
  unacknowledged_.clear();
  session_id_.clear();
  bind(now);
}

// RFC 6121 sections 2.2 and 4.2, XEP-0357, XEP-0313: a new session asks for everything anew.
void XmppClient::settle(Instant now) {
  send_iq(xmpp::IqType::get, make_element("query", ns::roster), now, [this](Element const& answer, Instant at) {
    auto const* roster = answer.child("query", ns::roster);
    for (auto const& contact : identity_.contacts) {
      bool const known = roster != nullptr && std::ranges::any_of(roster->children, [&](Element const& item) {
                           auto const subscription = item.attribute("subscription");
                           return item.attribute("jid") == contact && (subscription == "to" || subscription == "both");
                         });
      if (!known) send_stanza(make_element("presence", ns::client, {{"to", contact}, {"type", "subscribe"}}), at);
    }
  });
  send_stanza(make_element("presence", ns::client), now);
  if (identity_.push)
    send_iq(xmpp::IqType::set, enable_push(*identity_.push, identity_.domain(), identity_.instance), now,
            [this](Element const& answer, Instant) {
              if (xmpp::iq_type_of(answer) == xmpp::IqType::error)
                host_.emit("error", {{"what", "push_enable"}, {"why", xmpp::condition_of(answer).value_or("refused")}});
            });
  auto const last = host_.last_archive_id();
  catch_up(last.empty() ? std::nullopt : std::optional(last), now);
}

// XEP-0313 section 4, page by page. Without a place to start from, the newest message says where the archive stands.
void XmppClient::catch_up(std::optional<std::string> const& after, Instant now) {
  archive_query_ = random_.hex(6);
  page_end_.clear();
  bool const first_time = !after;
  send_iq(xmpp::IqType::set, archive_query(archive_query_, after), now,
          [this, first_time](Element const& answer, Instant at) {
            auto const* fin = answer.child("fin", ns::archive);
            bool const more =
                fin != nullptr && fin->attribute("complete") != "true" && fin->attribute("complete") != "1";
            auto const page_end = std::exchange(page_end_, {});
            archive_query_.clear();
            if (more && !first_time && !page_end.empty()) return catch_up(page_end, at);
            for (auto& stanza : std::exchange(to_send_again_, {})) {
              host_.send(stanza.bytes);
              sent_.send(next_reference_);
              unacknowledged_[next_reference_++] = std::move(stanza);
            }
            if (!sent_.waiting().empty() && requests_.should_ask(at)) send_nonza(xmpp::to_element(xmpp::AckRequest{}));
            host_.emit("signed_in", {{"jid", jid_}, {"resumed", false}});
            go_online(at);
          });
}

void XmppClient::go_online(Instant now) {
  phase_ = Phase::online;
  overdue_at_.reset();
  reconnect_after_ = 500ms;
  if (mode_ == AppMode::background)
    tell_mode();
  else
    send_nonza(make_element("mode", ns::mode, {{"state", "foreground"}}));
  mark_displayed(now);
  if (mode_ == AppMode::foreground) host_.caught_up();
  finish({});
}

}  // namespace reveille::sim::handset
