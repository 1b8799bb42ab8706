// PushQueueTest: a push queue whose tenant, disk, provider and clock are played by the test.
#pragma once

#include "dispatch/push/queue.hpp"
#include "store/memory/memory_store.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <deque>
#include <map>

namespace reveille::dispatch::queue_test {

using namespace model;
using Answered = std::optional<Result<NotificationView, PushRefusal>>;

// What would be written into traces, by tracking id.
class Traces final : public TracePort {
 public:
  void begin(TraceHead head) override { begun.push_back(head.tracking); }
  void step(TraceStep step) override { steps[step.tracking].push_back(step.milestone); }

  std::vector<TrackingId> begun = {};
  std::map<TrackingId, std::vector<Milestone>> steps = {};
};

// Apple, played by the test: what was sent waits here for its answer.
struct Provider {
  struct Sending {
    PushRequest request = {};
    PushProvider::Done done = {};
  };
  std::deque<Sending> sent = {};
  std::size_t sendings = 0;  // of all processes
  std::optional<PushRefusal> unfit = {};
  std::string trouble = {};
  std::size_t room = 1000;                            // 0: no connection
  std::vector<std::function<void()>> when_room = {};  // of each team
  std::deque<Sending> held = {};                      // given, but for want of a connection not sent
  bool answers_at_its_end = false;

  class Sender final : public PushProvider {
   public:
    explicit Sender(Provider& provider) : provider_(provider) {}
    ~Sender() override {
      if (!provider_.answers_at_its_end) return;
      for (auto& sending : std::exchange(provider_.sent, {})) sending.done({.verdict = ProviderVerdict::fate_unknown});
    }
    void send(PushRequest const& request, Instant, Done done) override {
      ++provider_.sendings;
      (provider_.room > 0 ? provider_.sent : provider_.held).push_back({request, std::move(done)});
    }
    [[nodiscard]] std::size_t room() const override { return provider_.room; }
    void when_room(std::function<void()> told) override { provider_.when_room.push_back(std::move(told)); }
    void close() override {
      provider_.room = 0;
      for (auto& sending : std::exchange(provider_.held, {}))
        sending.done({.verdict = ProviderVerdict::not_processed, .reason = "the sender was closed"});
    }
    [[nodiscard]] std::optional<PushRefusal> unfit(PushRequest const&) const override { return provider_.unfit; }
    [[nodiscard]] std::string trouble() const override { return provider_.trouble; }

   private:
    Provider& provider_;
  };
};

class PushQueueTest : public testing::Test {
 protected:
  PushQueueTest() {
    spdlog::set_level(spdlog::level::off);
    start();
  }

  // A process; a second one stands for the restart after a kill: what was under way at the provider is forgotten.
  void start() {
    apple = {.sendings = apple.sendings, .trouble = apple.trouble, .room = apple.room};
    posted.clear();
    deadlines = std::make_unique<Deadlines>();
    std::vector<PushCredential> credentials;
    for (auto const* team : teams) {
      PushCredential credential{.name = team, .team = team, .tenants = tenants, .most_under_way = 20};
      credential.sender = std::make_unique<Provider::Sender>(apple);
      credentials.push_back(std::move(credential));
    }
    queue = std::make_unique<PushQueue>(clock, random, store, *deadlines, traces, std::move(credentials), limits);
    ASSERT_TRUE(queue->load());
    run();
  }
  // Runs what is due or posted, until nothing is.
  void run() {
    for (;;) {
      deadlines->run(clock.now());
      if (posted.empty() && (!deadlines->next() || *deadlines->next() > clock.now())) return;
      auto jobs = std::exchange(posted, {});
      for (auto& job : jobs) job();
    }
  }
  void advance(Duration by) {
    auto const end = clock.now() + by;
    while (deadlines->next() && *deadlines->next() <= end) {
      clock.set(std::max(clock.now(), *deadlines->next()));
      run();
    }
    clock.set(end);
    run();
  }

  Notification a_call(std::string id, std::string tenant = "romeo's server", std::string team = "TEAM000001") {
    return {.tenant = TenantId{std::move(tenant)},
            .request = {.id = PushId{std::move(id)},
                        .target = {.provider = model::Provider::apns,
                                   .token = std::string(64, 'a'),
                                   .topic = "app.voip",
                                   .team = std::move(team)},
                        .push_class = PushClass::call,
                        .channel = ChannelName::voip,
                        .expires_at = clock.now() + 13s,
                        .payload = "{}"},
            .fingerprint = "body"};
  }
  Notification a_message(std::string id, std::string tenant = "romeo's server", std::string team = "TEAM000001") {
    auto notification = a_call(std::move(id), std::move(tenant), std::move(team));
    notification.request.push_class = PushClass::message;
    notification.request.channel = ChannelName::message;
    notification.request.expires_at = clock.now() + 24h;
    return notification;
  }
  // What the tenant hears, at once or later.
  std::shared_ptr<Answered> ask(Notification notification, Duration wait = {}) {
    auto heard = std::make_shared<Answered>();
    queue->request(std::move(notification), wait == Duration{} ? WaitUntil{} : WaitUntil{clock.now() + wait},
                   hear(heard));
    EXPECT_FALSE(*heard) << "answered from inside the call";
    return heard;
  }
  std::shared_ptr<Answered> ask_and_run(Notification notification, Duration wait = {}) {
    auto heard = ask(std::move(notification), wait);
    run();
    return heard;
  }
  PushServicePort::Answer<NotificationView> hear(std::shared_ptr<Answered> const& heard) {
    return [heard](auto answer) {
      EXPECT_FALSE(*heard) << "answered twice";
      *heard = std::move(answer);
    };
  }
  NotificationView fate(std::string id, std::string tenant = "romeo's server") {
    auto const heard = std::make_shared<Answered>();
    queue->find(TenantId{std::move(tenant)}, PushId{std::move(id)}, {}, hear(heard));
    run();
    return heard->has_value() && heard->value() ? heard->value().value() : NotificationView{};
  }
  PushState state(std::string id) { return fate(std::move(id)).receipt.state; }
  std::vector<Milestone> milestones(std::string id) {
    std::vector<Milestone> names;
    for (auto const& milestone : fate(std::move(id)).milestones) names.push_back(milestone.name);
    return names;
  }
  // Apple cannot be reached, or can be again.
  void lose_connection() {
    apple.room = 0;
    apple.trouble = "connection refused";
  }
  void connect() {
    apple.room = 1000;
    apple.trouble.clear();
    for (auto const& told : apple.when_room) told();
    run();
  }
  void apple_says(ProviderVerdict verdict, unsigned status = 0, std::string reason = {}) {
    ASSERT_FALSE(apple.sent.empty());
    auto sending = std::move(apple.sent.front());
    apple.sent.pop_front();
    sending.done({.verdict = verdict, .status = status, .reason = std::move(reason)});
    run();
  }
  std::shared_ptr<Answered> take_back(std::string id) {
    auto const heard = std::make_shared<Answered>();
    queue->take_back(TenantId{"romeo's server"}, PushId{std::move(id)}, hear(heard));
    run();
    return heard;
  }
  std::shared_ptr<Answered> acknowledge(ClientReceipt const& receipt) {
    auto const heard = std::make_shared<Answered>();
    queue->acknowledge(TenantId{"romeo's server"}, receipt, hear(heard));
    run();
    return heard;
  }

  VirtualClock clock;
  SeededRandom random;
  Traces traces;
  PushQueue::Limits limits = {};
  std::vector<std::string> tenants = {};
  std::vector<char const*> teams = {"TEAM000001", "TEAM000002"};
  std::deque<std::move_only_function<void()>> posted;
  store::MemoryStore store{[this](auto job) { posted.push_back(std::move(job)); }};
  std::unique_ptr<Deadlines> deadlines;
  Provider apple;
  std::unique_ptr<PushQueue> queue;
};

}  // namespace reveille::dispatch::queue_test
