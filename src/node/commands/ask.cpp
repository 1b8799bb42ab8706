// The commands that ask a server, or its data where none runs.
#include "admin/control.hpp"
#include "admin/operator.hpp"
#include "base/encoding.hpp"
#include "base/random.hpp"
#include "node/commands.hpp"
#include "node/commands/show.hpp"
#include "node/offline.hpp"
#include "node/version.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <thread>

namespace reveille::node {
namespace {

namespace json = boost::json;

int complain(std::string_view sentence) {
  fmt::print(stderr, "reveille: {}\n", sentence);
  return exit_failure;
}

Result<std::string> read_password() {
  std::string password;
  std::getline(std::cin, password);
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty())
    return failure(ErrorCode::malformed, "No password came on standard input; nothing was changed.");
  return password;
}

// The keys are derived here: the password itself goes nowhere.
Result<json::object> user_request(CommandLine const& line) {
  auto const account = model::parse_account(line.argument);
  if (!account) return std::unexpected(account.error());
  auto password = read_password();
  if (!password) return std::unexpected(password.error());
  constexpr std::size_t salt_bytes = 16;
  std::string salt(salt_bytes, '\0');
  SystemRandom().fill({reinterpret_cast<std::uint8_t*>(salt.data()), salt.size()});
  auto const verifier = model::derive_verifier(*account, Secret(std::move(*password)), salt);
  return json::object{
      {"command", "user add"}, {"address", account->value}, {"verifier", encode_base64(model::pack(verifier))}};
}

Result<json::object> request_of(CommandLine const& line) {
  using enum Command;
  switch (line.command) {
    case user_add: return user_request(line);
    case user_list: return json::object{{"command", "user list"}};
    case client_add: return json::object{{"command", "client add"}, {"name", line.argument}};
    case devices: return json::object{{"command", "devices"}, {"address", line.argument}};
    case trace: return json::object{{"command", "trace"}, {"id", line.argument}};
    case push_test: return json::object{{"command", "push test"}, {"device", line.argument}};
    case serve:
    case check_config:
    case version: break;
  }
  std::unreachable();
}

// A server that is just starting holds the folder and does not answer yet: it is given some seconds.
Result<json::value> ask_somebody(Settings const& settings, json::object const& request) {
  constexpr auto pause = std::chrono::milliseconds(100);
  constexpr int most_tries = 50;
  for (int tries = 0;; ++tries) {
    auto answer = admin::ask(settings.data, request);
    if (answer || answer.error().code != ErrorCode::unreachable) return answer;
    answer = answer_offline(settings, request);
    if (answer || answer.error().code != ErrorCode::busy || tries == most_tries) return answer;
    std::this_thread::sleep_for(pause);
  }
}

// A secret is made only where there is a place for it.
Result<json::object> answer_to(CommandLine const& line, Settings const& settings) {
  auto const request = request_of(line);
  if (!request) return std::unexpected(request.error());
  bool const has_file = !line.secret_file.empty();
  if (has_file)
    if (auto made = make_secret_file(line.secret_file); !made) return std::unexpected(made.error());
  auto answer = ask_somebody(settings, *request);
  if (answer && answer->as_object().at("ok").as_bool()) return std::move(answer->as_object());
  std::error_code ignored;
  if (has_file) std::filesystem::remove(line.secret_file, ignored);
  if (!answer) return std::unexpected(answer.error());
  return failure(ErrorCode::malformed, std::string(answer->as_object().at("error").as_string()));
}

// What was asked has been done, and the provider's word on a push is good.
bool is_success(CommandLine const& line, json::array const& items) {
  if (line.command != Command::push_test) return true;
  auto const& state = items.at(0).at("state").as_string();
  return std::ranges::any_of(
      std::array{model::PushState::accepted_by_provider, model::PushState::acknowledged, model::PushState::unconfirmed},
      [&](auto good) { return model::name_of(good) == state; });
}

}  // namespace

int ask_server(CommandLine const& line) {
  auto const settings = settings_of(line);
  if (!settings) {
    fmt::print(stderr, "{}", describe(settings.error()));
    return exit_configuration;
  }
  auto const answer = answer_to(line, *settings);
  if (!answer) return complain(answer.error().ours);
  auto const& items = answer->at("items").as_array();
  if (auto const shown = show(line, items); !shown) return complain(shown.error().ours);
  return is_success(line, items) ? exit_ok : exit_failure;
}

}  // namespace reveille::node
