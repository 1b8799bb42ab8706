// SipRegistration: the phone's binding at its registrar (RFC 3261 section 10, RFC 8599 section 4.1).
//
// Refreshes at half the granted time. Each attempt's end is told to those who asked meanwhile. Threads: one. Pure.
#pragma once

#include "sim/handset/app_mode.hpp"
#include "sim/handset/sip_line.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::sim::handset {

class SipRegistration {
 public:
  using Done = std::function<void(std::string const& why)>;  // empty: it succeeded

  explicit SipRegistration(SipLine& line) : line_(line), call_id_(line.random().hex(16)) {}

  // At once where the flow is up, else as soon as it is.
  void register_now(AppMode mode, Done done = {});
  void unregister(Done done);
  void on_flow_up();
  void on_flow_lost();
  void on_time();
  [[nodiscard]] std::optional<Instant> next_deadline() const { return refresh_at_; }
  // The account is signed in, so that a lost flow is worth another.
  [[nodiscard]] bool is_wanted() const { return wanted_; }
  [[nodiscard]] bool is_registered() const { return registered_; }

 private:
  void send(std::chrono::seconds expires);
  void on_response(SipOutcome const& outcome);
  void on_success(sip::MessageView const& response);
  void finish(std::string const& why);
  [[nodiscard]] std::string contact(std::chrono::seconds expires) const;
  [[nodiscard]] std::chrono::seconds granted(sip::MessageView const& response) const;

  SipLine& line_;
  std::string call_id_;
  std::uint32_t sequence_ = 0;
  AppMode mode_ = AppMode::foreground;
  std::chrono::seconds expires_{0};
  bool wanted_ = false;
  bool registered_ = false;
  bool under_way_ = false;
  bool again_ = false;  // something changed while a REGISTER was under way
  bool leaving_ = false;
  std::optional<Instant> refresh_at_ = {};
  std::vector<Done> waiting_ = {};
};

}  // namespace reveille::sim::handset
