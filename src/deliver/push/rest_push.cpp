#include "deliver/push/rest_push.hpp"

#include "base/encoding.hpp"
#include "deliver/push/notices.hpp"
#include "deliver/push/push_json.hpp"
#include "deliver/push/waiting_pushes.hpp"

#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace reveille::deliver {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace model;

constexpr Duration renew_before_end = 5min;
constexpr Duration longest_wait = 50s;
// All but calls: what waits holds a stream, of which there are 1000, so a provider in trouble must not keep them.
constexpr Duration wait_of_others = 5s;
constexpr std::chrono::milliseconds first_pause{50};
constexpr std::chrono::milliseconds longest_pause{2'000};
constexpr std::chrono::milliseconds longest_pause_between_looks{300'000};
constexpr std::chrono::seconds providers_every{30};
constexpr std::chrono::seconds beyond_wait{5};
// The service has recorded what became of an accepted one once its deadline has passed: until then it can be asked.
constexpr Duration fate_is_known_within = 10s;

// An idempotency key is known for a day; nothing of a notification matters for longer.
constexpr Duration longest_life = 24h;
// With silence and the next attempt's handshake, less than a second.
constexpr std::chrono::milliseconds ping_after_asking{250};
constexpr std::chrono::milliseconds ping_timeout{400};
constexpr std::chrono::milliseconds ping_when_idle{10'000};
constexpr std::chrono::milliseconds dial_timeout{2'000};

edge::Http2ClientOptions watchful(edge::Http2ClientOptions options) {
  options.ping_after = ping_when_idle;
  options.ping_after_asking = ping_after_asking;
  options.ping_timeout = ping_timeout;
  options.destination.timeout = dial_timeout;
  return options;
}

constexpr std::string_view asked_before = "idempotency-key-reused";

bool is_among(std::vector<ServedProvider> const& providers, Provider provider, Environment environment) {
  return std::ranges::any_of(providers, [&](ServedProvider const& one) {
    return one.provider == provider && (provider != Provider::apns || one.environment == environment);
  });
}

bool is_final(PushState state) {
  return state == PushState::accepted_by_provider || is_end(state);
}

}  // namespace

class RestPush::Core : public std::enable_shared_from_this<RestPush::Core> {
 public:
  Core(asio::any_io_executor executor, Clock const& clock, RestPushSettings settings)
      : executor_(executor),
        clock_(clock),
        settings_(std::move(settings)),
        calls_(executor, watchful(settings_.server)),
        others_(executor, watchful(settings_.server)),
        providers_timer_(executor),
        others_timer_(executor) {}

  void start() {
    // Weak, or each would keep the other.
    notices_ = std::make_shared<PushNotices>(
        executor_, clock_, [weak = weak_from_this()](PushNotice const& notice, PushNotices::Told told) {
          if (auto self = weak.lock()) self->tell(notice, std::move(told));
        });
    learn_providers();
  }
  void close() {
    closed_ = true;
    notices_->close();
    providers_timer_.cancel();
    others_timer_.cancel();
    // What is under way holds this object, and this object its connections.
    calls_.close();
    others_.close();
  }

  void request(PushRequest request, Answer answer) {
    auto job = std::make_shared<Job>();
    job->id = request.id;
    job->number = ++requests_;
    job->push_class = request.push_class;
    job->lane = lane_of(request.push_class);
    job->expires_at = request.expires_at;
    job->subject = subject_of(request);
    job->body = write_request(request);
    job->answer = std::move(answer);
    jobs_[job->id] = job;
    if (job->lane == Lane::others && is_pausing_) return hold(job);
    ask(job);
  }

  // What may have reached the service is taken back there, in this order on the same connection; what has not is never
  // asked again.
  void take_back(PushId const& id) {
    auto const found = jobs_.find(id);
    if (found == jobs_.end())
      return notices_->add({.kind = PushNotice::Kind::take_back, .id = id, .until = clock_.now() + longest_life});
    auto const& job = found->second;
    job->is_withdrawn = true;
    if (job->is_asking || job->may_be_there)
      return notices_->add(
          {.kind = PushNotice::Kind::take_back, .id = id, .push_class = job->push_class, .until = job->expires_at});
    asio::post(executor_, [self = shared_from_this(), job] { self->finish(job, {.state = PushState::taken_back}); });
  }

  // What has not reached the service is not asked for any more: a message that was seen needs no push. The service is
  // told all the same, since an earlier run of this server may have asked.
  void acknowledge(PushId const& id) {
    if (auto const found = jobs_.find(id); found != jobs_.end() && found->second->lane == Lane::others) {
      auto const& job = found->second;
      job->is_seen = true;
      if (!job->is_asking && !job->may_be_there)
        asio::post(executor_,
                   [self = shared_from_this(), job] { self->finish(job, {.state = PushState::acknowledged}); });
    }
    notices_->add({.kind = PushNotice::Kind::acknowledge,
                   .id = id,
                   .push_class = PushClass::message,
                   .until = clock_.now() + longest_life});
  }

  [[nodiscard]] bool has_credential(Provider provider, Environment environment) const {
    return is_among(known_providers_, provider, environment);
  }
  [[nodiscard]] bool serves(Provider provider, Environment environment) const {
    return is_among(providers_, provider, environment);
  }
  [[nodiscard]] std::string const& trouble() const { return trouble_; }

 private:
  enum class Lane : std::uint8_t { calls, others };
  enum class Ask : std::uint8_t { post, look, take_back };
  struct Job {
    PushId id = {};
    std::uint64_t number = 0;  // grows from request to request
    PushClass push_class = PushClass::message;
    Lane lane = Lane::others;
    Instant expires_at = {};
    std::string subject = {};
    std::string body = {};
    Answer answer = {};
    std::chrono::milliseconds pause = first_pause;
    bool accepted = false;  // the service has it: from now on it is only asked what became of it
    bool is_asking = false;
    bool may_be_there = false;  // a request of which nobody knows what became, or an accepted one
    bool is_withdrawn = false;
    bool is_seen = false;  // by the user, without it
  };
  using JobPointer = std::shared_ptr<Job>;

  static Lane lane_of(PushClass push_class) { return push_class == PushClass::call ? Lane::calls : Lane::others; }
  static Instant ends_at(Job const& job) { return job.expires_at + (job.accepted ? fate_is_known_within : Duration{}); }
  static std::string path_of(PushId const& id) { return "/v1/notifications/" + id.value; }
  [[nodiscard]] edge::HttpClient& client(Lane lane) { return lane == Lane::calls ? calls_ : others_; }

  // Any answer but "not now" is one that saying it again would not change.
  void tell(PushNotice const& notice, PushNotices::Told told) {
    with_token([self = shared_from_this(), notice, told = std::move(told)](bool has_token) mutable {
      if (!has_token || self->closed_) return told(PushNotices::Heard::no);
      self->client(lane_of(notice.push_class))
          .request(self->request_for(notice), [self, told = std::move(told)](edge::Http2Reply reply) mutable {
            if (reply.status == 401) self->token_ = {};
            bool const is_heard = reply.outcome == edge::Outcome::response && reply.status < 500 &&
                                  reply.status != 401 && reply.status != 429;
            told(is_heard ? PushNotices::Heard::yes : PushNotices::Heard::no);
          });
    });
  }

  [[nodiscard]] edge::Http2Request request_for(PushNotice const& notice) const {
    edge::Http2Request request{.headers = headers()};
    switch (notice.kind) {
      case PushNotice::Kind::take_back:
        request.method = "DELETE";
        request.path = path_of(notice.id);
        break;
      case PushNotice::Kind::acknowledge:
        request.path = "/v1/receipts";
        request.body = json::serialize(json::object{{"id", notice.id.value}});
        break;
    }
    return request;
  }

  [[nodiscard]] edge::HttpFields headers() const {
    edge::HttpFields fields;
    fields.add("authorization", "Bearer " + token_.value, edge::Indexing::never);
    fields.add("content-type", "application/json");
    return fields;
  }

  void ask(JobPointer const& job) {
    with_token([self = shared_from_this(), job](bool has_token) {
      if (!has_token) return self->again(job, self->token_trouble_);
      self->send(job);
    });
  }

  [[nodiscard]] edge::Http2Request request_for(Job const& job, Ask what, std::chrono::seconds wait) const {
    edge::Http2Request request{.headers = headers(), .timeout = wait + beyond_wait};
    request.method = what == Ask::post ? "POST" : what == Ask::look ? "GET" : "DELETE";
    request.path = what == Ask::post ? std::string("/v1/notifications") : path_of(job.id);
    if (what != Ask::take_back)
      request.headers.add("prefer", "wait=" + std::to_string(wait.count()), edge::Indexing::never);
    if (what != Ask::post) return request;
    request.body = job.body;
    request.headers.add("idempotency-key", job.id.value, edge::Indexing::never);
    return request;
  }

  void send(JobPointer const& job) {
    if (!job->answer) return;  // taken back meanwhile
    auto const left = ends_at(*job) - clock_.now();
    if (left <= Duration::zero()) return finish_late(job, "the push service did not answer in time");
    auto const most = job->lane == Lane::calls ? longest_wait : wait_of_others;
    auto const wait = std::chrono::ceil<std::chrono::seconds>(std::min<Duration>(left, most));
    // A message that was seen is looked for only: it may be there from before.
    bool const is_looked_for = job->accepted || job->is_seen;
    auto const what = job->is_withdrawn ? Ask::take_back : is_looked_for ? Ask::look : Ask::post;
    job->is_asking = true;
    client(job->lane).request(request_for(*job, what, wait),
                              [self = shared_from_this(), job, what](edge::Http2Reply reply) {
                                self->on_reply(job, what, std::move(reply));
                              });
  }

  void on_reply(JobPointer const& job, Ask what, edge::Http2Reply reply) {
    if (closed_) return;
    job->is_asking = false;
    if (reply.outcome == edge::Outcome::unknown && what == Ask::post) job->may_be_there = true;
    if (reply.outcome != edge::Outcome::response) return again(job, reply.error.ours);
    trouble_.clear();
    if (reply.status == 401) {
      token_ = {};
      return again(job, "the access token was refused");
    }
    if (reply.status == 429 || reply.status >= 500) {
      // Whoever says another of these may have it already, or have passed it on.
      bool const is_refused = reply.status == 429 || reply.status == 503;
      if (what == Ask::post && !is_refused) job->may_be_there = true;
      return again(job, read_problem(reply.body), retry_after_of(reply.headers));
    }
    if (job->lane == Lane::others) go_on_with_others();
    if (reply.status == 404 && what == Ask::take_back) return finish(job, {.state = PushState::taken_back});
    if (reply.status == 404 && job->is_seen && !job->accepted) return finish(job, {.state = PushState::acknowledged});
    // An earlier run of this server has asked for it in other words: what became of that is the answer (B-CALL-4).
    if (reply.status == 422 && what == Ask::post && read_problem(reply.body) == asked_before) {
      job->accepted = job->may_be_there = true;
      return look_again(job);
    }
    if (reply.status >= 400) return finish(job, {.state = PushState::refused, .reason = read_problem(reply.body)});
    auto const receipt = read_view(reply.body, clock_.now());
    if (!receipt) return again(job, "the push service's answer cannot be read");
    job->accepted = job->may_be_there = true;
    job->is_withdrawn = false;  // the service knows it, if it came to that: too late is then the answer
    if (is_final(receipt->state)) return finish(job, *receipt);
    look_again(job);
  }

  // A call's fate is waited for by the service; others are looked after at growing intervals.
  void look_again(JobPointer const& job) {
    if (job->lane == Lane::calls) {
      job->pause = first_pause;
      return ask_after(job, first_pause);
    }
    // Once more when its deadline has passed, and then what is known is all.
    auto const now = clock_.now();
    auto const next = (now < job->expires_at ? job->expires_at : ends_at(*job)) - now;
    ask_after(job, std::clamp(std::chrono::ceil<std::chrono::milliseconds>(next), first_pause, job->pause));
    job->pause = std::min(job->pause * 2, longest_pause_between_looks);
  }

  // The same id and body again is the same notification: asking again is safe, whatever became of the last time.
  void again(JobPointer const& job, std::string const& why, std::optional<std::chrono::seconds> retry_after = {}) {
    if (closed_) return;
    complain(why);
    if (job->is_withdrawn && !job->may_be_there) return finish(job, {.state = PushState::taken_back});
    if (job->is_seen && !job->may_be_there) return finish(job, {.state = PushState::acknowledged});
    if (job->lane == Lane::others) {
      hold(job);
      return pause_others(retry_after);
    }
    job->pause = std::min(job->pause, longest_pause);
    if (clock_.now() + job->pause >= ends_at(*job))
      return finish_late(job, "the push service could not be asked: " + why);
    ask_after(job, job->pause);
    job->pause = std::min(job->pause * 2, longest_pause);
  }

  // What messages of one conversation say, the newest says for all.
  static std::string subject_of(PushRequest const& request) {
    if (request.push_class != PushClass::message || request.conversation.empty()) return {};
    return request.target.token + '\0' + request.conversation;
  }

  static std::optional<std::chrono::seconds> retry_after_of(edge::HttpFields const& fields) {
    auto const value = fields.find("retry-after").value_or(std::string_view{});
    unsigned seconds = 0;
    auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{} || end != value.data() + value.size()) return {};
    return std::chrono::seconds{seconds};
  }

  void hold(JobPointer const& job) {
    // One that may be there is asked after until that is known.
    auto const gives_way = held_.hold(job->id, job->may_be_there ? std::string{} : job->subject, job->number);
    if (!gives_way) return;
    if (auto const found = jobs_.find(*gives_way); found != jobs_.end())
      asio::post(executor_, [self = shared_from_this(), old = found->second] {
        self->finish(old, {.state = old->may_be_there ? PushState::unknown : PushState::taken_back,
                           .reason = "a newer one has taken its place while the push service was away"});
      });
  }

  void pause_others(std::optional<std::chrono::seconds> retry_after) {
    if (std::exchange(is_pausing_, true)) return;
    others_timer_.expires_after(held_.next_pause(retry_after));
    others_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error || self->closed_) return;
      self->is_pausing_ = false;
      self->ask_for_held();
    });
  }

  void go_on_with_others() {
    held_.on_answer();
    if (!is_pausing_) ask_for_held();
  }

  void ask_for_held() {
    std::size_t asked = 0;
    while (asked == 0 && held_.size() > 0) {
      for (auto const& id : held_.take()) {
        auto const found = jobs_.find(id);
        if (found == jobs_.end()) continue;
        auto const job = found->second;
        if (clock_.now() >= ends_at(*job)) {
          finish_late(job, "the push service could not be asked: " + trouble_);
          continue;
        }
        ++asked;
        ask(job);
      }
    }
  }

  void complain(std::string const& why) {
    if (why != trouble_) spdlog::warn("push service: {}", why);
    trouble_ = why;
  }

  void ask_after(JobPointer const& job, std::chrono::milliseconds pause) {
    auto timer = std::make_shared<asio::steady_timer>(executor_, pause);
    timer->async_wait([self = shared_from_this(), job, timer](boost::system::error_code error) {
      if (!error && !self->closed_) self->ask(job);
    });
  }

  void finish_late(JobPointer const& job, std::string reason) {
    finish(job, {.state = job->may_be_there ? PushState::unknown : PushState::expired, .reason = std::move(reason)});
  }

  void finish(JobPointer const& job, PushReceipt receipt) {
    receipt.id = job->id;
    receipt.at = clock_.now();
    if (auto const found = jobs_.find(job->id); found != jobs_.end() && found->second == job) {
      jobs_.erase(found);
      held_.drop(job->id);
    }
    if (auto answer = std::exchange(job->answer, {})) answer(std::move(receipt));
  }

  using Then = std::move_only_function<void(bool)>;

  void with_token(Then then) {
    if (!token_.value.empty() && clock_.now() < renew_at_)
      return asio::post(executor_, [then = std::move(then)]() mutable { then(true); });
    waiting_.push_back(std::move(then));
    if (waiting_.size() == 1) fetch_token();
  }

  void fetch_token() {
    edge::Http2Request request{.method = "POST", .path = "/oauth2/token", .body = "grant_type=client_credentials"};
    request.headers.add("content-type", "application/x-www-form-urlencoded");
    request.headers.add(
        "authorization",
        "Basic " + encode_base64(settings_.client_id + ':' + std::string(settings_.client_secret.reveal())),
        edge::Indexing::never);
    calls_.request(std::move(request), [self = shared_from_this()](edge::Http2Reply reply) {
      auto const token = reply.status == 200 ? read_token(reply.body) : std::nullopt;
      if (token) {
        self->token_ = *token;
        self->renew_at_ = self->clock_.now() + token->lives - std::min<Duration>(renew_before_end, token->lives / 2);
      } else {
        self->token_trouble_ =
            reply.outcome != edge::Outcome::response ? reply.error.ours
            : reply.status == 401
                ? std::string("the client id or secret is not accepted; make new ones with `reveille client add`")
                : "no access token, status " + std::to_string(reply.status);
      }
      for (auto& then : std::exchange(self->waiting_, {})) then(token.has_value());
    });
  }

  void learn_providers() {
    with_token([self = shared_from_this()](bool has_token) {
      if (self->closed_) return;
      if (!has_token) {
        self->complain(self->token_trouble_);
        return self->learn_later();
      }
      edge::Http2Request request{.method = "GET", .path = "/v1/providers", .headers = self->headers()};
      self->others_.request(std::move(request), [self](edge::Http2Reply reply) {
        if (auto const providers = reply.status == 200 ? read_providers(reply.body) : std::nullopt) {
          self->take_providers(*providers);
          self->trouble_.clear();
        }
        if (reply.status == 401) self->token_ = {};
        self->learn_later();
      });
    });
  }

  void take_providers(std::vector<ServedProvider> const& providers) {
    providers_ = providers;
    for (auto const& one : providers)
      if (!has_credential(one.provider, one.environment)) known_providers_.push_back(one);
  }

  void learn_later() {
    if (closed_) return;
    providers_timer_.expires_after(trouble_.empty() ? providers_every : std::chrono::seconds{2});
    providers_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->learn_providers();
    });
  }

  asio::any_io_executor executor_;
  Clock const& clock_;
  RestPushSettings settings_;
  edge::HttpClient calls_;
  edge::HttpClient others_;
  asio::steady_timer providers_timer_;
  asio::steady_timer others_timer_;
  std::shared_ptr<PushNotices> notices_ = {};
  std::vector<ServedProvider> providers_ = {{Provider::apns, Environment::production},
                                            {Provider::apns, Environment::sandbox}};
  // It leaves out those whose key the provider refuses, so what it ever named stays; and it knows by itself what to
  // refuse.
  std::vector<ServedProvider> known_providers_ = providers_;
  Token token_ = {};
  Instant renew_at_ = {};
  std::vector<Then> waiting_ = {};
  std::unordered_map<PushId, JobPointer> jobs_ = {};  // that have no answer yet
  std::uint64_t requests_ = 0;
  WaitingPushes held_ = {};
  bool is_pausing_ = false;  // all but calls
  std::string trouble_ = {};
  std::string token_trouble_ = {};
  bool closed_ = false;
};

RestPush::RestPush(asio::any_io_executor executor, Clock const& clock, RestPushSettings settings)
    : core_(std::make_shared<Core>(std::move(executor), clock, std::move(settings))) {
  core_->start();
}

RestPush::~RestPush() {
  core_->close();
}

void RestPush::request(PushRequest request, Answer answer) {
  core_->request(std::move(request), std::move(answer));
}

void RestPush::take_back(PushId const& id) {
  core_->take_back(id);
}

void RestPush::acknowledge(PushId const& id) {
  core_->acknowledge(id);
}

bool RestPush::has_credential(Provider provider, Environment environment) const {
  return core_->has_credential(provider, environment);
}

bool RestPush::serves(Provider provider, Environment environment) const {
  return core_->serves(provider, environment);
}

std::string const& RestPush::trouble() const {
  return core_->trouble();
}

}  // namespace reveille::deliver
