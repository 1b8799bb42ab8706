// The phone: its OS obeys the rules, its holder's commands come line by line.
#include "sim/handset/handset.hpp"

#include "sim/handset/app_calling.hpp"

#include <boost/asio/read_until.hpp>
#include <unistd.h>

#include <cstdio>

namespace reveille::sim::handset {

namespace asio = boost::asio;
namespace json = boost::json;
using boost::system::error_code;

namespace {

constexpr std::size_t longest_line = 70'000;

std::string_view shown_name_of(AppState state) {
  return state == AppState::not_running ? "killed" : name_of(state);
}

AppMode mode_of(AppState state) {
  return state == AppState::foreground ? AppMode::foreground : AppMode::background;
}

std::optional<Gesture> gesture_of(CommandKind kind) {
  switch (kind) {
    case CommandKind::open: return Gesture::open;
    case CommandKind::home: return Gesture::home;
    case CommandKind::lock: return Gesture::lock;
    case CommandKind::unlock: return Gesture::unlock;
    case CommandKind::screen_off: return Gesture::screen_off;
    case CommandKind::kill: return Gesture::kill;
    case CommandKind::tap: return Gesture::tap;
    case CommandKind::sign_in:
    case CommandKind::sign_out:
    case CommandKind::call:
    case CommandKind::answer:
    case CommandKind::decline:
    case CommandKind::hang_up:
    case CommandKind::send:
    case CommandKind::status:
    case CommandKind::quit: return std::nullopt;
  }
  std::unreachable();
}

Profile adapted(Profile profile, HandsetOptions const& options) {
  if (options.suspend_after) profile.os.suspend_after = *options.suspend_after;
  if (options.background_pushes_per_hour) profile.os.background_pushes_per_hour = *options.background_pushes_per_hour;
  return profile;
}

Result<void> check(HandsetOptions const& options) {
  auto const at = options.account.find('@');
  if (at == std::string::npos || at == 0 || at + 1 == options.account.size())
    return failure(ErrorCode::configuration, "--account must be an address like juliet@localhost");
  if (!options.instance.empty() && !is_uuid(options.instance))
    return failure(ErrorCode::configuration, "--instance must be a UUID");
  for (auto const* address : {&options.sip, &options.xmpp, &options.apple})
    if (!address->empty())
      if (auto destination = destination_of(*address, nullptr); !destination)
        return std::unexpected(destination.error());
  return {};
}

}  // namespace

Handset::Handset(HandsetOptions options, Profile profile, std::unique_ptr<Storage> storage)
    : options_(std::move(options)), profile_(profile), storage_(std::move(storage)), rules_(profile_.os) {}

Result<std::unique_ptr<Handset>> Handset::make(HandsetOptions options) {
  if (auto checked = check(options); !checked) return std::unexpected(checked.error());
  auto const major = static_cast<unsigned>(std::atoi(options.os_version.c_str()));
  auto const* profile = find_profile(options.profile, major);
  if (profile == nullptr)
    return failure(ErrorCode::configuration, "no profile '" + options.profile + "' for OS '" + options.os_version +
                                                 "'; there are: " + std::string(profile_names()));
  auto kept = options.state_file ? Storage::read(*options.state_file) : Result<Kept>(Kept{});
  if (!kept) return std::unexpected(kept.error());
  SystemRandom random;
  if (!options.instance.empty()) kept->instance = options.instance;
  if (kept->instance.empty()) kept->instance = random.uuid();
  std::ranges::transform(kept->instance, kept->instance.begin(), sip::to_lower);
  auto storage = std::make_unique<Storage>(options.state_file, std::move(*kept));
  if (auto saved = storage->update([](Kept&) {}); !saved) return std::unexpected(saved.error());

  auto server_tls = edge::make_client_tls({.ca_file = options.ca});
  if (!server_tls) return std::unexpected(server_tls.error());
  auto apple_tls = edge::make_client_tls({.ca_file = options.apple_ca});
  if (!apple_tls) return std::unexpected(apple_tls.error());
  auto adapted_profile = adapted(*profile, options);
  std::unique_ptr<Handset> handset(new Handset(std::move(options), adapted_profile, std::move(storage)));
  handset->server_tls_ = std::move(*server_tls);
  handset->apple_tls_ = std::move(*apple_tls);
  return handset;
}

int Handset::run() {
  error_code error;
  input_.assign(::dup(STDIN_FILENO), error);
  if (error) {
    std::fprintf(stderr, "reveille-sim handset: standard input must be a pipe or a terminal: %s\n",
                 error.message().c_str());
    return 2;
  }
  if (profile_.push == PushProvider::apple && !options_.apple.empty()) {
    auto destination = destination_of(options_.apple, apple_tls_);
    apple_ = std::make_unique<AppleDevice>(context_.get_executor(), *destination);
    if (!storage_->get().apple_device.empty()) go_online();
  }
  log_.emit("ready", {{"ready", true},
                      {"profile", profile_.name},
                      {"account", options_.account},
                      {"instance", storage_->get().instance}});
  read_commands();
  context_.run();
  app_.end(SuspendMode::closed);
  return 0;
}

AppWorld Handset::world() {
  return {
      .options = options_,
      .profile = profile_,
      .clock = clock_,
      .log = log_,
      .storage = *storage_,
      .radio = app_.radio(),
      .tls = server_tls_,
      .tell_os = [this](OsInput input) { asio::post(context_, [this, input = std::move(input)] { hear(input); }); }};
}

// ---- commands ------------------------------------------------------------------------------------------------------

void Handset::read_commands() {
  asio::async_read_until(input_, asio::dynamic_buffer(buffer_, longest_line), '\n',
                         [this](error_code error, std::size_t size) {
                           if (error) return context_.stop();
                           auto line = buffer_.substr(0, size - 1);
                           buffer_.erase(0, size);
                           on_line(line);
                           if (!context_.stopped()) read_commands();
                         });
}

void Handset::on_line(std::string const& line) {
  if (line.find_first_not_of(" \t\r") == std::string::npos) return;
  auto const command = parse_command(line);
  if (!command) return log_.done(line.substr(0, std::min(line.find(' '), std::size_t{40})), command.error().ours);
  if (command->kind == CommandKind::quit) {
    log_.done(command->name);
    return context_.stop();
  }
  if (auto const gesture = gesture_of(command->kind)) return on_gesture(*command, *gesture);
  if (command->kind == CommandKind::sign_in) return sign_in(*command);
  on_app_command(*command);
}

void Handset::on_gesture(Command const& command, Gesture gesture) {
  auto const refused = hear(gesture);
  tell_state();
  log_.done(command.name, refused);
}

void Handset::on_app_command(Command const& command) {
  auto const state = rules_.app();
  bool const runs = state == AppState::foreground || state == AppState::background;
  if (command.kind == CommandKind::status) {
    tell_state();
    if (!runs) return log_.done(command.name);
  }
  if (!runs) return log_.done(command.name, "the app does not run");
  bool const on_screen =
      command.kind == CommandKind::call || command.kind == CommandKind::send || command.kind == CommandKind::sign_out;
  if (on_screen && state != AppState::foreground) return log_.done(command.name, "the app is not on screen");
  give_to_app(command);
}

void Handset::give_to_app(Command const& command) {
  app_.tell([command](App& app) { app.perform(command); });
}

// The user opens the app; the app asks the OS for tokens, and then signs in with all its parties (B-SIGN-1).
void Handset::sign_in(Command const& command) {
  if (rules_.app() != AppState::foreground) {
    hear(Gesture::open);
    tell_state();
  }
  if (!apple_ || !storage_->get().apple_device.empty()) return give_to_app(command);
  auto const app = options_.app.empty() ? std::string(profile_.app) : options_.app;
  auto const version = options_.os_version.empty() ? std::to_string(profile_.newest_os) : options_.os_version;
  apple_->register_device({.app = app,
                           .platform = std::string(profile_.platform),
                           .os_version = version,
                           .environment = options_.environment},
                          [this, command](Result<AppleTokens> tokens) {
                            if (!tokens) return log_.done(command.name, tokens.error().ours);
                            auto const saved = storage_->update([&](Kept& kept) {
                              kept.apple_device = tokens->device;
                              kept.token_voip = tokens->voip;
                              kept.token_message = tokens->message;
                            });
                            if (!saved) return log_.done(command.name, saved.error().ours);
                            go_online();
                            give_to_app(command);
                          });
}

void Handset::go_online() {
  apple_->go_online(
      storage_->get().apple_device, [this](std::string_view line) { on_push_line(line); },
      [this] { log_.emit("cloud_online", {{"device", storage_->get().apple_device}}); });
}

// ---- the OS --------------------------------------------------------------------------------------------------------

void Handset::on_push_line(std::string_view line) {
  auto push = parse_push(line);
  if (!push) return log_.emit("error", {{"what", "push"}, {"why", push.error().ours}});
  log_.emit("push_received", {{"id", push->id},
                              {"type", name_of(push->type)},
                              {"channel", push->type == PushType::voip ? "voip" : "message"},
                              {"subject", name_of(push->subject)},
                              {"call_uuid", push->call_uuid},
                              {"tracking_id", push->tracking_id}});
  hear(PushArrives{std::move(*push)});
}

std::string Handset::hear(OsInput const& input) {
  std::string refused;
  for (auto const& action : rules_.on(input, clock_.now())) obey(action, refused);
  arm();
  return refused;
}

void Handset::obey(OsAction const& action, std::string& refused) {
  struct Obedience {
    Handset& phone;
    std::string& refused;

    void operator()(AppMoves const& moves) { phone.move(moves); }
    void operator()(AppEnds const& ends) {
      phone.app_.end(phone.options_.suspend);
      if (ends.reason == EndReason::broke_voip_rule) phone.log_.emit("app_killed_by_os", {{"why", ends.why}});
      phone.tell_state();
    }
    void operator()(HandToApp const& hand) {
      phone.app_.tell([push = hand.push](App& app) { app.on_push(push); });
    }
    void operator()(RunExtension const& run) {
      if (phone.options_.fault == AppFault::extension_hangs) return;
      asio::post(phone.context_,
                 [&other = phone, push = run.push] { other.hear(ExtensionDone{push.id, push.title, push.body}); });
    }
    void operator()(ShowNotification const& show) {
      auto const& shown = show.notification;
      json::object fields{
          {"id", shown.id}, {"title", shown.title}, {"body", shown.body}, {"conversation", shown.conversation}};
      if (shown.badge) fields["badge"] = *shown.badge;
      phone.log_.emit("notification", std::move(fields));
    }
    void operator()(ClearNotifications const& clear) {
      json::array ids;
      for (auto const& id : clear.ids) ids.emplace_back(id);
      phone.log_.emit("notification_cleared", {{"ids", ids}, {"left", phone.rules_.notifications().size()}});
    }
    void operator()(ShowBadge const& badge) { phone.log_.emit("badge", {{"badge", badge.badge}}); }
    void operator()(DropPush const& drop) {
      phone.log_.emit("push_dropped", {{"id", drop.push_id}, {"why", drop.why}});
    }
    void operator()(Refuse const& refuse) { refused = refuse.why; }
  };
  std::visit(Obedience{*this, refused}, action);
}

void Handset::move(AppMoves const& moves) {
  auto const mode = mode_of(moves.to);
  if (moves.from == AppState::not_running) {
    app_.launch(world());
    app_.tell([mode](App& app) { app.start(mode); });
  } else if (moves.to == AppState::suspended) {
    app_.suspend(options_.suspend);
    tell_state();
  } else if (moves.from == AppState::suspended) {
    // Told before it runs, so that this is the first thing it hears.
    app_.tell([mode](App& app) { app.woke(mode); });
    app_.let_run();
  } else {
    app_.tell([mode](App& app) { app.enter(mode); });
  }
  if (moves.to == AppState::background && moves.from != AppState::foreground) tell_state();
}

void Handset::tell_state() {
  log_.emit("app_state", {{"state", shown_name_of(rules_.app())},
                          {"mode", rules_.mode()},
                          {"locked", rules_.locked()},
                          {"screen", rules_.screen_is_lit() ? "on" : "off"},
                          {"notifications", rules_.notifications().size()}});
}

void Handset::arm() {
  auto const due = rules_.next_deadline();
  if (!due) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::max(*due - clock_.now(), Duration(0)));
  timer_.async_wait([this](error_code error) {
    if (!error) hear(TimePasses{});
  });
}

int run_handset(HandsetOptions options) {
  auto handset = Handset::make(std::move(options));
  if (handset) return (*handset)->run();
  std::fprintf(stderr, "reveille-sim handset: %s\n", handset.error().ours.c_str());
  return 2;
}

}  // namespace reveille::sim::handset
