// Two clients before the dispatcher of messages, on the virtual clock, with a disk that answers when it is told to.
#pragma once

#include "dispatch/census_check.hpp"
#include "dispatch/messages.hpp"
#include "store/memory/memory_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace reveille::dispatch::test {

using namespace xmpp;

constexpr auto instance = "11111111-2222-4333-8444-555555555555";

struct Steps final : model::TracePort {
  void begin(model::TraceHead) override {}
  void step(model::TraceStep step) override { all.push_back(std::move(step)); }
  std::vector<model::TraceStep> all = {};
};

struct Pushes final : model::PushPort {
  std::vector<model::PushRequest> requests = {};
  std::vector<std::string> acknowledged = {};
  std::vector<std::string> taken_back = {};
  std::vector<Answer> answers = {};
  void request(model::PushRequest request, Answer answer) override {
    requests.push_back(std::move(request));
    answers.push_back(std::move(answer));
  }
  void answer(std::size_t number, model::PushState state) {
    answers.at(number)({.id = requests.at(number).id, .state = state});
  }
  void take_back(model::PushId const& id) override { taken_back.push_back(id.value); }
  void acknowledge(model::PushId const& id) override { acknowledged.push_back(id.value); }
  [[nodiscard]] bool has_credential(model::Provider, model::Environment) const override { return true; }
  bool is_trusted = true;  // by the provider, with the key that there is
  [[nodiscard]] bool serves(model::Provider, model::Environment) const override { return is_trusted; }
};

// Every stream's other end: what it was sent.
struct Streams final : model::StreamPort {
  std::map<StreamHandle, std::vector<std::string>> said = {};
  std::map<StreamHandle, std::uint32_t> done = {};
  std::map<StreamHandle, Enabled> managed = {};
  // Peers that read when they are told to: what was written to them waits, as at the edge.
  bool are_slow = false;
  std::map<StreamHandle, std::size_t> queued = {};
  std::set<StreamHandle> want_room = {};
  std::size_t most_queued = 0;

  void bound(StreamHandle stream, std::string_view resource) override { say(stream, "bound " + std::string(resource)); }
  void refuse_bind(StreamHandle stream, StanzaError) override { say(stream, "refused"); }
  void enabled(StreamHandle stream, Enabled const& enabled) override {
    managed[stream] = enabled;
    say(stream, enabled.id);
  }
  void resumed(StreamHandle stream, ClientStream::Continuation const& state) override {
    say(stream, "resumed h=" + std::to_string(state.received));
  }
  void fail_management(StreamHandle stream, Failed const&) override { say(stream, "failed"); }
  void send(StreamHandle stream, std::string_view stanza) override {
    say(stream, std::string(stanza));
    if (are_slow) most_queued = std::max(most_queued, queued[stream] += stanza.size());
  }
  bool has_room(StreamHandle stream) override {
    if (queued[stream] <= std::size_t{256} * 1024) return true;
    want_room.insert(stream);
    return false;
  }
  void handled(StreamHandle stream, std::uint32_t count) override { done[stream] += count; }
  void close(StreamHandle stream, Element const& error) override { say(stream, to_xml(error, ns::client)); }
  void say(StreamHandle stream, std::string text) { said[stream].push_back(std::move(text)); }
};

// The house, with a disk that answers when the test says settle().
struct House {
  VirtualClock clock;
  SeededRandom random{5};
  model::Policy policy = {};
  Steps traces;
  Pushes pushes;
  std::deque<std::move_only_function<void()>> posted = {};
  store::MemoryStore store{[this](auto job) { posted.push_back(std::move(job)); }};
  Streams streams;
  std::unique_ptr<Shard> shard;
  std::unique_ptr<Registrations> registrations;
  std::unique_ptr<Messages> messages;
  std::uint32_t last_stream = 0;

  House() { start(); }

  void start() {
    posted.clear();  // what the disk answers to a process that has ended is heard by nobody
    messages.reset();
    registrations.reset();
    std::map<std::string, std::string> kept;
    if (shard)
      shard->directory.for_each([&](Entry& entry) { kept[entry.account().value] = entry.packed_registrations(); });
    shard = std::make_unique<Shard>(
        Shard{.clock = clock, .random = random, .policy = policy, .store = store, .traces = traces, .push = pushes});
    for (auto const* name : {"romeo@localhost", "juliet@localhost"}) {
      shard->directory.put(model::AccountId{name}, {});
      if (kept.contains(name) && !kept[name].empty())
        EXPECT_TRUE(shard->directory.put_packed_registrations(model::AccountId{name}, kept[name]));
    }
    shard->directory.for_each([this](Entry& entry) { shard->recount(entry); });
    registrations = std::make_unique<Registrations>(*shard);
    messages = std::make_unique<Messages>(*shard, *registrations, streams);
    EXPECT_TRUE(messages->load());
    settle();
    clock.advance(1us);  // nothing comes in the instant of the start
  }
  void settle() {
    if (posted.empty()) return;
    settle(std::numeric_limits<std::size_t>::max());
    expect_census_is_right(*shard);
  }
  // So many of the disk's answers.
  void settle(std::size_t most) {
    for (; most > 0 && !posted.empty(); --most) {
      auto job = std::move(posted.front());
      posted.pop_front();
      job();
    }
  }
  void pass(Duration time) {
    for (auto const end = clock.now() + time; clock.now() < end;) {
      clock.advance(100ms);
      shard->deadlines.run(clock.now());
      settle();
    }
  }
};

struct Phone {
  House& house;
  std::string user;
  StreamHandle stream = {};
  std::string resume_id = {};
  std::uint32_t received = 0;

  Phone(House& its_house, std::string name) : house(its_house), user(std::move(name)) { connect(); }
  void connect() { stream = {.slot = ++house.last_stream, .generation = 1}; }
  [[nodiscard]] std::string full() const { return user + "@localhost/phone"; }
  void say(std::string_view text) {
    auto stanza = parse_element(text);
    ASSERT_TRUE(stanza) << text;
    house.messages->on_stanza(stream, stanza->set("from", full()));
    house.settle();
  }
  void sign_in(Resumption resume = Resumption::yes) {
    house.messages->on_bind_requested(stream, model::AccountId{user + "@localhost"}, "phone");
    house.settle();
    house.messages->on_enable_requested(stream, resume);
    house.settle();
    resume_id = heard().back();
    say("<presence><status>here</status></presence>");
  }
  void enable_push(std::string_view os = "18.0", std::string_view channels = "split",
                   std::string_view services = "call,im") {
    auto const field = [](std::string_view name, std::string_view value) {
      return "<field var='" + std::string(name) + "'><value>" + std::string(value) + "</value></field>";
    };
    say("<iq type='set' id='p'><enable xmlns='urn:xmpp:push:0' jid='push.localhost' node='" + std::string(instance) +
        "'><x xmlns='jabber:x:data' type='submit'>" + field("app", "org.example.app") + field("platform", "ios") +
        field("os_version", os) + field("provider", "apns") + field("channels", channels) + field("team", "TEAM") +
        field("token_voip", "voip-token-000000") + field("token_message", "message-token-000") +
        field("services", services) + field("away_in_background", "true") + "</x></enable></iq>");
  }
  void resume() {
    connect();
    house.messages->on_resume_requested(stream, model::AccountId{user + "@localhost"}, resume_id, received);
    house.settle();
  }
  // What it was sent on this stream, and counts it; keeps only what holds `part`.
  std::vector<std::string> heard(std::string_view part = {}) {
    std::vector<std::string> matching;
    for (auto& text : std::exchange(house.streams.said[stream], {})) {
      if (text.starts_with("<message") || text.starts_with("<iq") || text.starts_with("<presence")) ++received;
      if (text.find(part) != std::string::npos) matching.push_back(std::move(text));
    }
    return matching;
  }
  void lose() {
    house.messages->on_ended(stream, StreamEnd::lost);
    house.settle();
  }
  // Reads everything, however long it takes.
  void read() {
    while (house.streams.want_room.erase(stream) > 0) {
      house.streams.queued[stream] = 0;
      house.messages->on_room(stream);
      house.settle();
    }
    house.streams.queued[stream] = 0;
  }
  void acknowledge() { house.messages->on_acknowledged(stream, received); }
};

struct Two : testing::Test {
  House house;
  Phone romeo{house, "romeo"};
  Phone juliet{house, "juliet"};

  void SetUp() override {
    romeo.sign_in();
    juliet.sign_in();
  }
  void befriend() {
    romeo.say("<presence type='subscribe' to='juliet@localhost'/>");
    juliet.say("<presence type='subscribed' to='romeo@localhost'/>");
  }
  void romeo_writes(std::string const& text, std::string_view more = {}) {
    romeo.say("<message to='juliet@localhost' type='chat' id='" + text + "'><body>" + text + "</body>" +
              std::string(more) + "</message>");
  }
  // Juliet binds anew, with stream management and without presence.
  void bind_anew() {
    house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
    house.settle();
    juliet.connect();
    juliet.received = 0;
    house.messages->on_bind_requested(juliet.stream, model::AccountId{"juliet@localhost"}, "phone");
    house.settle();
    house.messages->on_enable_requested(juliet.stream, Resumption::yes);
    house.settle();
    juliet.resume_id = juliet.heard().back();
  }
  // The process ends as if killed; romeo is back.
  void restart() {
    romeo.lose();
    house.start();
    romeo.resume();
  }
};

// Where what is written may name a resource, wait for the disk, or be of another conversation.
struct TwoAndADesk : Two {
  std::string got = {};  // the bodies, in order

  void take(Phone& phone) {
    for (auto const& text : phone.heard())
      for (auto at = text.find("<body>"); at != std::string::npos; at = text.find("<body>", at + 1))
        got += text.substr(at + 6, text.find("</body>", at) - at - 6);
  }
  // Before the disk answers.
  void begin(Phone& phone, std::string_view text) {
    auto stanza = parse_element(text);
    house.messages->on_stanza(phone.stream, stanza->set("from", phone.full()));
  }
  void named(std::string const& body, std::size_t bytes = 0, std::string const& more = {}) {
    begin(romeo, "<message to='juliet@localhost/phone' type='chat' id='" + body + "'><body>" + body +
                     "</body><x xmlns='u'>" + std::string(bytes, 'x') + "</x>" + more + "</message>");
  }
  // Her own other resource, which writes to her.
  Phone desk() {
    Phone other{house, "juliet"};
    house.messages->on_bind_requested(other.stream, model::AccountId{"juliet@localhost"}, "desk");
    house.settle();
    return other;
  }
  void desk_writes(Phone& other, std::string const& body) {
    auto stanza = parse_element("<message to='juliet@localhost' type='chat'><body>" + body + "</body></message>");
    house.messages->on_stanza(other.stream, stanza->set("from", "juliet@localhost/desk"));
    house.settle();
  }
};

}  // namespace reveille::dispatch::test
