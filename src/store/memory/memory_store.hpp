// MemoryStore: the store without a disk, for tests of everything above it. What is given is kept at once; answers are
// posted. It can be told to fail, so that owners can be tested for it.
//
// Lifetime and threads: as store.hpp; all on the shard's thread.
#pragma once

#include "store/store.hpp"

#include <array>
#include <map>

namespace reveille::store {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(Post post) : post_(std::move(post)) {}

  void commit(Batch batch, Urgency urgency, Done done) override;
  [[nodiscard]] std::uint64_t swept() const override { return swept_; }
  Result<void> for_each(Table table, std::function<void(std::string_view key, std::string_view value)> visit) override;
  Result<std::uint64_t> for_each_open_push(std::function<void(StoredPush)> visit) override;
  Result<std::uint64_t> newest_archive_row() override;
  void fetch_push(std::string tenant, std::string id, Answer<std::optional<StoredPush>> answer) override;
  void fetch_trace(std::string id, Answer<std::optional<StoredTrace>> answer) override;
  void fetch_archive(ArchiveQuery query, Answer<ArchivePage> answer) override;
  void count_archive(ArchiveQuery query, Answer<std::uint64_t> answer) override;
  void fetch_archived(std::string account, std::vector<std::uint64_t> rows, std::size_t most_bytes,
                      Answer<ArchivePage> answer) override;
  void fetch_unread(std::string account, std::uint64_t displayed, std::string peer, std::string message_id,
                    Answer<Unread> answer) override;

  // From now on every commit fails with that error; without one, they work again.
  void fail_with(std::optional<Error> error) { error_ = std::move(error); }
  [[nodiscard]] std::size_t commits() const { return commits_; }

 private:
  using TraceKey = std::pair<std::string, model::TraceKind>;

  Result<void> write(Batch const& batch);
  StoredTrace& trace_of(TraceKey const& key, model::TraceHead const& head);
  [[nodiscard]] std::optional<StoredTrace> find_trace(std::string const& id) const;
  void apply(Put const& write);
  void apply(Erase const& write);
  void apply(AcceptPush const& write);
  void apply(UpdatePush const& write);
  void apply(BeginTrace const& write);
  void apply(StepTrace const& write);
  void apply(Sweep const& write);
  void apply(ArchiveMessage const& write);

  Post post_;
  std::optional<Error> error_ = {};
  std::size_t commits_ = 0;
  std::uint64_t swept_ = 0;
  std::array<std::map<std::string, std::string>, 9> tables_ = {};
  std::map<std::uint64_t, StoredPush> pushes_ = {};
  std::map<std::pair<std::string, std::string>, std::uint64_t> push_rows_ = {};
  std::uint64_t newest_row_ = 0;
  std::map<TraceKey, StoredTrace> traces_ = {};
  std::vector<TraceKey> trace_order_ = {};  // oldest first
  std::map<std::string, TraceKey> trace_links_ = {};
  std::map<std::uint64_t, ArchiveMessage> archive_ = {};
};

}  // namespace reveille::store
