// Messages: the dispatcher of XMPP: sessions, roster, presence, messages, the archive, and pushes for sleeping devices.
//
// What:     each event of a stream is one Turn: decide says what is to be done, everything that must survive is one
//           batch, and what leaves (stanzas, acknowledgements) leaves when the batch is on disk (B-IM-1), in the order
//           of the turns.
// Lifetime: as long as the shard. Threads: the shard's.
// Errors:   a batch that cannot be written ends the streams that it concerns: their clients come back and catch up.
// Source:   RFC 6120, RFC 6121; XEP-0198, 0313, 0352, 0357.
#pragma once

#include "decide/xmpp/archive.hpp"
#include "decide/xmpp/owed.hpp"
#include "decide/xmpp/stored_stanza.hpp"
#include "dispatch/im_runtime.hpp"
#include "dispatch/registrations.hpp"
#include "dispatch/shard.hpp"
#include "model/message.hpp"
#include "model/stream.hpp"

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace reveille::dispatch {

class Messages final : public model::StreamSink {
 public:
  Messages(Shard& shard, Registrations& registrations, model::StreamPort& port);

  // What is on disk: rosters, suspended sessions, the archive's key. Before the first commit.
  [[nodiscard]] Result<void> load();
  // The process ends: there will be no new streams, and those that there are end soon.
  void stop();

  void on_bind_requested(StreamHandle stream, model::AccountId const& account, std::string const& resource) override;
  void on_resume_requested(StreamHandle stream, model::AccountId const& account, std::string const& previous,
                           std::uint32_t h) override;
  void on_enable_requested(StreamHandle stream, xmpp::Resumption resume) override;
  void on_stanza(StreamHandle stream, xmpp::Element stanza) override;
  void on_acknowledged(StreamHandle stream, std::uint32_t h) override;
  void on_client_state(StreamHandle stream, xmpp::ClientState state) override;
  void on_mode(StreamHandle stream, xmpp::AppMode mode) override;
  void on_room(StreamHandle stream) override;
  void on_ended(StreamHandle stream, xmpp::StreamEnd why) override;

  // The device's session, if there is one.
  [[nodiscard]] std::optional<SessionView> session_of(Entry const& entry, model::InstanceId const& instance) const;
  [[nodiscard]] std::size_t streams() const { return streams_.size(); }

 private:
  using Act = std::move_only_function<void()>;
  struct Seat {
    model::AccountId account = {};
    std::string resource = {};
  };
  using SessionName = std::pair<std::string, std::string>;  // account, resource
  struct NotedRow {
    model::AccountId account = {};
    model::InstanceId instance = {};
    std::uint64_t row = 0;
  };
  // What is to be taken back when the batch could not be written.
  struct Tentative {
    // What was given to streams that are counted, and whose sessions are not on disk.
    std::vector<std::pair<StreamHandle, xmpp::StanzaReference>> numbered = {};
    std::vector<NotedRow> pushes = {};
  };
  // One event, from its decision to what leaves.
  struct Turn {
    store::Batch batch = {};
    std::vector<Act> acts = {};
    std::set<SessionName> dirty = {};
    std::set<std::string> rosters = {};
    std::set<std::string> inboxes = {};
    std::vector<Registrations::Change> devices = {};
    std::deque<xmpp::Element> routes = {};
    Tentative tentative = {};
    Act otherwise = {};  // in place of the acts, when the batch could not be written
  };
  struct Waiting {
    bool ready = false;
    std::vector<Act> acts = {};
    Act otherwise = {};
    std::set<SessionName> dirty = {};
    std::vector<Registrations::Change> devices = {};
    Tentative tentative = {};
  };
  struct Burst {
    std::uint64_t row = 0;
    model::MessageTraits traits = {};
    bool found_at_start = false;  // it may have been read in the meantime
  };
  // What a device may have missed, with when it may be pushed for it.
  struct Unseen {
    model::InstanceId instance = {};
    decide::Seen seen = {};
    Instant earliest = {};
  };
  // A page of the archive on its way to who asked for it.
  struct ArchiveReading {
    xmpp::Element iq = {};
    decide::ArchivePageWish wish = {};
    store::ArchiveQuery query = {};  // what is read next
    std::vector<decide::ArchiveRow> rows = {};
    std::size_t bytes = 0;  // of their stanzas
  };
  static constexpr std::size_t most_unacknowledged = 1'000;
  // A whole page of the archive's answers, and what may be under way before it.
  static constexpr std::size_t most_unacknowledged_bytes = std::size_t{1} << 20U;
  static constexpr std::size_t most_not_saved = 1'000;
  using BurstKey = std::tuple<std::string, std::string, std::string>;  // account, instance, peer

  // messages.cpp
  void begin_run();
  void note_clean_stop();
  [[nodiscard]] Entry* entry_of(StreamHandle stream);
  [[nodiscard]] decide::ImSession* session_of(StreamHandle stream);
  [[nodiscard]] decide::ImContext context_of(Entry const& entry) const;
  [[nodiscard]] Act refusal_without_room(StreamHandle stream, xmpp::Element const& stanza);
  void finish(Turn turn);
  void run_ready();
  void save_dirty(Turn& turn);
  void on_commit(Waiting& waiting, Result<void> const& result);
  void give_up(Waiting& waiting);

  // xmpp_routes.cpp
  void take(Turn& turn, Entry& entry, decide::ImEffects effects);
  void run_routes(Turn& turn);
  void give_back(Turn& turn, Entry& entry, decide::ImSession const& session);
  void route(Turn& turn, xmpp::Element stanza);
  void refuse(Turn& turn, xmpp::Element const& stanza, xmpp::StanzaError condition);
  void route_message(Turn& turn, xmpp::Element message, Entry& entry, xmpp::Jid const& to);
  void keep_message(Turn& turn, xmpp::Element const& message, xmpp::Jid const& from, xmpp::Jid const& to,
                    store::ArchiveMessage kept);
  void deliver(Turn& turn, Entry& entry, decide::ImDelivery delivery);
  static void note_held(Turn& turn, Entry const& entry, decide::ImSession const& session, xmpp::Element const& held);
  void emit(Turn& turn, Entry& entry, decide::ImSession& session, xmpp::Element stanza, std::uint64_t row);
  void emit(Turn& turn, Entry& entry, decide::ImSession& session, std::string text, std::uint64_t row);
  void close_later(Turn& turn, StreamHandle stream);
  void change_device(Turn& turn, Entry& entry, decide::DeviceRequest const& request);
  void enable_push(Turn& turn, Entry& entry, decide::DeviceRequest const& request);
  void disable_push(Turn& turn, Entry& entry, model::InstanceId const& only);
  void note_mode(Entry& entry, model::DeviceUpdate const& update);

  // xmpp_sessions.cpp
  void end_stream(StreamHandle stream, xmpp::StreamEnd why);
  void number_what_waits(StreamHandle stream);
  void drop_session(Turn& turn, Entry& entry, std::string const& resource);
  void replace(Turn& turn, Entry& entry, std::string const& resource);
  void suspend(Entry& entry, decide::ImSession& session);
  [[nodiscard]] std::optional<decide::Seen> may_have_missed(Entry& entry, decide::ImSession const& session);
  [[nodiscard]] Instant push_after_end(Entry& entry, decide::ImSession const& session, xmpp::StreamEnd why);
  void refresh_shown(Turn& turn, Entry& entry);
  void refresh_later(model::AccountId const& account, Instant at);

  // xmpp_catch_up.cpp
  [[nodiscard]] static bool has_room_for(decide::ImSession const& session, std::string_view text);
  [[nodiscard]] CatchUp* behind_of(StreamHandle stream);
  void write(StreamHandle stream, xmpp::StanzaReference reference, std::string text);
  void go_on(StreamHandle stream);
  void send_again(StreamHandle stream);
  void sent_again(StreamHandle stream, std::size_t part, store::ArchivePage const& found);
  [[nodiscard]] std::string text_again(Entry const& entry, decide::ImSession const& session, CatchUp::Again next,
                                       store::ArchivePage const& found) const;
  void catch_up(StreamHandle stream);
  void catch_up_found(StreamHandle stream, decide::Share share, store::ArchivePage const& page);
  void end_part(StreamHandle stream);
  void has_caught_up(Turn& turn, Entry& entry, decide::ImSession& session);
  void emit_late(Turn& turn, Entry& entry, decide::ImSession& session, std::string text);
  [[nodiscard]] static bool keep_late(Turn& turn, Entry const& entry, decide::ImSession& session, std::string text);
  void deliver_late(Turn& turn, Entry& entry, decide::ImSession& session, xmpp::Element stanza);
  void ask_archive(Turn& turn, Entry& entry, decide::ArchiveRequest request);
  void answer_next(StreamHandle stream);
  void answer(StreamHandle stream, std::vector<xmpp::Element> stanzas);

  // xmpp_archive.cpp
  void read_archive(StreamHandle stream, xmpp::Element iq, decide::ArchivePageWish wish);
  void read_on(StreamHandle stream, ArchiveReading reading);
  void count_archive(StreamHandle stream, ArchiveReading reading);
  void take_page(StreamHandle stream, ArchiveReading reading, store::ArchivePage found);

  // xmpp_sleep.cpp
  ImRuntime& holder_of(Entry& entry);
  ImState& runtime_of(Entry& entry);
  void keep_session(Entry& entry, std::string_view packed);
  void wake_later(model::AccountId const& account, std::string const& resource, Instant at);
  void settle_later(Entry& entry);
  void settle_some();
  [[nodiscard]] bool settle(Entry& entry);
  [[nodiscard]] Duration resumable_for(decide::ImAccount const& im, decide::ImSession const& session) const;
  void note_expiry(Entry& entry);
  void watch_expiries();
  void expire_some();
  void expire(Entry& entry);

  // messages_wake.cpp
  void wake(Turn& turn, Entry& entry, model::Device const& device, model::MessageTraits const& traits,
            std::uint64_t row, std::string const& peer, Instant earliest);
  void wake_all(Turn& turn, Entry& entry, model::MessageTraits const& traits, std::uint64_t row,
                std::string const& peer);
  void wake_for_unseen(Entry& entry, Unseen unseen);
  void found_unseen(Entry& entry, Unseen const& unseen, store::ArchivePage const& page);
  [[nodiscard]] bool is_noted(Entry& entry, model::InstanceId const& instance, store::ArchivedMessage const& message);
  void begin_burst(BurstKey const& key, Burst burst, Instant ends);
  void keep_inbox(Entry& entry, Inbox const& inbox);
  void save_inbox(Entry& entry);
  void note_push(Entry& entry, NotedPush push);
  void forget_push(Entry& entry, model::InstanceId const& instance, std::uint64_t row);
  void on_push_answered(model::AccountId const& account, model::InstanceId const& instance, std::uint64_t row,
                        model::PushReceipt const& receipt);
  [[nodiscard]] model::PushId push_id_of(model::AccountId const& account, model::InstanceId const& instance,
                                         std::uint64_t row) const;
  void end_burst(BurstKey const& key);
  void end_pushes(Entry& entry, model::InstanceId const& instance);
  void end_bursts(model::AccountId const& account, model::InstanceId const& instance);
  void request_push(BurstKey const& key, Burst const& burst, std::uint32_t unread);
  [[nodiscard]] model::DeviceState state_of(Entry& entry, model::Device const& device);
  void mark_displayed(Entry& entry, std::string const& peer, std::string const& message_id);
  void mark_displayed(Entry& entry, std::uint64_t row);
  void note_reachable(Entry& entry, model::InstanceId const& instance);
  void trace(std::uint64_t row, model::Milestone milestone, model::InstanceId const& device = {},
             model::Why why = model::Why::none);

  Shard& shard_;
  Registrations& registrations_;
  model::StreamPort& port_;
  decide::ArchiveIds ids_{};
  std::uint64_t last_row_ = 0;
  std::unordered_map<StreamHandle, Seat> streams_ = {};
  std::set<SessionName> not_saved_ = {};  // sessions whose rows are older than they are
  std::deque<std::shared_ptr<Waiting>> waiting_ = {};
  std::map<BurstKey, Burst> bursts_ = {};
  std::vector<model::AccountId> unsettled_ = {};  // unpacked accounts, to be packed when nobody is there
  DeadlineId expiry_watch_ = {};
  std::uint32_t found_live_ = 0;  // sessions that were live when the process ended
  Instant started_at_ = {};
  Instant untold_before_ = {};  // the newest start after a kill: sessions that went away with it were told to nobody
  bool is_stopping_ = false;
};

}  // namespace reveille::dispatch
