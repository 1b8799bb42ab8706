// MemoryStore's archives.
#include "store/memory/memory_store.hpp"

#include <algorithm>

namespace reveille::store {
namespace {

bool matches(ArchiveQuery const& query, ArchiveMessage const& message, ArchiveEntry const& entry) {
  return entry.account == query.account && message.row > query.after &&
         (query.before == 0 || message.row < query.before) && (query.peer.empty() || query.peer == entry.peer) &&
         (!query.direction || *query.direction == entry.direction) && (!query.since || message.at >= *query.since) &&
         (!query.until || message.at <= *query.until);
}

ArchivedMessage read(ArchiveMessage const& message, ArchiveEntry const& entry) {
  return {
      .row = message.row, .at = message.at, .direction = entry.direction, .peer = entry.peer, .stanza = message.stanza};
}

// The first ones, up to both limits.
ArchivePage page_of(std::vector<ArchivedMessage> found, std::size_t most, std::size_t most_bytes) {
  ArchivePage page;
  std::size_t bytes = 0;
  for (auto& message : found) {
    if (page.messages.size() == most || (most_bytes != 0 && bytes >= most_bytes)) {
      page.completeness = Completeness::partial;
      break;
    }
    bytes += message.stanza.size();
    page.messages.push_back(std::move(message));
  }
  return page;
}

}  // namespace

void MemoryStore::apply(ArchiveMessage const& write) {
  archive_[write.row] = write;
}

Result<std::uint64_t> MemoryStore::newest_archive_row() {
  return archive_.empty() ? 0 : archive_.rbegin()->first;
}

void MemoryStore::fetch_archive(ArchiveQuery query, Answer<ArchivePage> answer) {
  std::vector<ArchivedMessage> found;
  for (auto const& [row, message] : archive_)
    for (auto const& entry : message.entries)
      if (matches(query, message, entry)) found.push_back(read(message, entry));
  bool const backwards = query.from == ArchiveEnd::newest;
  if (backwards) std::ranges::reverse(found);
  auto page = page_of(std::move(found), query.most, query.most_bytes);
  if (backwards) std::ranges::reverse(page.messages);
  post_([page = std::move(page), answer = std::move(answer)]() mutable { answer(std::move(page)); });
}

void MemoryStore::count_archive(ArchiveQuery query, Answer<std::uint64_t> answer) {
  std::uint64_t count = 0;
  for (auto const& [row, message] : archive_)
    for (auto const& entry : message.entries)
      if (matches(query, message, entry)) ++count;
  post_([count, answer = std::move(answer)]() mutable { answer(count); });
}

void MemoryStore::fetch_archived(std::string account, std::vector<std::uint64_t> rows, std::size_t most_bytes,
                                 Answer<ArchivePage> answer) {
  std::vector<ArchivedMessage> found;
  std::ranges::sort(rows);
  for (auto const row : rows)
    if (auto const message = archive_.find(row); message != archive_.end())
      for (auto const& entry : message->second.entries)
        if (entry.account == account) found.push_back(read(message->second, entry));
  auto page = page_of(std::move(found), rows.size(), most_bytes);
  post_([page = std::move(page), answer = std::move(answer)]() mutable { answer(std::move(page)); });
}

void MemoryStore::fetch_unread(std::string account, std::uint64_t displayed, std::string peer, std::string message_id,
                               Answer<Unread> answer) {
  Unread unread{.displayed = displayed};
  auto const incoming = [&](ArchiveMessage const& message) {
    return std::ranges::find_if(message.entries, [&](auto const& entry) {
             return entry.account == account && entry.direction == Direction::incoming &&
                    (peer.empty() || entry.peer == peer);
           }) != message.entries.end();
  };
  if (!message_id.empty())
    for (auto const& [row, message] : archive_)
      if (row > displayed && message.message_id == message_id && incoming(message)) unread.displayed = row;
  peer.clear();
  for (auto const& [row, message] : archive_)
    if (row > unread.displayed && message.has_body && incoming(message)) ++unread.count;
  post_([unread, answer = std::move(answer)]() mutable { answer(unread); });
}

}  // namespace reveille::store
