// Every answer of the provider, with the process killed between any two steps of the conversation, and the call taken
// back between any two (B-CALL-4, B-PUSH-3).
#include "decide/wake/push_consequence.hpp"
#include "dispatch/push/queue_test.hpp"

namespace reveille::dispatch::queue_test {
namespace {

enum class Step { ask, disk, answer, wait };
// With two further tries, where there are any.
constexpr std::array conversation{Step::ask,  Step::disk,   Step::answer, Step::disk, Step::wait,   Step::answer,
                                  Step::disk, Step::answer, Step::disk,   Step::wait, Step::answer, Step::disk};

class KilledPush : public PushQueueTest {
 protected:
  void perform(Step step, std::string const& id, ProviderVerdict verdict) {
    switch (step) {
      case Step::ask: ask(a_call(id)); break;
      case Step::disk: run(); break;
      case Step::wait: advance(100ms); break;
      case Step::answer: answer(verdict); break;
    }
  }
  // What comes of it is still to be written.
  void answer(ProviderVerdict verdict) {
    if (apple.sent.empty()) return;
    auto sending = std::move(apple.sent.front());
    apple.sent.pop_front();
    sending.done({.verdict = verdict});
  }
  std::shared_ptr<Answered> begin_to_take_back(std::string const& id) {
    auto heard = std::make_shared<Answered>();
    queue->take_back(TenantId{"romeo's server"}, PushId{id}, hear(heard));
    return heard;
  }
  void go_on_to_the_end(ProviderVerdict verdict) {
    for (int second = 0; second < 15; ++second) {
      while (!apple.sent.empty()) apple_says(verdict);
      advance(1s);
    }
  }
  // Positions beyond the conversation's end: not at all.
  void hold(std::string const& id, ProviderVerdict verdict, std::size_t killed_before, std::size_t taken_back_before) {
    SCOPED_TRACE(id);
    auto const before = apple.sendings;
    std::shared_ptr<Answered> told;
    std::optional<std::size_t> sent_when_told;
    for (std::size_t i = 0; i < conversation.size(); ++i) {
      if (i == killed_before) start();
      if (i == taken_back_before) told = begin_to_take_back(id);
      perform(conversation.at(i), id, verdict);
      if (!sent_when_told && told && *told && told->value()) sent_when_told = apple.sendings;
    }
    go_on_to_the_end(verdict);
    EXPECT_TRUE(is_end(state(id)));
    EXPECT_EQ(queue->open(), 0U);
    auto const act = decide::consequence_of(verdict, PushClass::call).act;
    if (act != decide::Act::try_again) EXPECT_LE(apple.sendings - before, 2U);
    if (sent_when_told) EXPECT_EQ(apple.sendings, *sent_when_told) << "sent after it was taken back";
  }
};

TEST_F(KilledPush, B_PUSH_3_KilledAnywhereItEndsOnce) {
  for (int verdict = 0; verdict <= static_cast<int>(last_provider_verdict); ++verdict)
    for (std::size_t kill = 1; kill <= conversation.size(); ++kill)
      for (std::size_t withdrawal = 1; withdrawal <= conversation.size(); ++withdrawal)
        hold(fmt::format("{}-{}-{}", verdict, kill, withdrawal), static_cast<ProviderVerdict>(verdict), kill,
             withdrawal);
}

}  // namespace
}  // namespace reveille::dispatch::queue_test
