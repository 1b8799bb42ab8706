#include "node/commands/show.hpp"

#include <boost/json.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace reveille::node {
namespace {

namespace json = boost::json;

std::string text_at(json::object const& object, std::string_view path) {
  auto const dot = path.find('.');
  auto const* value = object.if_contains(path.substr(0, dot));
  if (!value || value->is_null()) return "-";
  if (dot != path.npos) return value->is_object() ? text_at(value->get_object(), path.substr(dot + 1)) : "-";
  if (value->is_string()) return std::string(value->get_string());
  if (!value->is_array()) return json::serialize(*value);
  std::string joined;
  for (auto const& each : value->get_array()) joined += (joined.empty() ? "" : ",") + std::string(each.as_string());
  return joined.empty() ? "-" : joined;
}

// A column's title, and where in the object its value is.
struct Column {
  std::string_view title = {};
  std::string_view path = {};
};

void print_table(json::array const& items, std::vector<Column> const& columns) {
  std::vector<std::vector<std::string>> rows(1);
  for (auto const& column : columns) rows[0].emplace_back(column.title);
  for (auto const& item : items) {
    auto& row = rows.emplace_back();
    for (auto const& column : columns) row.push_back(text_at(item.as_object(), column.path));
  }
  std::vector<std::size_t> widths(columns.size());
  for (auto const& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (auto const& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  }
}

void show_devices(json::array const& items) {
  if (items.empty()) return fmt::print("No devices.\n");
  print_table(items, {{"ACCOUNT", "account"},
                      {"STATE", "state"},
                      {"DEVICE", "instance"},
                      {"APP", "app"},
                      {"OS", "os_version"},
                      {"SERVICES", "services"},
                      {"VOIP TOKEN", "channels.voip.token_tail"},
                      {"MESSAGE TOKEN", "channels.message.token_tail"},
                      {"XMPP", "xmpp.jid"},
                      {"UNACKED", "xmpp.unacked"},
                      {"LAST PUSH", "last_push.outcome"}});
}

void show_user_change(json::object const& item) {
  auto const account = text_at(item, "account");
  if (text_at(item, "change") == "added")
    fmt::print("{} was added.\n", account);
  else
    fmt::print("{} has a new password.\n", account);
}

void show_push(json::object const& item) {
  fmt::print("Push {}: {}", text_at(item, "id"), text_at(item, "state"));
  if (auto const reason = text_at(item, "reason"); !reason.empty() && reason != "-") fmt::print(" ({})", reason);
  fmt::print("; the provider answered {}, the token is {}. See: reveille trace {}\n", text_at(item, "provider_status"),
             text_at(item, "token"), text_at(item, "id"));
}

Result<void> cannot_write(std::filesystem::path const& file, std::string_view consequence) {
  return failure(ErrorCode::storage, fmt::format("The secret cannot be written to {} ({}). {}", file.string(),
                                                 std::strerror(errno), consequence));
}

Result<void> write_secret(std::filesystem::path const& file, std::string_view secret) {
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  auto const text = std::string(secret) + "\n";
  auto const written = descriptor >= 0 && ::write(descriptor, text.data(), text.size()) == std::ssize(text);
  auto result = written ? Result<void>{}
                        : cannot_write(file, "The credentials exist all the same; make others with another file.");
  if (descriptor >= 0) ::close(descriptor);
  return result;
}

Result<void> show_client(CommandLine const& line, json::object item) {
  if (!line.secret_file.empty()) {
    if (auto written = write_secret(line.secret_file, item.at("client_secret").as_string()); !written) return written;
    item.erase("client_secret");
    item["client_secret_file"] = line.secret_file.string();
  }
  if (line.form == Form::json) {
    fmt::print("{}\n", json::serialize(item));
    return {};
  }
  fmt::print("client_id = \"{}\"\n", text_at(item, "client_id"));
  if (line.secret_file.empty())
    fmt::print("secret, shown this once: {}\n", text_at(item, "client_secret"));
  else
    fmt::print("client_secret_file = \"{}\"\n", line.secret_file.string());
  return {};
}

void show_text(CommandLine const& line, json::array const& items) {
  using enum Command;
  switch (line.command) {
    case user_add: return show_user_change(items.at(0).as_object());
    case user_list: return print_table(items, {{"ACCOUNT", "account"}, {"DEVICES", "devices"}});
    case devices: return show_devices(items);
    case trace: return fmt::print("{}", text_at(items.at(0).as_object(), "story"));
    case push_test: return show_push(items.at(0).as_object());
    case client_add:
    case serve:
    case check_config:
    case version: break;
  }
  std::unreachable();
}

}  // namespace

Result<void> make_secret_file(std::filesystem::path const& file) {
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return cannot_write(file, "No credentials were made.");
  ::close(descriptor);
  return {};
}

Result<void> show(CommandLine const& line, json::array const& items) {
  if (line.command == Command::client_add) return show_client(line, items.at(0).as_object());
  if (line.form == Form::text) {
    show_text(line, items);
    return {};
  }
  for (auto const& item : items) {
    auto const* trace = line.command == Command::trace ? item.as_object().if_contains("trace") : nullptr;
    fmt::print("{}\n", json::serialize(trace ? *trace : item));
  }
  return {};
}

}  // namespace reveille::node
