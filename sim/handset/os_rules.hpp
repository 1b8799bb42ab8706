// The rules of the phone's operating system: who may run, and what a push does.
//
//                  open, tap                 home, lock, screen off
//   not_running ────────────▶ foreground ◀──────────────────────▶ background ──suspend_after──▶ suspended
//        ▲  └────────── VoIP push ──────────────────────────────────▲  ▲                            │
//        └── kill, or the OS ends it ◀── every state                   └───────── VoIP push ────────┘
//
// Sources: Apple's documents on PushKit ("Responding to VoIP Notifications from PushKit"), on background updates
// ("Pushing background updates to your App") and on notification service extensions; design.md 6; B-MODE-1, 2, 6.
// A pure machine: inputs and the present instant in, actions out. The runner (handset.cpp) obeys.
#pragma once

#include "base/instant.hpp"
#include "sim/handset/push.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reveille::sim::handset {

enum class AppState { not_running, foreground, background, suspended };
[[nodiscard]] std::string_view name_of(AppState state);

// What an OS does; a row of the profile table (profile.hpp).
struct OsProfile {
  bool sleeps = true;                          // false: a desk phone, whose app always runs
  bool voip_must_show_call = true;             // iOS 13 and later
  Duration suspend_after = 5s;                 // from leaving the screen to suspension
  Duration voip_report_time = 5s;              // from a VoIP push to its call screen
  unsigned voip_faults_forgiven = 3;           // after so many, no VoIP push reaches the app any more
  Duration extension_time = 30s;               // what a notification extension has
  Duration background_push_time = 30s;         // what the app has for a background push
  std::size_t background_pushes_per_hour = 3;  // its budget
};

struct Notification {
  std::string id = {};  // the collapse id, else the push's
  std::string title = {};
  std::string body = {};
  std::optional<unsigned> badge = {};
  std::string conversation = {};
};

// Inputs. What the user does:
enum class Gesture { open, home, lock, unlock, screen_off, kill, tap };
// What the network and the app do:
struct PushArrives {
  Push push = {};
};
// The app puts a call on the call screen; push_id is empty where the call came by SIP.
struct CallReported {
  std::string push_id = {};
  std::string call = {};
};
struct CallOver {
  std::string call = {};
};
// The completion handler of a VoIP or background push.
struct PushHandled {
  std::string push_id = {};
};
struct ExtensionDone {
  std::string push_id = {};
  std::string title = {};
  std::string body = {};
};
// The app takes its notifications away.
struct NotificationsRead {};
struct TimePasses {};
using OsInput = std::variant<Gesture, PushArrives, CallReported, CallOver, PushHandled, ExtensionDone,
                             NotificationsRead, TimePasses>;

// Actions.
enum class EndReason { user, broke_voip_rule };
struct AppMoves {
  AppState from = AppState::not_running;
  AppState to = AppState::not_running;  // never not_running: that is AppEnds
};
struct AppEnds {
  EndReason reason = EndReason::user;
  std::string why = {};
};
struct HandToApp {
  Push push = {};
};
struct RunExtension {
  Push push = {};
};
struct ShowNotification {
  Notification notification = {};
};
struct ClearNotifications {
  std::vector<std::string> ids = {};
};
struct ShowBadge {
  unsigned badge = 0;
};
struct DropPush {
  std::string push_id = {};
  std::string why = {};
};
// The gesture is not possible now.
struct Refuse {
  std::string why = {};
};
using OsAction = std::variant<AppMoves, AppEnds, HandToApp, RunExtension, ShowNotification, ClearNotifications,
                              ShowBadge, DropPush, Refuse>;
using OsActions = std::vector<OsAction>;

class OsRules {
 public:
  explicit OsRules(OsProfile profile) : profile_(profile) {}

  [[nodiscard]] OsActions on(OsInput const& input, Instant now);
  // When TimePasses is due next.
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  [[nodiscard]] AppState app() const { return app_; }
  [[nodiscard]] bool locked() const { return locked_; }
  [[nodiscard]] bool screen_is_lit() const { return lit_; }
  [[nodiscard]] std::deque<Notification> const& notifications() const { return notifications_; }
  // The mode as the demo names it: foreground off_screen locked screen_off killed.
  [[nodiscard]] std::string_view mode() const;

 private:
  void on_gesture(Gesture gesture, Instant now, OsActions& out);
  void on_push(Push const& push, Instant now, OsActions& out);
  void on_voip_push(Push const& push, Instant now, OsActions& out);
  void on_background_push(Push const& push, Instant now, OsActions& out);
  void on_alert(Push const& push, Instant now, OsActions& out);
  void on_push_handled(std::string const& push_id, OsActions& out);
  void on_time(Instant now, OsActions& out);

  void follow_the_screen(Instant now, OsActions& out);
  void run_in_background(Instant now, OsActions& out);
  void move(AppState to, OsActions& out);
  void end_app(EndReason reason, std::string why, OsActions& out);
  void punish_missing_call(std::string const& push_id, OsActions& out);
  void post(Notification notification, OsActions& out);
  void show_badge(unsigned badge, OsActions& out);
  void clear_notifications(OsActions& out);
  [[nodiscard]] bool spend_background_budget(Instant now);
  [[nodiscard]] bool has_reason_to_run() const;
  void refresh_suspension(Instant now);

  OsProfile profile_;
  AppState app_ = AppState::not_running;
  bool in_front_ = false;  // would be on screen on an unlocked, lit phone
  bool locked_ = false;
  bool lit_ = true;
  bool ended_by_user_ = true;  // nobody opened it yet: no background push starts it
  std::optional<Instant> suspend_at_ = {};

  std::set<std::string> calls_ = {};
  std::map<std::string, Instant> calls_owed_ = {};       // VoIP pushes whose call screen is still to come, by push id
  std::map<std::string, Instant> background_work_ = {};  // pushes that the app has not handled yet
  std::map<std::string, std::pair<Instant, Notification>> extensions_ = {};
  std::deque<Instant> background_pushes_ = {};
  std::deque<Notification> notifications_ = {};  // oldest first
  unsigned voip_faults_ = 0;
};

}  // namespace reveille::sim::handset
