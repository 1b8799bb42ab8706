// Core: what every role of a process stands on, made once and in this order. One thread, one io_context, one shard.
//
// Lifetime: from start to the end of the process; parts refer to it. Threads: the io_context's one thread.
#pragma once

#include "admin/health.hpp"
#include "admin/metrics.hpp"
#include "admin/operator.hpp"
#include "admin/traces.hpp"
#include "arrive/rest/push_door.hpp"
#include "base/instant.hpp"
#include "base/random.hpp"
#include "dispatch/push/clients.hpp"
#include "dispatch/registrations.hpp"
#include "dispatch/shard.hpp"
#include "edge/tls.hpp"
#include "model/push.hpp"
#include "node/data_folder.hpp"
#include "node/settings.hpp"
#include "store/store.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reveille::node {

// Certificates as listeners show them. reload() reads the files again for connections to come.
struct Certificates {
  std::filesystem::path certificate = {};
  std::filesystem::path key = {};
  std::filesystem::path ca = {};  // what a client of ours trusts; empty: its own system's
  // A context of its own for each listener, since ALPN differs.
  struct Shown {
    edge::TlsContext context = {};
    std::vector<std::string> alpn = {};
  };
  std::vector<Shown> shown = {};

  [[nodiscard]] Result<edge::TlsContext> context(std::vector<std::string> alpn);
  [[nodiscard]] Result<void> reload();
};

// Of the file, without the end of its line.
[[nodiscard]] Result<std::string> read_client_secret(std::filesystem::path const& path);

// Something that listens or works until it is told to stop.
class Part {
 public:
  virtual ~Part() = default;
  // Takes nothing new, and ends what is open. Called once; what has to be written goes on for up to a second.
  virtual void stop() = 0;
  // Core::settings has been read again.
  virtual void reload() {}
};

using Listener = std::pair<std::string, std::string>;  // "sip_udp", "127.0.0.1:5060"

struct Core {
  Core(boost::asio::io_context& context, Settings given, DataFolder where)
      : io(context), settings(std::move(given)), folder(std::move(where)), deadline_timer(context) {}
  Core(Core const&) = delete;
  Core& operator=(Core const&) = delete;

  boost::asio::io_context& io;
  Settings settings;
  DataFolder folder;
  SystemClock clock = {};
  SystemRandom random = {};
  Certificates certificates = {};
  admin::Health health = {};
  std::unique_ptr<admin::Metrics> metrics = {};
  std::unique_ptr<store::Store> store = {};
  std::unique_ptr<admin::Traces> traces = {};
  std::unique_ptr<Part> push_service = {};
  // Of the push service, when it is here.
  dispatch::PushClients* push_clients = nullptr;
  arrive::PushDoor* push_door = nullptr;
  std::unique_ptr<model::PushPort> push = {};
  std::unique_ptr<dispatch::Shard> shard = {};
  std::unique_ptr<dispatch::Registrations> registrations = {};
  std::unique_ptr<admin::Operator> operate = {};
  std::vector<Listener> listeners = {};

  boost::asio::steady_timer deadline_timer;
  // What is due by the wall clock is due when that jumps ahead.
  std::vector<std::function<void()>> when_clock_jumps = {};
};

// make_core.cpp: everything of it but the push service and its port.
[[nodiscard]] Result<std::unique_ptr<Core>> make_core(boost::asio::io_context& io, Settings settings,
                                                      DataFolder folder);
// Once the push port is there: the shard with its accounts, and the operator.
[[nodiscard]] Result<void> make_shard(Core& core);

// make_certificates.cpp
[[nodiscard]] Result<void> make_certificates(Core& core);
// What is wrong with a certificate that can be read: a sentence with what to do, or nothing.
[[nodiscard]] std::string trouble_with(edge::TlsContext const& context, std::filesystem::path const& certificate);

// Opens a database in the data folder.
[[nodiscard]] Result<std::unique_ptr<store::Store>> open_store(Core& core, char const* name);

}  // namespace reveille::node
