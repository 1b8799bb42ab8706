// ScramServer: the server's side of SCRAM-SHA-1 and SCRAM-SHA-256 from stored keys; the password is never here.
//
// What:     start() reads who wants in, asks for his keys, and answers with a challenge; proceed() checks the proof.
//           An unknown user goes the same way, with a salt of his own that is the same each time, and fails at the
//           proof: nobody learns from the shape of the answers who exists.
// Lifetime: one an attempt; destroyed, it forgets an answer that is still to come. Threads: the io_context's.
// Errors:   SaslFailure.
// Source:   RFC 5802, RFC 7677, RFC 6120 section 6; libgsasl does the cryptography.
#pragma once

#include "base/result.hpp"
#include "base/secret.hpp"
#include "wire/xmpp/client_stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace reveille::edge {

// What is kept of a password for one mechanism, raw bytes.
struct ScramKeys {
  std::string salt = {};
  std::uint32_t iterations = 0;
  std::string stored_key = {};
  std::string server_key = {};
};

// Where keys come from. `account` is a prepared bare JID. Answers on the same thread; `not_found` for nobody.
class ScramCredentials {
 public:
  using Answer = std::move_only_function<void(Result<ScramKeys>)>;

  virtual ~ScramCredentials() = default;
  virtual void lookup(std::string const& account, std::string const& mechanism, Answer answer) = 0;
};

class ScramServer {
 public:
  using Answer = std::move_only_function<void(xmpp::SaslAnswer)>;

  // `secret` makes the salts of users who do not exist. Both outlive the attempt.
  ScramServer(ScramCredentials& credentials, Secret const& secret);
  ~ScramServer();
  ScramServer(ScramServer const&) = delete;
  ScramServer& operator=(ScramServer const&) = delete;

  void start(std::string const& mechanism, std::string const& initial, std::string const& domain, Answer answer);
  [[nodiscard]] xmpp::SaslAnswer proceed(std::string_view response);

 private:
  struct Attempt;
  std::shared_ptr<Attempt> attempt_;
  ScramCredentials& credentials_;
  Secret const& secret_;
};

}  // namespace reveille::edge
