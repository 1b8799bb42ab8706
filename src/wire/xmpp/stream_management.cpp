#include "wire/xmpp/stream_management.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace reveille::xmpp {
namespace {

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

Element nonza(std::string_view name) {
  return make_element(name, ns::stream_management);
}

Resumption resumption_of(Element const& element) {
  auto const value = element.attribute("resume");
  return value == "true" || value == "1" ? Resumption::yes : Resumption::no;
}

std::optional<std::chrono::seconds> most_of(Element const& element) {
  auto const value = number_of<std::uint32_t>(element.attribute("max"));
  return value ? std::optional(std::chrono::seconds{*value}) : std::nullopt;
}

StanzaError condition_named(Element const& failed) {
  for (auto const& child : failed.children)
    for (auto condition = StanzaError::bad_request; condition < StanzaError::unexpected_request;
         condition = static_cast<StanzaError>(std::to_underlying(condition) + 1))
      if (child.is(name_of(condition), ns::stanza_errors)) return condition;
  return failed.child(name_of(StanzaError::unexpected_request), ns::stanza_errors) ? StanzaError::unexpected_request
                                                                                   : StanzaError::undefined_condition;
}

Element write(Enable const& enable) {
  auto element = nonza("enable");
  if (enable.resume == Resumption::yes) element.set("resume", "true");
  if (enable.most) element.set("max", std::to_string(enable.most->count()));
  return element;
}

Element write(Enabled const& enabled) {
  auto element = nonza("enabled");
  if (!enabled.id.empty()) element.set("id", enabled.id);
  if (enabled.resume == Resumption::yes) element.set("resume", "true");
  if (enabled.most) element.set("max", std::to_string(enabled.most->count()));
  return element;
}

Element write_counted(std::string_view name, std::uint32_t h, std::string_view previous) {
  auto element = nonza(name);
  element.set("h", std::to_string(h));
  if (!previous.empty()) element.set("previd", previous);
  return element;
}

Element write(Resume const& resume) {
  return write_counted("resume", resume.h, resume.previous);
}
Element write(Resumed const& resumed) {
  return write_counted("resumed", resumed.h, resumed.previous);
}
Element write(Ack const& ack) {
  return write_counted("a", ack.h, {});
}
Element write(AckRequest const&) {
  return nonza("r");
}

Element write(Failed const& failed) {
  auto element = nonza("failed");
  if (failed.h) element.set("h", std::to_string(*failed.h));
  element.add(make_element(name_of(failed.condition), ns::stanza_errors));
  return element;
}

}  // namespace

std::uint32_t SentQueue::send(StanzaReference reference) {
  waiting_.push_back(reference);
  return sent();
}

Result<std::vector<StanzaReference>, CountFault> SentQueue::acknowledge(std::uint32_t h) {
  // The difference is taken modulo 2^32: an h behind the last one becomes a huge step forward, and is refused too.
  std::uint32_t const newly = h - acknowledged_;
  if (newly > waiting_.size()) return std::unexpected(CountFault{.h = h, .sent = sent()});
  std::vector<StanzaReference> done(waiting_.begin(), waiting_.begin() + newly);
  waiting_.erase(waiting_.begin(), waiting_.begin() + newly);
  acknowledged_ = h;
  return done;
}

std::optional<std::uint32_t> ReceivedCount::request() {
  if (handled_ == received_) return handled_;
  asked_at_ = received_;
  return std::nullopt;
}

std::optional<std::uint32_t> ReceivedCount::handle(std::uint32_t count) {
  handled_ += count;
  // Signed difference: modulo 2^32, "handled has reached asked_at".
  if (!asked_at_ || static_cast<std::int32_t>(handled_ - *asked_at_) < 0) return std::nullopt;
  asked_at_.reset();
  return handled_;
}

bool AcknowledgementRequests::should_ask(Instant now) {
  ++since_request_;
  return !overdue_at_ && since_request_ >= policy_.after_stanzas && ask(now);
}

bool AcknowledgementRequests::answered(Instant now, Progress progress, std::size_t waiting) {
  // It may have crossed what is waited for, or come from a client that is slow to handle it: neither is a sign that the
  // stanzas have arrived. Not at once, or a client that counts too little would be asked without end.
  if (progress == Progress::none && waiting > 0 && overdue_at_) {
    if (!ask_again_at_) ask_again_at_ = now + policy_.pause;
    return false;
  }
  overdue_at_.reset();
  ask_again_at_.reset();
  // Something that was asked for is not acknowledged yet, or enough has left since.
  bool const asks = waiting > since_request_ || (waiting > 0 && since_request_ >= policy_.after_stanzas);
  return asks && ask(now);
}

bool AcknowledgementRequests::should_ask_again(Instant now) {
  if (!ask_again_at_ || now < *ask_again_at_) return false;
  ask_again_at_.reset();
  since_request_ = 0;
  return true;
}

std::optional<Instant> AcknowledgementRequests::deadline() const {
  return ask_again_at_ ? std::min(ask_again_at_, overdue_at_) : overdue_at_;
}

bool AcknowledgementRequests::ask(Instant now) {
  since_request_ = 0;
  ++asked_;
  overdue_at_ = now + policy_.wait;
  return true;
}

std::optional<Management> read_management(Element const& element) {
  if (element.space != ns::stream_management) return std::nullopt;
  auto const h = number_of<std::uint32_t>(element.attribute("h"));
  auto const previous = std::string(element.attribute("previd"));
  auto const& name = element.name;
  if (name == "r") return AckRequest{};
  if (name == "a" && h) return Ack{.h = *h};
  if (name == "enable") return Enable{.resume = resumption_of(element), .most = most_of(element)};
  if (name == "enabled")
    return Enabled{
        .id = std::string(element.attribute("id")), .resume = resumption_of(element), .most = most_of(element)};
  if (name == "resume" && h && !previous.empty()) return Resume{.h = *h, .previous = previous};
  if (name == "resumed" && h && !previous.empty()) return Resumed{.h = *h, .previous = previous};
  if (name == "failed") return Failed{.condition = condition_named(element), .h = h};
  return std::nullopt;
}

Element to_element(Management const& management) {
  return std::visit([](auto const& one) { return write(one); }, management);
}

Element make_count_error(CountFault fault) {
  auto error = make_stream_error(StreamError::undefined_condition);
  error.add(make_element("handled-count-too-high", ns::stream_management,
                         {{"h", std::to_string(fault.h)}, {"send-count", std::to_string(fault.sent)}}));
  return error;
}

}  // namespace reveille::xmpp
