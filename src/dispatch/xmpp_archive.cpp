// Messages: how one question of the archive (XEP-0313) is answered: what it refers to must be there, then the archive
// is read until the page is full.
#include "decide/xmpp/archive.hpp"
#include "dispatch/messages.hpp"

#include <algorithm>
#include <utility>

namespace reveille::dispatch {
namespace {

using namespace xmpp;

constexpr unsigned most_at_once = 100;                       // messages that are looked through for one resource's
constexpr std::size_t page_bytes = std::size_t{128} * 1024;  // beyond that a page ends

store::ArchiveQuery query_of(decide::ArchivePageWish const& wish, Jid const& account) {
  store::ArchiveQuery query{
      .account = account.text(),
      .peer = wish.peer,
      .since = wish.since,
      .until = wish.until,
      .after = wish.after,
      .before = wish.before,
      .from = wish.from == decide::PageEnd::oldest ? store::ArchiveEnd::oldest : store::ArchiveEnd::newest,
      .most = wish.most,
      .most_bytes = page_bytes};
  // A row is at least its time in microseconds, so that nothing older is looked at.
  if (auto const since = wish.since ? unix_microseconds(*wish.since) : 0; since > 0)
    query.after = std::max(query.after, static_cast<std::uint64_t>(since) - 1);
  if (!wish.exactly) return query;
  query.most = most_at_once;
  // Section 4.1.1: a resource of one's own talks with anyone.
  if (wish.exactly->bare() == account) query.peer.clear();
  return query;
}

std::vector<Element> fault_of(Element const& iq, StanzaError condition) {
  auto error = error_of(iq, condition);
  return error ? std::vector<Element>{std::move(*error)} : std::vector<Element>{};
}

}  // namespace

// Section 4.3.2: an id that is not of this archive, or no longer, is an error.
void Messages::read_archive(StreamHandle stream, Element iq, decide::ArchivePageWish wish) {
  auto const& im = runtime_of(*entry_of(stream)).im;
  ArchiveReading reading{.iq = std::move(iq), .wish = std::move(wish)};
  reading.query = query_of(reading.wish, im.jid);
  std::vector<std::uint64_t> named;
  for (auto const row : {reading.wish.after, reading.wish.before})
    if (row != 0) named.push_back(row);
  if (named.empty()) return read_on(stream, std::move(reading));
  auto const count = named.size();
  shard_.store.fetch_archived(
      reading.query.account, std::move(named), 0,
      [this, stream, count, reading = std::move(reading)](Result<store::ArchivePage> found) mutable {
        if (!found) return answer(stream, fault_of(reading.iq, StanzaError::internal_server_error));
        if (found->messages.size() < count) return answer(stream, fault_of(reading.iq, StanzaError::item_not_found));
        read_on(stream, std::move(reading));
      });
}

void Messages::read_on(StreamHandle stream, ArchiveReading reading) {
  if (!session_of(stream)) return;
  if (reading.wish.most == 0) return count_archive(stream, std::move(reading));
  auto query = reading.query;
  shard_.store.fetch_archive(std::move(query),
                             [this, stream, reading = std::move(reading)](Result<store::ArchivePage> page) mutable {
                               if (!page)
                                 return answer(stream, fault_of(reading.iq, StanzaError::internal_server_error));
                               take_page(stream, std::move(reading), std::move(*page));
                             });
}

// XEP-0059 section 2.7. What one resource said is found by reading all of it: that is not counted.
void Messages::count_archive(StreamHandle stream, ArchiveReading reading) {
  using decide::PageEdge;
  if (reading.wish.exactly)
    return answer(stream, decide::answer_archive_query(reading.iq, reading.wish, {.edge = PageEdge::more}, ids_));
  auto whole = reading.wish;
  whole.after = whole.before = 0;
  shard_.store.count_archive(
      query_of(whole, runtime_of(*entry_of(stream)).im.jid),
      [this, stream, reading = std::move(reading)](Result<std::uint64_t> count) {
        if (!count) return answer(stream, fault_of(reading.iq, StanzaError::internal_server_error));
        answer(stream, decide::answer_archive_query(
                           reading.iq, reading.wish,
                           {.edge = *count == 0 ? PageEdge::complete : PageEdge::more, .count = *count}, ids_));
      });
}

// What is wanted of a part of the archive; the next part follows while the page has room.
void Messages::take_page(StreamHandle stream, ArchiveReading reading, store::ArchivePage found) {
  bool const backwards = reading.query.from == store::ArchiveEnd::newest;
  if (backwards) std::ranges::reverse(found.messages);
  auto const is_full = [&] { return reading.rows.size() >= reading.wish.most || reading.bytes >= page_bytes; };
  bool is_more = found.completeness == store::Completeness::partial;
  for (auto& one : found.messages) {
    (backwards ? reading.query.before : reading.query.after) = one.row;
    if (!decide::is_asked_for(reading.wish, one.stanza)) continue;
    if (is_full()) {
      is_more = true;
      break;
    }
    reading.bytes += one.stanza.size();
    reading.rows.push_back({.row = one.row, .at = one.at, .stanza = std::move(one.stanza)});
  }
  if (is_more && !is_full()) return read_on(stream, std::move(reading));
  if (backwards) std::ranges::reverse(reading.rows);
  answer(stream, decide::answer_archive_query(reading.iq, reading.wish,
                                              {.rows = std::move(reading.rows),
                                               .edge = is_more ? decide::PageEdge::more : decide::PageEdge::complete},
                                              ids_));
}

}  // namespace reveille::dispatch
