// Operator: what the administrator's commands ask for, answered from the shard. The control socket and the admin HTTP
// server bring requests in; a command on data that no server uses calls it directly.
//
// Lifetime: refers to what it is made of. Threads: the shard's.
#pragma once

#include "admin/control.hpp"
#include "admin/traces.hpp"
#include "dispatch/im_runtime.hpp"
#include "dispatch/shard.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::admin {

// {"ok":true,"items":[…]} and {"ok":false,"error":…}.
[[nodiscard]] boost::json::value items(boost::json::array values);
[[nodiscard]] boost::json::value refusal(std::string_view sentence);
// The text of a member, empty when there is none.
[[nodiscard]] std::string text_of(boost::json::object const& request, std::string_view member);

class Operator {
 public:
  Operator(dispatch::Shard& shard, Traces& traces);

  void answer(boost::json::object const& request, ControlReply reply);

  // Another command; its owner outlives the Operator.
  using Command = std::function<void(boost::json::object const&, ControlReply)>;
  void add(std::string name, Command command) { commands_[std::move(name)] = std::move(command); }

  // Who knows of a device's XMPP session; its owner outlives the Operator.
  using SessionOf =
      std::function<std::optional<dispatch::SessionView>(dispatch::Entry const&, model::InstanceId const&)>;
  void set_session_of(SessionOf session_of) { session_of_ = std::move(session_of); }

 private:
  void add_user(boost::json::object const& request, ControlReply reply);
  void list_users(ControlReply reply) const;
  void list_devices(boost::json::object const& request, ControlReply reply) const;
  void tell_trace(boost::json::object const& request, ControlReply reply) const;
  void test_push(boost::json::object const& request, ControlReply reply);

  dispatch::Shard& shard_;
  Traces& traces_;
  std::map<std::string, Command, std::less<>> commands_{};
  SessionOf session_of_ = [](auto const&, auto const&) { return std::nullopt; };
};

// interfaces.md, section 1: one object of `devices --json`. Tokens by their tail only.
struct DeviceView {
  model::AccountId const& account;
  model::Registrations const& registrations;
  model::Device const& device;
  model::DeviceState state = model::DeviceState::signed_out;
  std::optional<dispatch::SessionView> session = {};
};
[[nodiscard]] boost::json::object json_of(DeviceView const& view);

}  // namespace reveille::admin
