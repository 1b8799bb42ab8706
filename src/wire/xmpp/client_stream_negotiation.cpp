// ClientStream until its resource is bound: header, STARTTLS, SASL, binding or resumption (RFC 6120 sections 4 to 7).
#include "base/encoding.hpp"
#include "wire/xmpp/client_stream.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/precis.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace reveille::xmpp {
namespace {

// RFC 6120 section 4.7.5: at least 1.0; a missing version is 0.9.
bool is_supported_version(std::string_view version) {
  unsigned major = 0;
  auto const [end, error] = std::from_chars(version.data(), version.data() + version.size(), major);
  return error == std::errc{} && end != version.data() + version.size() && *end == '.' && major >= 1;
}

Element optional_feature(std::string_view name, std::string_view space) {
  auto feature = make_element(name, space);
  feature.add(make_element("optional", space));
  return feature;
}

// RFC 6120 section 6.4.2: "=" is an empty response.
std::optional<std::string> decode_sasl(std::string_view text) {
  if (text == "=") return std::string{};
  return decode_base64(text);
}

Element sasl_element(std::string_view name, std::string_view bytes) {
  return make_text_element(name, ns::sasl, encode_base64(bytes));
}

}  // namespace

void ClientStream::on_header(StreamOpened const& opened) {
  auto const& root = opened.root;
  auto const from = parse_jid(root.attribute("from"));
  claimed_ = from ? from->bare().text() : std::string{};
  // Section 4.8: the stream's and the content's namespace.
  if (root.space != ns::stream || opened.content_space != ns::client) return fault(StreamError::invalid_namespace);
  if (root.name != "stream") return fault(StreamError::bad_format);
  // Section 4.7.2: 'to' names one of our domains; after a restart, the same.
  auto const to = root.attribute("to");
  auto const domain = to.empty() ? std::optional<std::string>(settings_->domains.front()) : prepare_domain(to);
  bool const ours = domain && std::ranges::find(settings_->domains, *domain) != settings_->domains.end();
  if (!ours || (!address_.domain.empty() && address_.domain != *domain)) return fault(StreamError::host_unknown);
  address_.domain = *domain;
  write_header();
  if (!is_supported_version(root.attribute("version"))) return fault(StreamError::unsupported_version);
  phase_ = security_ == Security::plain ? Phase::securing : address_.local.empty() ? Phase::signing_in : Phase::binding;
  write_features();
}

void ClientStream::write_header() {
  auto const from = address_.domain.empty() ? settings_->domains.front() : address_.domain;
  std::string text = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='";
  text += ns::stream;
  // Section 4.7.3: the id is unpredictable and new at each restart.
  text += "' id='" + random_->hex(12) + "' from='";
  append_escaped(text, from);
  // Section 4.7.2: whoever the client says it is, and nothing when it does not say.
  if (!claimed_.empty()) {
    text += "' to='";
    append_escaped(text, claimed_);
  }
  text += "' version='1.0' xml:lang='en'>";
  write(text);
  header_sent_ = true;
}

void ClientStream::write_features() {
  auto features = make_element("features", ns::stream);
  if (phase_ == Phase::securing) {
    auto starttls = make_element("starttls", ns::tls);
    starttls.add(make_element("required", ns::tls));
    features.add(std::move(starttls));
  } else if (phase_ == Phase::signing_in) {
    auto mechanisms = make_element("mechanisms", ns::sasl);
    for (auto const& name : settings_->mechanisms) mechanisms.add(make_text_element("mechanism", ns::sasl, name));
    features.add(std::move(mechanisms));
  } else {
    features.add(make_element("bind", ns::bind));
    features.add(optional_feature("session", ns::session));
    features.add(make_element("sm", ns::stream_management));
    features.add(make_element("csi", ns::client_state));
    features.add(make_element("ver", ns::roster_versioning));
    features.add(make_element("sub", ns::pre_approval));
  }
  write(features);
}

// Section 5.4.2: before TLS nothing but STARTTLS.
void ClientStream::on_first_level(Element const& element) {
  if (element.is("starttls", ns::tls)) {
    write(make_element("proceed", ns::tls));
    wait_ = Wait::tls;
    actions_.emplace_back(action::StartTls{});
  } else if (element.is("auth", ns::sasl)) {
    fail_sasl(SaslError::encryption_required);
  } else {
    fault(kind_of(element) ? StreamError::not_authorized : StreamError::unsupported_stanza_type);
  }
}

// Section 5.4.3.3: a new stream inside the secured connection; nothing learned before counts.
StreamActions ClientStream::on_tls(Instant now) {
  if (!is_answer_to(Wait::tls)) return take();
  security_ = Security::tls;
  phase_ = Phase::header;
  header_sent_ = false;
  address_ = {};
  parser_.reset();
  backlog_.clear();
  stop_waiting(now);
  return take();
}

void ClientStream::on_sasl_element(Element const& element) {
  if (element.is("auth", ns::sasl)) return on_authenticate(element);
  if (element.is("response", ns::sasl)) return on_respond(element);
  if (element.is("abort", ns::sasl)) {
    if (phase_ == Phase::challenged) actions_.emplace_back(action::AbortSasl{});
    return fail_sasl(SaslError::aborted);
  }
  fault(kind_of(element) ? StreamError::not_authorized : StreamError::unsupported_stanza_type);
}

// Section 6.4.2.
void ClientStream::on_authenticate(Element const& element) {
  if (phase_ == Phase::challenged) actions_.emplace_back(action::AbortSasl{});
  phase_ = Phase::signing_in;
  auto const mechanism = std::string(element.attribute("mechanism"));
  if (std::ranges::find(settings_->mechanisms, mechanism) == settings_->mechanisms.end())
    return fail_sasl(SaslError::invalid_mechanism);
  auto initial = decode_sasl(element.text_content());
  if (!initial) return fail_sasl(SaslError::incorrect_encoding);
  wait_ = Wait::sasl;
  actions_.emplace_back(
      action::StartSasl{.mechanism = mechanism, .initial = std::move(*initial), .domain = address_.domain});
}

void ClientStream::on_respond(Element const& element) {
  if (phase_ != Phase::challenged) return fail_sasl(SaslError::malformed_request);
  auto response = decode_sasl(element.text_content());
  if (!response) {
    actions_.emplace_back(action::AbortSasl{});
    return fail_sasl(SaslError::incorrect_encoding);
  }
  wait_ = Wait::sasl;
  actions_.emplace_back(action::ContinueSasl{.response = std::move(*response)});
}

// Section 6.4.5: the peer may try again, a few times.
void ClientStream::fail_sasl(SaslError condition) {
  if (phase_ == Phase::challenged) phase_ = Phase::signing_in;
  auto failure = make_element("failure", ns::sasl);
  failure.add(make_element(name_of(condition), ns::sasl));
  write(failure);
  if (++failures_ >= settings_->most_sign_in_attempts) fault(StreamError::policy_violation);
}

StreamActions ClientStream::on_sasl(SaslAnswer const& answer, Instant now) {
  if (!is_answer_to(Wait::sasl)) return take();
  wait_ = Wait::none;
  if (auto const* challenge = std::get_if<SaslChallenge>(&answer)) {
    phase_ = Phase::challenged;
    write(sasl_element("challenge", challenge->bytes));
  } else if (auto const* success = std::get_if<SaslSuccess>(&answer)) {
    // Section 6.4.6: a new stream follows, whose limits are those of someone we know.
    write(sasl_element("success", success->bytes));
    address_.local = success->user;
    parser_.reset();
    parser_.set_limits(settings_->after_sign_in);
    phase_ = Phase::header;
    header_sent_ = false;
  } else {
    phase_ = Phase::signing_in;
    fail_sasl(std::get<SaslFailure>(answer).condition);
  }
  stop_waiting(now);
  return take();
}

void ClientStream::on_binding_element(Element const& element) {
  if (element.space == ns::stream_management) {
    // XEP-0198 section 5: <resume/> stands in place of binding; <enable/> comes after it.
    auto const management = read_management(element);
    if (auto const* resume = management ? std::get_if<Resume>(&*management) : nullptr) {
      wait_ = Wait::resume;
      actions_.emplace_back(action::RequestResume{.previous = resume->previous, .h = resume->h});
      return;
    }
    return write(to_element(Failed{.condition = StanzaError::unexpected_request}));
  }
  auto const* bind =
      element.is("iq", ns::client) && element.attribute("type") == "set" ? element.child("bind", ns::bind) : nullptr;
  if (!bind) return fault(kind_of(element) ? StreamError::not_authorized : StreamError::unsupported_stanza_type);
  on_bind(element, *bind);
}

// Section 7: the client's resource, or one of ours.
void ClientStream::on_bind(Element const& iq, Element const& bind) {
  auto const wanted = bind.child_text("resource");
  auto resource = wanted.empty() ? std::optional(random_->hex(8)) : prepare_opaque(wanted);
  if (!resource || resource->size() > longest_jid_part) {
    if (auto const error = error_of(iq, StanzaError::bad_request)) write(*error);
    return;
  }
  bind_id_ = iq.attribute("id");
  wait_ = Wait::bind;
  actions_.emplace_back(action::RequestBind{.resource = std::move(*resource)});
}

StreamActions ClientStream::bound(std::string_view resource, Instant now) {
  if (!is_answer_to(Wait::bind)) return take();
  address_.resource = resource;
  phase_ = Phase::bound;
  auto bind = make_element("bind", ns::bind);
  bind.add(make_text_element("jid", ns::bind, address_.text()));
  auto result = make_iq(IqType::result, std::exchange(bind_id_, {}));
  result.add(std::move(bind));
  write(result);
  stop_waiting(now);
  return take();
}

StreamActions ClientStream::bind_refused(StanzaError condition, Instant now) {
  if (!is_answer_to(Wait::bind)) return take();
  if (auto const error = error_of(make_iq(IqType::set, std::exchange(bind_id_, {})), condition)) write(*error);
  stop_waiting(now);
  return take();
}

StreamActions ClientStream::resumed(Continuation const& state, Instant now) {
  if (!is_answer_to(Wait::resume)) return take();
  address_.resource = state.resource;
  phase_ = Phase::bound;
  managed_ = true;
  count_base_ = received_.received() - state.received;
  sent_ = state.acknowledged;
  acknowledged_ = state.acknowledged;
  write(to_element(Resumed{.h = state.received, .previous = state.previous}));
  stop_waiting(now);
  return take();
}

// To <resume/> or <enable/>: the stream goes on, so that the client can bind.
StreamActions ClientStream::management_failed(Failed const& failed, Instant now) {
  if (!is_answer_to(Wait::resume) && !is_answer_to(Wait::enable)) return take();
  write(to_element(failed));
  stop_waiting(now);
  return take();
}

}  // namespace reveille::xmpp
