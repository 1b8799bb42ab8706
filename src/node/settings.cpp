#include "node/settings.hpp"

#include "node/settings/section.hpp"
#include "node/settings/sections.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <tuple>
#include <utility>

namespace reveille::node {
namespace {

constexpr std::size_t most_bytes = 1024 * 1024;

void check_together(Section& top, Settings const& settings) {
  auto const& calls = settings.policy.calls;
  if (calls.ringback_after < calls.give_up_after) return;
  auto const* section = top.find("calls");
  if (section) top.blame(*section, "'calls.ringback_after' must be shorter than 'calls.give_up_after'");
}

}  // namespace

std::expected<Settings, Refused> parse_settings(std::string_view text, std::filesystem::path const& file) {
  auto const document = parse_document(text);
  if (!document) return std::unexpected(Refused{.file = file.string(), .faults = {document.error()}});
  Reading reading{.folder = file.parent_path()};
  Settings settings;
  Section top(*document, "", reading);
  read_general(top, settings);
  auto const listen = top.section("listen");
  read_listen(listen, settings.listen);
  check_listen(listen, settings.listen, settings.roles);
  read_tls(top.section("tls"), settings.tls);
  read_sip(top.section("sip"), settings.sip);
  read_limits(top.section("limits"), settings.limits);
  read_calls(top.section("calls"), settings.policy.calls);
  read_wake(top.section("wake"), settings.policy.wake);
  read_push(top.section("push"), settings.push);
  check_together(top, settings);
  top.finish();
  if (reading.faults.empty()) return settings;
  std::ranges::sort(reading.faults, {}, [](Fault const& fault) { return std::tie(fault.line, fault.sentence); });
  return std::unexpected(Refused{.file = file.string(), .faults = std::move(reading.faults)});
}

std::expected<Settings, Refused> read_settings(std::filesystem::path const& file) {
  auto const refused = [&](std::string sentence) {
    return std::unexpected(Refused{.file = file.string(), .faults = {{.line = 0, .sentence = std::move(sentence)}}});
  };
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return refused("this is a folder, not a configuration file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return refused(std::string("the file cannot be read: ") + std::strerror(errno));
  std::ostringstream text;
  text << stream.rdbuf();
  if (text.view().size() > most_bytes) return refused("the file is larger than 1 MB; this is no configuration file");
  return parse_settings(text.view(), file);
}

std::string describe(Refused const& refused) {
  std::string text;
  for (auto const& fault : refused.faults)
    text +=
        refused.file + ":" + (fault.line == 0 ? "" : std::to_string(fault.line) + ":") + " " + fault.sentence + "\n";
  return text;
}

}  // namespace reveille::node
