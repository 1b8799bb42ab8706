// Random lives of one client: its line is lost, the process is killed, the disk and the client are slow, its presence
// and its app change. B-IM-1: each message once, in order. B-IM-2: a push for what was not seen, and for nothing else.
#include "dispatch/house_test.hpp"

#include <random>

namespace reveille::dispatch::test {
namespace {

constexpr unsigned lives = 300;

struct RandomLife : Two {
  std::mt19937 dice = {};
  std::string log = {};  // what was done, for who looks for the fault
  int number = 0;        // of what was written last

  unsigned roll(unsigned sides) { return static_cast<unsigned>(dice() % sides); }
  bool chance(unsigned sides) { return roll(sides) == 0; }
  // Before the disk answers.
  void begin(Phone& phone, std::string_view text) {
    auto stanza = parse_element(text);
    house.messages->on_stanza(phone.stream, stanza->set("from", phone.full()));
  }
  void bind(Phone& phone) {
    phone.connect();
    house.messages->on_bind_requested(phone.stream, model::AccountId{phone.user + "@localhost"}, "phone");
  }
  void come_back() {
    juliet.connect();
    house.messages->on_resume_requested(juliet.stream, model::AccountId{"juliet@localhost"}, juliet.resume_id,
                                        juliet.received);
  }
  // So many of what is under way to her; `take` gets each.
  template <class Take>
  void hear(std::size_t most, Take take) {
    auto& said = house.streams.said[juliet.stream];
    for (; most > 0 && !said.empty(); --most) {
      auto const text = std::move(said.front());
      said.erase(said.begin());
      if (text.starts_with("<message") || text.starts_with("<iq") || text.starts_with("<presence")) ++juliet.received;
      take(text);
    }
  }
  static std::string between(std::string const& text, std::string_view from, std::string_view to) {
    auto const at = text.find(from);
    if (at == std::string::npos) return {};
    auto const begins = at + from.size();
    return text.substr(begins, text.find(to, begins) - begins);
  }
  // The rest is lost on its way.
  void lose_what_is_under_way() { house.streams.said[juliet.stream].clear(); }
};

struct RandomDelivery : RandomLife {
  std::vector<std::string> written = {};
  std::vector<std::string> got = {};
  std::map<std::string, int> invited = {};
  std::map<std::string, int> invitations = {};
  bool is_over = false;  // the session could not be resumed

  void hear_some(std::size_t most) {
    hear(most, [this](std::string const& text) {
      if (auto body = between(text, "<body>", "</body>"); !body.empty()) got.push_back(std::move(body));
      if (auto id = between(text, " id='inv", "'"); !id.empty()) ++invitations[id];
      if (text == "failed") is_over = true;
    });
  }
  bool is_closed() {
    return std::ranges::any_of(house.streams.said[juliet.stream],
                               [](auto const& text) { return text.contains("stream:error"); });
  }
  void end(StreamEnd why) {
    hear_some(roll(6));
    lose_what_is_under_way();
    house.messages->on_ended(juliet.stream, why);
  }
  void read() {
    house.streams.queued[juliet.stream] = 0;
    if (house.streams.want_room.erase(juliet.stream) > 0) house.messages->on_room(juliet.stream);
  }
  void write() {
    auto const body = "m" + std::to_string(++number);
    auto const bytes = chance(3) ? 90'000U : chance(3) ? 20'000U : 10U;
    std::string const to = chance(3) ? "/phone" : chance(8) ? "/elsewhere" : "";
    written.push_back(body);
    log += body + to + " ";
    begin(romeo, "<message to='juliet@localhost" + to + "' type='chat' id='" + body + "'><body>" + body +
                     "</body><x xmlns='u'>" + std::string(bytes, 'x') + "</x></message>");
  }
  // Is not archived.
  void invite() {
    auto const id = std::to_string(++number);
    invited[id] = 1;
    log += "inv" + id + " ";
    begin(romeo, "<message to='juliet@localhost/phone' id='inv" + id + "'><x xmlns='jabber:x:conference' jid='h@r'>" +
                     std::string(chance(3) ? 90'000U : 10U, 'x') + "</x></message>");
  }
  void change_presence() {
    auto const what = roll(3);
    log += what == 0 ? "available " : what == 1 ? "unavailable " : "negative ";
    begin(juliet, what == 0   ? "<presence/>"
                  : what == 1 ? "<presence type='unavailable'/>"
                              : "<presence><priority>-1</priority></presence>");
  }
  void kill() {
    log += "kill ";
    hear_some(roll(6));
    lose_what_is_under_way();
    house.posted.clear();
    house.start();
    bind(romeo);
    come_back();
  }
  void lose() {
    log += "lose ";
    hear_some(roll(6));
    lose_what_is_under_way();
    // Else the client is back before the server knows.
    if (!chance(3)) house.messages->on_ended(juliet.stream, StreamEnd::lost);
    if (chance(2)) house.settle(roll(5));
    come_back();
  }
  void step() {
    if (is_closed()) {
      end(StreamEnd::closed_by_us);
      return come_back();
    }
    switch (roll(13)) {
      case 0:
      case 1:
      case 2: return write();
      case 3: return invite();
      case 4: return house.settle(roll(4));
      case 5: return house.settle();
      case 6: return read();
      case 7: return hear_some(roll(6));
      case 8: hear_some(roll(6)); return juliet.acknowledge();
      case 9: return lose();
      case 10:
        return house.messages->on_client_state(juliet.stream, chance(2) ? ClientState::inactive : ClientState::active);
      case 11: return chance(4) ? kill() : house.settle(1);
      default: return house.pass(Duration{100ms} * roll(30));
    }
  }
  void begin_life(unsigned seed) {
    dice.seed(seed);
    house.streams.are_slow = false;
    for (auto* phone : {&juliet, &romeo}) house.messages->on_ended(phone->stream, StreamEnd::closed_by_peer);
    house.settle();
    for (auto* phone : {&juliet, &romeo}) phone->connect();
    juliet.received = 0;
    romeo.sign_in(Resumption::no);
    juliet.sign_in();
    if (chance(2)) juliet.enable_push();
    house.streams.are_slow = !chance(3);
    written.clear();
    got.clear();
    invited.clear();
    invitations.clear();
    log.clear();
    is_over = false;
  }
  void end_life() {
    house.settle();
    if (is_closed()) {
      end(StreamEnd::closed_by_us);
      come_back();
    }
    begin(juliet, "<presence/>");
    for (int i = 0; i < 100; ++i) {
      house.settle();
      read();
      house.settle();
      hear_some(10'000);
      juliet.acknowledge();
    }
  }
};

TEST_F(RandomDelivery, B_IM_1_EachOnceInOrderWhateverHappens) {
  unsigned compared = 0;
  for (unsigned seed = 1; seed <= lives && !HasFailure(); ++seed) {
    begin_life(seed);
    bool const with_presence = chance(2);
    for (auto steps = 10 + roll(60); steps > 0 && !is_over; --steps) {
      if (with_presence && chance(6)) change_presence();
      step();
    }
    if (!is_over) end_life();
    if (is_over) continue;
    ++compared;
    // What names a resource comes before what waits for its presence.
    if (with_presence) {
      std::ranges::sort(got);
      std::ranges::sort(written);
    }
    EXPECT_EQ(got, written) << seed << ": " << log;
    EXPECT_EQ(invitations, invited) << seed << ": " << log;
  }
  EXPECT_GT(compared, lives / 2);
}

struct RandomPushes : RandomLife {
  struct Written {
    std::string peer = {};
    bool heard = false;
    bool acknowledged = false;
    bool seen_at_once = false;  // the app was on screen when it came
    std::uint64_t row = 0;
  };
  enum class App : std::uint8_t { foreground, background, away };

  Phone nurse{house, "nurse"};
  std::map<std::string, Written> all = {};
  App app = App::foreground;
  std::size_t judged = 0;  // requests

  void hear_some(std::size_t most) {
    hear(most, [this](std::string const& text) {
      if (auto const body = between(text, "<body>", "</body>"); !body.empty()) all[body].heard = true;
    });
  }
  void note_acknowledged() {
    for (auto& [body, one] : all) one.acknowledged |= one.heard;
  }
  void learn_rows() {
    house.store.fetch_archive({.account = "juliet@localhost", .direction = store::Direction::incoming, .most = 100'000},
                              [this](Result<store::ArchivePage> page) {
                                for (auto const& message : page->messages)
                                  if (auto const at = all.find(between(message.stanza, "<body>", "</body>"));
                                      at != all.end())
                                    at->second.row = message.row;
                              });
    house.settle();
  }
  static std::uint64_t row_of(model::PushRequest const& request) {
    return std::stoull(between(request.payload, R"("archive_id":")", "\"").substr(0, 16), nullptr, 16);
  }
  void judge_requests() {
    if (judged == house.pushes.requests.size()) return;
    learn_rows();
    for (; judged < house.pushes.requests.size(); ++judged) {
      auto const row = row_of(house.pushes.requests[judged]);
      for (auto const& [body, one] : all)
        EXPECT_FALSE(one.row == row && one.acknowledged && one.seen_at_once) << body << " was seen: " << log;
      EXPECT_NE(app, App::foreground) << log;
      if (chance(2))
        house.pushes.answer(judged, chance(4) ? model::PushState::refused : model::PushState::accepted_by_provider);
    }
  }
  void pass(unsigned tenths) {
    for (; tenths > 0; --tenths) {
      house.pass(100ms);
      judge_requests();
    }
  }
  void write() {
    auto& writer = chance(2) ? nurse : romeo;
    auto const body = "m" + std::to_string(++number);
    log += body + " by " + writer.user + " ";
    all[body] = {.peer = writer.user, .seen_at_once = app == App::foreground};
    begin(writer, "<message to='juliet@localhost' type='chat' id='" + body + "'><body>" + body + "</body></message>");
    if (chance(2)) house.settle();
  }
  void lose() {
    log += "lose ";
    house.settle();
    hear_some(roll(4));
    lose_what_is_under_way();
    house.messages->on_ended(juliet.stream, chance(3) ? StreamEnd::overdue : StreamEnd::lost);
    house.settle();
    app = App::away;
  }
  void resume() {
    log += "resume ";
    come_back();
    note_acknowledged();
    house.settle();
    app = App::foreground;
  }
  void kill() {
    log += "kill ";
    hear_some(roll(4));
    lose_what_is_under_way();
    house.settle();
    begin_process();
    app = App::away;
  }
  void begin_process() {
    house.posted.clear();
    house.start();
    house.shard->directory.put(model::AccountId{"nurse@localhost"}, {});
    for (auto* phone : {&romeo, &nurse}) bind(*phone);
    house.settle();
  }
  void go_to(App other) {
    log += other == App::foreground ? "foreground " : "background ";
    app = other;
    house.messages->on_mode(juliet.stream, other == App::foreground ? AppMode::foreground : AppMode::background);
  }
  void step() {
    bool const is_live = app != App::away;
    switch (roll(11)) {
      case 0:
      case 1:
      case 2: write(); break;
      case 3: house.settle(); break;
      case 4:
      case 5:
        if (!is_live) break;
        hear_some(roll(6));
        juliet.acknowledge();
        note_acknowledged();
        break;
      case 6:
        if (is_live) hear_some(roll(3));
        break;
      case 7: is_live ? lose() : resume(); break;
      case 8:
        if (is_live) go_to(chance(2) ? App::foreground : App::background);
        break;
      case 9:
        if (chance(4)) kill();
        break;
      default: pass(roll(30));
    }
    judge_requests();
  }
  void begin_life(unsigned seed) {
    dice.seed(seed);
    house.messages->on_ended(juliet.stream, StreamEnd::closed_by_peer);
    house.pass(30s);
    house.store.commit({store::Erase{store::Table::inboxes, "juliet@localhost"}}, store::Urgency::soon, [](auto) {});
    house.settle();
    begin_process();
    house.pass(30s);
    house.pushes.requests.clear();
    house.pushes.answers.clear();
    judged = 0;
    juliet.connect();
    juliet.received = 0;
    juliet.sign_in();
    juliet.enable_push();
    // It says itself what has been read, so that what it has acknowledged still counts.
    juliet.say(
        "<message to='romeo@localhost' type='chat'><received xmlns='urn:xmpp:chat-markers:0' id='x'/></message>");
    juliet.heard();
    juliet.acknowledge();
    house.settle();
    all.clear();
    log.clear();
    app = App::foreground;
  }
  // By itself, or with a newer one of its conversation.
  [[nodiscard]] bool is_pushed(Written const& one) const {
    return std::ranges::any_of(house.pushes.requests, [&](auto const& request) {
      auto const row = row_of(request);
      return row >= one.row && std::ranges::any_of(all, [&](auto const& other) {
               return other.second.row == row && other.second.peer == one.peer;
             });
    });
  }
};

TEST_F(RandomPushes, B_IM_2_APushForWhatWasNotSeenAndForNothingElse) {
  unsigned pushed = 0;
  for (unsigned seed = 1; seed <= lives && !HasFailure(); ++seed) {
    begin_life(seed);
    for (auto steps = 5 + roll(25); steps > 0; --steps) step();
    if (app != App::away) lose();
    pass(400);
    learn_rows();
    for (auto const& [body, one] : all)
      EXPECT_TRUE(one.heard || one.row == 0 || is_pushed(one)) << body << " in " << seed << ": " << log;
    pushed += static_cast<unsigned>(house.pushes.requests.size());
  }
  EXPECT_GT(pushed, lives);
}

}  // namespace
}  // namespace reveille::dispatch::test
