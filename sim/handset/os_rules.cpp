// The rules of the phone's operating system.
#include "sim/handset/os_rules.hpp"

#include <algorithm>

namespace reveille::sim::handset {

namespace {

constexpr auto budget_period = std::chrono::hours(1);
constexpr std::size_t most_notifications = 100;

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

Notification notification_of(Push const& push) {
  return {.id = push.collapse_id.empty() ? push.id : push.collapse_id,
          .title = push.title,
          .body = push.body,
          .badge = push.badge,
          .conversation = push.conversation};
}

}  // namespace

std::string_view name_of(AppState state) {
  switch (state) {
    case AppState::not_running: return "not_running";
    case AppState::foreground: return "foreground";
    case AppState::background: return "background";
    case AppState::suspended: return "suspended";
  }
  std::unreachable();
}

OsActions OsRules::on(OsInput const& input, Instant now) {
  OsActions out;
  std::visit(Overloaded{
                 [&](Gesture gesture) { on_gesture(gesture, now, out); },
                 [&](PushArrives const& event) { on_push(event.push, now, out); },
                 [&](CallReported const& event) {
                   if (app_ == AppState::not_running) return;  // said before it ended, and its calls went with it
                   run_in_background(now, out);
                   calls_.insert(event.call);
                   calls_owed_.erase(event.push_id);
                 },
                 [&](CallOver const& event) { calls_.erase(event.call); },
                 [&](PushHandled const& event) { on_push_handled(event.push_id, out); },
                 [&](ExtensionDone const& event) {
                   auto const running = extensions_.find(event.push_id);
                   if (running == extensions_.end()) return;  // too late: the fallback is shown
                   auto notification = std::move(running->second.second);
                   extensions_.erase(running);
                   notification.title = event.title;
                   notification.body = event.body;
                   post(std::move(notification), out);
                 },
                 [&](NotificationsRead) { clear_notifications(out); },
                 [&](TimePasses) { on_time(now, out); },
             },
             input);
  refresh_suspension(now);
  return out;
}

std::optional<Instant> OsRules::next_deadline() const {
  auto earliest = suspend_at_;
  auto const consider = [&earliest](Instant at) {
    if (!earliest || at < *earliest) earliest = at;
  };
  for (auto const& [push, at] : calls_owed_) consider(at);
  for (auto const& [push, at] : background_work_) consider(at);
  for (auto const& [push, running] : extensions_) consider(running.first);
  return earliest;
}

std::string_view OsRules::mode() const {
  if (app_ == AppState::not_running) return "killed";
  if (app_ == AppState::foreground) return "foreground";
  if (locked_) return "locked";
  return lit_ ? "off_screen" : "screen_off";
}

// ---- the user ------------------------------------------------------------------------------------------------------

void OsRules::on_gesture(Gesture gesture, Instant now, OsActions& out) {
  if (!profile_.sleeps && gesture != Gesture::open && gesture != Gesture::kill) {
    out.emplace_back(Refuse{"a desk phone has no such gesture"});
    return;
  }
  if (gesture == Gesture::tap && notifications_.empty()) {
    out.emplace_back(Refuse{"there is no notification to tap"});
    return;
  }
  switch (gesture) {
    case Gesture::tap:
      out.emplace_back(ClearNotifications{{notifications_.back().id}});
      notifications_.pop_back();
      [[fallthrough]];
    case Gesture::open:  // the user lights and unlocks the phone on the way
      in_front_ = lit_ = true;
      locked_ = false;
      break;
    case Gesture::home: in_front_ = false; break;
    case Gesture::lock:
      locked_ = true;
      lit_ = false;
      break;
    case Gesture::unlock:
      locked_ = false;
      lit_ = true;
      break;
    case Gesture::screen_off: lit_ = false; break;
    case Gesture::kill:
      if (app_ == AppState::not_running) out.emplace_back(Refuse{"the app is not running"});
      in_front_ = false;
      ended_by_user_ = true;
      end_app(EndReason::user, "the user swiped it away", out);
      return;
  }
  follow_the_screen(now, out);
}

// An app is in the foreground exactly while it is in front on a lit, unlocked phone (B-MODE-1).
void OsRules::follow_the_screen(Instant now, OsActions& out) {
  bool const visible = in_front_ && lit_ && !locked_;
  if (visible && app_ != AppState::foreground) {
    ended_by_user_ = false;
    move(AppState::foreground, out);
  }
  if (!visible && app_ == AppState::foreground) {
    move(AppState::background, out);
    suspend_at_ = now + profile_.suspend_after;
  }
}

// ---- pushes --------------------------------------------------------------------------------------------------------

void OsRules::on_push(Push const& push, Instant now, OsActions& out) {
  switch (push.type) {
    case PushType::voip: return on_voip_push(push, now, out);
    case PushType::background: return on_background_push(push, now, out);
    case PushType::alert: return on_alert(push, now, out);
  }
}

// It starts even an app that the user ended. Since iOS 13 the app has to put a call on the call screen for it.
void OsRules::on_voip_push(Push const& push, Instant now, OsActions& out) {
  if (profile_.voip_must_show_call && voip_faults_ >= profile_.voip_faults_forgiven) {
    out.emplace_back(
        DropPush{push.id, "the app did not report its calls, the OS delivers no VoIP push to it any more"});
    return;
  }
  run_in_background(now, out);
  if (profile_.voip_must_show_call)
    calls_owed_[push.id] = now + profile_.voip_report_time;
  else
    background_work_[push.id] = now + profile_.background_push_time;
  out.emplace_back(HandToApp{push});
}

void OsRules::on_background_push(Push const& push, Instant now, OsActions& out) {
  if (app_ == AppState::not_running && ended_by_user_) {
    out.emplace_back(DropPush{push.id, "the user ended the app, no background push starts it"});
    return;
  }
  if (app_ != AppState::foreground && !spend_background_budget(now)) {
    out.emplace_back(DropPush{push.id, "the app's budget of background pushes is spent"});
    return;
  }
  run_in_background(now, out);
  background_work_[push.id] = now + profile_.background_push_time;
  out.emplace_back(HandToApp{push});
}

void OsRules::on_alert(Push const& push, Instant now, OsActions& out) {
  if (app_ == AppState::foreground) {  // the app decides, and ours shows the message itself
    out.emplace_back(HandToApp{push});
    return;
  }
  if (!push.has_alert) {
    if (push.badge) show_badge(*push.badge, out);
  } else if (push.mutable_content) {
    extensions_[push.id] = {now + profile_.extension_time, notification_of(push)};
    out.emplace_back(RunExtension{push});
  } else {
    post(notification_of(push), out);
  }
  if (push.content_available) on_background_push(push, now, out);
}

void OsRules::on_push_handled(std::string const& push_id, OsActions& out) {
  background_work_.erase(push_id);
  if (calls_owed_.contains(push_id)) punish_missing_call(push_id, out);
}

void OsRules::punish_missing_call(std::string const& push_id, OsActions& out) {
  calls_owed_.erase(push_id);
  ++voip_faults_;
  end_app(EndReason::broke_voip_rule, "a VoIP push was not followed by a call on the call screen", out);
}

bool OsRules::spend_background_budget(Instant now) {
  while (!background_pushes_.empty() && background_pushes_.front() + budget_period <= now)
    background_pushes_.pop_front();
  if (background_pushes_.size() >= profile_.background_pushes_per_hour) return false;
  background_pushes_.push_back(now);
  return true;
}

// ---- notifications -------------------------------------------------------------------------------------------------

void OsRules::post(Notification notification, OsActions& out) {
  std::erase_if(notifications_, [&](auto const& shown) { return shown.id == notification.id; });
  if (notifications_.size() == most_notifications) notifications_.pop_front();
  notifications_.push_back(notification);
  out.emplace_back(ShowNotification{std::move(notification)});
}

// A badge of 0 also takes the app's notifications away.
void OsRules::show_badge(unsigned badge, OsActions& out) {
  out.emplace_back(ShowBadge{badge});
  if (badge == 0) clear_notifications(out);
}

void OsRules::clear_notifications(OsActions& out) {
  if (notifications_.empty()) return;
  ClearNotifications cleared;
  for (auto const& notification : notifications_) cleared.ids.push_back(notification.id);
  notifications_.clear();
  out.emplace_back(std::move(cleared));
}

// ---- running -------------------------------------------------------------------------------------------------------

void OsRules::on_time(Instant now, OsActions& out) {
  std::vector<std::string> unreported;
  for (auto const& [push, at] : calls_owed_)
    if (at <= now) unreported.push_back(push);
  for (auto const& push : unreported)
    if (calls_owed_.contains(push)) punish_missing_call(push, out);
  std::erase_if(background_work_, [now](auto const& work) { return work.second <= now; });
  for (auto running = extensions_.begin(); running != extensions_.end();) {
    if (running->second.first > now) {
      ++running;
      continue;
    }
    auto fallback = std::move(running->second.second);
    running = extensions_.erase(running);
    post(std::move(fallback), out);
  }
  if (suspend_at_ && *suspend_at_ <= now) {
    suspend_at_.reset();
    move(AppState::suspended, out);
  }
}

void OsRules::run_in_background(Instant now, OsActions& out) {
  if (app_ != AppState::not_running && app_ != AppState::suspended) return;
  move(AppState::background, out);
  suspend_at_ = now + profile_.suspend_after;
}

bool OsRules::has_reason_to_run() const {
  return !profile_.sleeps || !calls_.empty() || !calls_owed_.empty() || !background_work_.empty();
}

// In the background an app runs while it has a call (B-MODE-6) or a push in hand, and suspend_after longer.
void OsRules::refresh_suspension(Instant now) {
  if (app_ != AppState::background || has_reason_to_run())
    suspend_at_.reset();
  else if (!suspend_at_)
    suspend_at_ = now + profile_.suspend_after;
}

void OsRules::move(AppState to, OsActions& out) {
  out.emplace_back(AppMoves{.from = app_, .to = to});
  app_ = to;
}

void OsRules::end_app(EndReason reason, std::string why, OsActions& out) {
  if (app_ == AppState::not_running) return;
  app_ = AppState::not_running;
  calls_.clear();
  calls_owed_.clear();
  background_work_.clear();
  out.emplace_back(AppEnds{reason, std::move(why)});
}

}  // namespace reveille::sim::handset
