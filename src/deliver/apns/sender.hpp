// Sender: the connections to APNs of one provider key in one environment, and the requests on them.
//
// It keeps several HTTP/2 connections open (a call must not wait for a handshake), resolves the host anew for each,
// keeps to the streams that SETTINGS allow (1 until the first valid token, then up to 1000), leaves a connection on
// GOAWAY, and pings those that are idle or that let a request wait: one that owes a pong is avoided, and then left.
// Each request ends exactly once in a ProviderAnswer:
//   answered        the verdict of APNs' status and reason (answer.hpp);
//   not_processed   provably not: no connection, refused, or above GOAWAY's last stream, until give_up_at;
//   fate_unknown    its bytes left, and no answer came.
// A request that is provably unprocessed goes to another connection by itself, as long as give_up_at allows; nothing
// else is ever sent twice from here: what follows from a verdict is the caller's to decide (B-CALL-4, B-PUSH-4).
// Calls go before all others, whatever channel they are on, and the others leave them a tenth of the streams and at
// least one, where there are two (B-TABLE-2).
//
// Provider tokens lie on a clock grid of 40 minutes, so that every process and every restart makes the same one.
// Lifetime: the destructor closes the connections and answers what is left. Threads: the executor's one thread.
// Answers never come from inside send(). Errors: open() fails with configuration, in a sentence.
#pragma once

#include "base/instant.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "deliver/apns/request.hpp"
#include "model/provider.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace reveille::deliver::apns {

struct SenderSettings {
  std::string team = {};    // 10 characters
  std::string key_id = {};  // 10 characters
  Secret key_pem = {};      // what the .p8 file holds
  model::Environment environment = model::Environment::production;
  std::string host = {};  // empty: Apple's, by environment
  std::uint16_t port = 443;
  std::optional<std::filesystem::path> ca_file = {};  // empty: the system's store
  std::size_t connections = 2;
  std::size_t most_waiting = 100'000;  // further ones end at once as not_processed
  Duration answer_within = 5s;         // once a connection has taken it; later: fate_unknown
  Duration ping_after = 10min;         // idle; Apple advises an hour, NATs forget earlier
  Duration ping_after_asking = 1s;     // nothing heard, and a request under way: an answer takes Apple a tenth of that
  Duration pong_within = 2s;           // later the connection is dead, and what was under way on it of unknown fate
};

struct SenderHealth {
  std::size_t connected = 0;
  std::size_t in_flight = 0;
  std::size_t waiting = 0;
  std::size_t capacity = 0;       // requests that could leave at once
  std::string last_trouble = {};  // why the last connection ended or could not be made; empty while all is well
};

class Sender {
 public:
  using Done = std::move_only_function<void(model::ProviderAnswer)>;

  [[nodiscard]] static Result<std::unique_ptr<Sender>> open(boost::asio::any_io_executor executor, Clock const& clock,
                                                            SenderSettings settings);
  virtual ~Sender() = default;

  virtual void send(ApnsRequest request, Done done) = 0;
  // Requests that can be under way at a time, by what the connections allow; 0 while there is none.
  [[nodiscard]] virtual std::size_t streams() const = 0;
  // Told each time that there may be more of them, or room on them.
  virtual void when_room(std::function<void()> told) = 0;
  // Takes nothing further and gives back what has not left, as not_processed; what is under way may still be answered.
  virtual void drain() = 0;
  [[nodiscard]] virtual SenderHealth health() const = 0;
};

}  // namespace reveille::deliver::apns
