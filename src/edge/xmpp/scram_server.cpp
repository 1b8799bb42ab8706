#include "edge/xmpp/scram_server.hpp"

#include "base/encoding.hpp"
#include "wire/crypto/digest.hpp"
#include "wire/xmpp/precis.hpp"
#include "wire/xmpp/scram_client.hpp"

#include <gsasl.h>

#include <cstdlib>
#include <utility>

namespace reveille::edge {
namespace {

using namespace xmpp;

constexpr std::uint32_t usual_iterations = 10'000;
constexpr std::size_t longest_message = 4096;

// One context a thread: it has no state but its tables.
Gsasl* context() {
  thread_local std::unique_ptr<Gsasl, decltype(&gsasl_done)> const held{[] {
                                                                          Gsasl* made = nullptr;
                                                                          if (gsasl_init(&made) != GSASL_OK)
                                                                            std::abort();
                                                                          return made;
                                                                        }(),
                                                                        gsasl_done};
  return held.get();
}

// RFC 5802 section 7: gs2-header "n,," or "y,,"; an authorization identity must be the account itself.
struct Hello {
  std::string user = {};
  std::string authzid = {};
};

Result<Hello> read_hello(std::string_view initial) {
  bool const plain = initial.starts_with("n,") || initial.starts_with("y,");
  if (initial.size() > longest_message || !plain || initial.find('\0') != std::string_view::npos)
    return failure(ErrorCode::malformed, "no SCRAM message");
  auto rest = initial.substr(2);
  auto const comma = rest.find(',');
  if (comma == std::string_view::npos) return failure(ErrorCode::malformed, "no gs2 header");
  Hello hello;
  if (comma > 0) {
    if (!rest.starts_with("a=")) return failure(ErrorCode::malformed, "no authzid");
    auto authzid = unescape_scram_name(rest.substr(2, comma - 2));
    if (!authzid) return std::unexpected(authzid.error());
    hello.authzid = std::move(*authzid);
  }
  auto const escaped = scram_attribute(rest.substr(comma + 1), 'n');
  if (!escaped) return std::unexpected(escaped.error());
  auto user = unescape_scram_name(*escaped);
  if (!user) return std::unexpected(user.error());
  hello.user = std::move(*user);
  return hello;
}

// The same for the same user at each attempt, and as long as a real one.
ScramKeys invent_keys(Secret const& secret, std::string_view account) {
  auto const seed = crypto::hmac_sha256(secret.reveal(), account);
  return {.salt = seed.substr(0, 16), .iterations = usual_iterations, .stored_key = {}, .server_key = {}};
}

}  // namespace

struct ScramServer::Attempt {
  Gsasl_session* session = nullptr;
  std::string user = {};
  bool exists = false;

  Attempt() = default;
  Attempt(Attempt const&) = delete;
  Attempt& operator=(Attempt const&) = delete;
  ~Attempt() {
    if (session != nullptr) gsasl_finish(session);
  }

  SaslAnswer step(std::string_view input) {
    char* output = nullptr;
    std::size_t size = 0;
    int const result = gsasl_step(session, input.data(), input.size(), &output, &size);
    std::string bytes = output != nullptr ? std::string(output, size) : std::string{};
    gsasl_free(output);
    if (result == GSASL_NEEDS_MORE) return SaslChallenge{.bytes = std::move(bytes)};
    if (result == GSASL_OK && exists) return SaslSuccess{.user = user, .bytes = std::move(bytes)};
    bool const malformed = result == GSASL_MECHANISM_PARSE_ERROR;
    return SaslFailure{.condition = malformed ? SaslError::malformed_request : SaslError::not_authorized};
  }

  bool begin(std::string const& mechanism, ScramKeys const& keys) {
    if (gsasl_server_start(context(), mechanism.c_str(), &session) != GSASL_OK) return false;
    auto const set = [&](Gsasl_property name, std::string const& value) {
      return gsasl_property_set(session, name, value.c_str()) == GSASL_OK;
    };
    return set(GSASL_SCRAM_ITER, std::to_string(keys.iterations)) && set(GSASL_SCRAM_SALT, encode_base64(keys.salt)) &&
           set(GSASL_SCRAM_STOREDKEY, encode_base64(keys.stored_key)) &&
           set(GSASL_SCRAM_SERVERKEY, encode_base64(keys.server_key));
  }
};

ScramServer::ScramServer(ScramCredentials& credentials, Secret const& secret)
    : credentials_(credentials), secret_(secret) {}
ScramServer::~ScramServer() = default;

void ScramServer::start(std::string const& mechanism, std::string const& initial, std::string const& domain,
                        Answer answer) {
  auto const hello = read_hello(initial);
  if (!hello) return answer(SaslFailure{.condition = SaslError::malformed_request});
  auto const user = prepare_username(hello->user);
  auto const account = user.value_or("?") + "@" + domain;
  if (!hello->authzid.empty() && hello->authzid != account)
    return answer(SaslFailure{.condition = SaslError::invalid_authzid});

  attempt_ = std::make_shared<Attempt>();
  attempt_->user = user.value_or("");
  credentials_.lookup(account, mechanism,
                      [weak = std::weak_ptr(attempt_), mechanism, initial, account, &secret = secret_,
                       answer = std::move(answer)](Result<ScramKeys> keys) mutable {
                        auto const attempt = weak.lock();
                        if (!attempt) return;
                        if (!keys && keys.error().code != ErrorCode::not_found)
                          return answer(SaslFailure{.condition = SaslError::temporary_auth_failure});
                        attempt->exists = keys.has_value();
                        auto used = keys ? std::move(*keys) : invent_keys(secret, account);
                        if (!attempt->exists) {
                          auto const size = mechanism == mechanism_of(ScramHash::sha1) ? 20U : 32U;
                          used.stored_key = crypto::hmac_sha256(secret.reveal(), used.salt).substr(0, size);
                          used.server_key = used.stored_key;
                        }
                        if (!attempt->begin(mechanism, used))
                          return answer(SaslFailure{.condition = SaslError::temporary_auth_failure});
                        answer(attempt->step(initial));
                      });
}

SaslAnswer ScramServer::proceed(std::string_view response) {
  if (!attempt_ || attempt_->session == nullptr) return SaslFailure{.condition = SaslError::malformed_request};
  if (response.size() > longest_message) return SaslFailure{.condition = SaslError::malformed_request};
  return attempt_->step(response);
}

}  // namespace reveille::edge
