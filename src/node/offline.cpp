#include "node/offline.hpp"

#include "decide/xmpp/im.hpp"
#include "node/parts.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace reveille::node {
namespace {

// The suspended XMPP sessions, as they stand on disk.
Result<admin::Operator::SessionOf> sessions_on_disk(store::Store& store) {
  std::map<std::pair<std::string, std::string>, dispatch::SessionView> found;
  auto const read = store.for_each(store::Table::streams, [&](std::string_view key, std::string_view packed) {
    model::AccountId const account{key.substr(0, key.find('\0'))};
    if (auto const session = decide::unpack_session(packed))
      found[{account.value, session->instance.value}] = dispatch::view_of(account, *session);
  });
  if (!read) return std::unexpected(read.error());
  return [found = std::move(found)](dispatch::Entry const& entry, model::InstanceId const& instance) {
    auto const session = found.find({entry.account().value, instance.value});
    return session == found.end() ? std::nullopt : std::optional(session->second);
  };
}

}  // namespace

Result<boost::json::value> answer_offline(Settings const& settings, boost::json::object const& request) {
  auto const command = admin::text_of(request, "command");
  if (command == "push test")
    return failure(ErrorCode::unreachable,
                   fmt::format("No server runs on {}; a test push needs one.", settings.data.string()));
  // A command that only asks leaves no databases in a folder that was named by mistake.
  if (!command.ends_with(" add") && !std::filesystem::exists(settings.data / server_database))
    return failure(
        ErrorCode::not_found,
        fmt::format("There are no data in {}; name their folder with --data or --config.", settings.data.string()));
  auto folder = open_data_folder(settings.data);
  if (!folder) return std::unexpected(folder.error());
  boost::asio::io_context io;
  // The data are all that is wanted: nothing listens, and no provider is spoken to.
  Settings quiet = settings;
  quiet.listen.push.reset();
  quiet.push = {};
  auto core = make_core(io, std::move(quiet), std::move(*folder));
  if (!core) return std::unexpected(core.error());
  if (auto made = make_push(**core); !made) return std::unexpected(made.error());
  if (auto made = make_shard(**core); !made) return std::unexpected(made.error());
  auto sessions = sessions_on_disk(*(*core)->store);
  if (!sessions) return std::unexpected(sessions.error());
  (*core)->operate->set_session_of(std::move(*sessions));
  auto const work = boost::asio::make_work_guard(io);
  std::optional<boost::json::value> answer;
  (*core)->operate->answer(request, [&](boost::json::value given) { answer = std::move(given); });
  while (!answer) io.run_one();
  return std::move(*answer);
}

}  // namespace reveille::node
