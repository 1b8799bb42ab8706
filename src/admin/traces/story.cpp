// A trace as an operator reads it: what happened when, and why, in plain words.
#include "admin/printable.hpp"
#include "admin/traces.hpp"

#include <fmt/format.h>

namespace reveille::admin {
namespace {

std::string_view words_of(model::Milestone milestone) {
  using enum model::Milestone;
  switch (milestone) {
    case offered: return "The caller's INVITE arrived.";
    case authenticated: return "The caller proved who he is.";
    case push_requested: return "A push was asked for.";
    case registered: return "The phone registered.";
    case invited: return "The INVITE went to the phone.";
    case ringing: return "The phone rings.";
    case answered: return "Answered.";
    case cancelled: return "The caller hung up before anyone answered.";
    case declined: return "Declined.";
    case busy: return "Busy.";
    case no_answer: return "Rang, and nobody answered.";
    case unreachable: return "No phone could be reached.";
    case answered_elsewhere: return "Stopped ringing: answered on another device.";
    case interrupted: return "The server stopped while the call was being set up.";
    case received: return "The sender's message arrived.";
    case archived: return "The message is on disk.";
    case acknowledged: return "Acknowledged.";
    case delivered: return "Delivered to the device.";
    case resumed: return "The app resumed its session.";
    case displayed: return "Read.";
    case expired: return "Its time ran out.";
    case accepted: return "The push service took the notification.";
    case stored: return "The notification is on disk.";
    case sending: return "Marked on disk as being sent.";
    case sent: return "Sent to the provider.";
    case accepted_by_provider: return "The provider accepted it.";
    case unconfirmed: return "The provider accepted it, but the phone gave no sign of it.";
    case refused: return "Refused for good.";
    case unknown: return "It was being sent when the connection broke: nobody can say what became of it.";
    case taken_back: return "Taken back before it was sent.";
  }
  std::unreachable();
}

std::string_view words_of(model::Why why) {
  using enum model::Why;
  switch (why) {
    case none: return "";
    case incoming_call: return "a call rings every device";
    case message_body: return "the message has a text, and the device is asleep";
    case device_in_foreground: return "no push: the app is on screen, and gets it over its connection";
    case device_signed_out: return "no push: the user has signed out on this device";
    case no_token: return "no push: the app has registered no push token for this channel";
    case token_dead: return "no push: the provider said that the app's push token is dead; it must register a new one";
    case token_quarantined: return "no push: the provider refused the token lately; it is left alone for 7 days";
    case no_credential: return "no push: there is no usable provider credential; see [[push.apns]] and /healthz";
    case push_switched_off: return "no push: push is switched off ([wake] enabled = false)";
    case service_not_used: return "no push: this app does not use this service";
    case no_body: return "no push: only messages with a text wake a phone";
    case burst: return "no push of its own: one notification covers what came in this conversation within a moment";
    case user_busy: return "the user is busy";
    case user_unknown: return "there is no such user";
    case no_device: return "the user has no device that can be reached: none is signed in";
    case flow_live: return "its connection is alive";
    case registered_after_push: return "the push woke it";
    case flow_lost: return "its connection was lost";
    case caller_gave_up: return "the caller gave up";
    case answered_by_other_device: return "another device answered";
    case declined_by_device: return "the user declined";
    case ring_time_over: return "the ring time was over";
    case call_ended: return "the call was over already";
    case provider_refused: return "the provider refused the push";
    case provider_unreachable: return "the provider could not be reached";
    case fate_unknown: return "nobody can say whether the provider got it";
    case deadline_passed: return "its deadline had passed";
    case node_restarted: return "the server was restarted";
    case max_breadth_exceeded: return "the caller allows fewer branches at once than there are devices (Max-Breadth)";
  }
  std::unreachable();
}

// What is said of one device, where that differs from what is said of the whole.
std::string_view words_of(model::TraceStep const& step) {
  if (step.device.empty()) return words_of(step.milestone);
  if (step.milestone == model::Milestone::unreachable) return "This device was given up.";
  if (step.milestone == model::Milestone::offered) return "The call is for this device too.";
  return words_of(step.milestone);
}

std::string length_of(Duration length) {
  auto const milliseconds = std::chrono::round<std::chrono::milliseconds>(length).count();
  if (milliseconds < 1000) return fmt::format("{} ms", milliseconds);
  return fmt::format("{}.{:02} s", milliseconds / 1000, milliseconds % 1000 / 10);
}

std::string line_of(Trace const& trace, model::TraceStep const& step) {
  auto line = fmt::format("{:>+9} ms  {:<21}",
                          std::chrono::round<std::chrono::milliseconds>(step.at - trace.head.began).count(),
                          model::name_of(step.milestone));
  if (!step.device.empty()) line += fmt::format("[{}] ", printable(step.device.value.substr(0, 8)));
  std::string words(words_of(step));
  if (auto const why = words_of(step.why); !why.empty()) {
    words.back() = ':';
    words += fmt::format(" {}.", why);
  }
  line += words;
  if (!step.detail.empty()) line += fmt::format(" ({})", printable(step.detail));
  return line + "\n";
}

std::string title_of(Trace const& trace) {
  auto const& head = trace.head;
  std::string kind(model::name_of(head.kind));
  kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
  auto title = fmt::format("{} {}", kind, printable(head.tracking.value));
  if (!head.from.empty()) title += fmt::format(" from {}", printable(head.from));
  if (!head.to.empty()) title += fmt::format(" to {}", printable(head.to));
  title += fmt::format("\nBegan {}", format_rfc3339(head.began));
  if (!head.call_id.empty()) title += fmt::format(", Call-ID {}", printable(head.call_id));
  if (!head.archive_id.empty()) title += fmt::format(", archive id {}", printable(head.archive_id));
  for (auto const& id : trace.push_ids) title += fmt::format(", push {}", printable(id));
  return title + "\n\n";
}

std::string ending_of(Trace const& trace) {
  auto const outcome = outcome_of(trace);
  if (!outcome) return "\nStill under way.\n";
  for (auto const& step : trace.steps)
    if (step.milestone == *outcome)
      return fmt::format("\nEnded after {}: {}\n", length_of(step.at - trace.head.began), words_of(*outcome));
  std::unreachable();
}

}  // namespace

std::string story_of(Trace const& trace) {
  auto story = title_of(trace);
  for (auto const& step : trace.steps) story += line_of(trace, step);
  return story + ending_of(trace);
}

}  // namespace reveille::admin
