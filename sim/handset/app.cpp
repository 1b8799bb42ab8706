// The app: what the OS and the user tell it, and what it does about it.
#include "sim/handset/app.hpp"

#include "sim/handset/app_calling.hpp"

namespace reveille::sim::handset {

App::App(boost::asio::io_context& context, AppWorld world)
    : context_(context), world_(std::move(world)), timer_(context) {
  if (!world_.options.sip.empty()) calling_ = std::make_unique<Calling>(*this);
  if (!world_.options.xmpp.empty()) messaging_ = std::make_unique<Messaging>(*this);
}

App::~App() = default;

// An app that was signed in signs in again at each start; on iOS, messaging only when it is on screen.
void App::start(AppMode mode) {
  mode_ = mode;
  if (!world_.storage.get().signed_in) return;
  run([&] {
    if (calling_) calling_->agent().sign_in(mode, {});
    if (messaging_ && mode == AppMode::foreground)
      messaging_->client().sign_in(mode, world_.clock.now(), [](std::string const&) {});
  });
}

void App::enter(AppMode mode) {
  mode_ = mode;
  if (!world_.storage.get().signed_in) return;
  run([&] {
    if (calling_) calling_->agent().set_mode(mode);
    if (!messaging_) return;
    if (mode == AppMode::foreground && !messaging_->client().is_signed_in())
      messaging_->client().sign_in(mode, world_.clock.now(), [](std::string const&) {});
    else
      messaging_->client().set_mode(mode, world_.clock.now());
  });
}

void App::woke(AppMode mode) {
  if (calling_) calling_->woke();
  if (messaging_) messaging_->client().woke();
  enter(mode);
}

void App::on_push(Push const& push) {
  if (push.type == PushType::voip) return on_voip_push(push);
  if (push.type == PushType::background) return on_background_push(push);
  // An alert in the foreground: the message itself comes on the stream.
}

void App::on_voip_push(Push const& push) {
  if (world_.options.fault == AppFault::reports_no_call || !calling_) return world_.tell_os(PushHandled{push.id});
  run([&] { calling_->agent().on_voip_push(push); });
  world_.tell_os(PushHandled{push.id});
}

void App::on_background_push(Push const& push) {
  auto const handled = [tell = world_.tell_os, id = push.id](std::string const&) { tell(PushHandled{id}); };
  if (push.subject == PushSubject::clear) world_.tell_os(NotificationsRead{});
  if (push.subject != PushSubject::unknown || !calling_ || !world_.storage.get().signed_in) return handled({});
  run([&] { calling_->agent().on_refresh_push(handled); });
}

void App::perform(Command const& command) {
  auto const now = world_.clock.now();
  auto const calls = [&](auto&& act) {
    if (!calling_) return answer(command, "this phone has no call control");
    std::string why;
    run([&] { why = act(calling_->agent().calls()); });
    answer(command, why);
  };
  switch (command.kind) {
    case CommandKind::sign_in: return sign_in(command.name);
    case CommandKind::sign_out: return sign_out(command.name);
    case CommandKind::call: return calls([&](SipCalls& all) { return all.call(command.address, command.media); });
    case CommandKind::answer: return calls([&](SipCalls& all) { return all.answer(); });
    case CommandKind::decline: return calls([&](SipCalls& all) { return all.decline(); });
    case CommandKind::hang_up: return calls([&](SipCalls& all) { return all.hang_up(); });
    case CommandKind::status: return status();
    case CommandKind::send:
      if (!messaging_) return answer(command, "this phone has no IM & presence");
      return run([&] {
        messaging_->client().send_message(
            command.address, command.text, now,
            [&log = world_.log, name = command.name](std::string const& why) { log.done(name, why); });
      });
    case CommandKind::open:
    case CommandKind::home:
    case CommandKind::lock:
    case CommandKind::unlock:
    case CommandKind::screen_off:
    case CommandKind::kill:
    case CommandKind::tap:
    case CommandKind::quit: return answer(command, "the OS's business");
  }
}

void App::answer(Command const& command, std::string const& why) {
  world_.log.done(command.name, why);
}

void App::status() {
  boost::json::object fields{{"signed_in", world_.storage.get().signed_in}};
  fields["sip"] = calling_ && calling_->agent().is_registered() ? "registered" : "not_registered";
  fields["xmpp"] = messaging_ && messaging_->client().is_online() ? "online" : "offline";
  if (calling_) fields["calls"] = calling_->agent().calls().describe();
  world_.log.emit("status", std::move(fields));
  world_.log.done("status");
}

// Both sides, and one answer: the first fault, or success when both are through.
void App::sign_in(std::string const& command) {
  // The identity holds the tokens, which may be new.
  calling_.reset();
  messaging_.reset();
  if (!world_.options.sip.empty()) calling_ = std::make_unique<Calling>(*this);
  if (!world_.options.xmpp.empty()) messaging_ = std::make_unique<Messaging>(*this);
  struct Both {
    int open = 0;
    std::string why = {};
  };
  auto const both = std::make_shared<Both>();
  both->open = (calling_ ? 1 : 0) + (messaging_ ? 1 : 0);
  auto const done = [this, command, both](std::string const& why) {
    if (both->why.empty()) both->why = why;
    if (--both->open > 0) return;
    if (both->why.empty()) static_cast<void>(world_.storage.update([](Kept& kept) { kept.signed_in = true; }));
    world_.log.done(command, both->why);
  };
  if (both->open == 0) return world_.log.done(command, "neither --sip nor --xmpp was given");
  run([&] {
    if (calling_) calling_->agent().sign_in(mode_, done);
    if (messaging_) messaging_->client().sign_in(mode_, world_.clock.now(), done);
  });
}

void App::sign_out(std::string const& command) {
  static_cast<void>(world_.storage.update([](Kept& kept) { kept.signed_in = false; }));
  auto const open = std::make_shared<int>((calling_ ? 1 : 0) + (messaging_ ? 1 : 0));
  auto const first_why = std::make_shared<std::string>();
  auto const done = [this, command, open, first_why](std::string const& why) {
    if (first_why->empty()) *first_why = why;
    if (--*open == 0) world_.log.done(command, *first_why);
  };
  if (*open == 0) return world_.log.done(command, "not signed in");
  run([&] {
    if (calling_) calling_->agent().sign_out(done);
    if (messaging_) messaging_->client().sign_out(world_.clock.now(), done);
  });
}

void App::arm() {
  auto const now = world_.clock.now();
  std::optional<Instant> earliest;
  if (calling_) earliest = calling_->agent().next_deadline();
  auto const other = messaging_ ? messaging_->client().next_deadline() : std::nullopt;
  if (other && (!earliest || *other < *earliest)) earliest = other;
  if (!earliest) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::max(*earliest - now, Duration(0)));
  timer_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code error) {
    if (error || alive.expired()) return;
    run([&] {
      auto const at = world_.clock.now();
      if (calling_) calling_->agent().on_time();
      if (messaging_) messaging_->client().on_time(at);
    });
  });
}

}  // namespace reveille::sim::handset
