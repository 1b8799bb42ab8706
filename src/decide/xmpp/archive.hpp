// XEP-0313: queries of one's own archive, with result sets (XEP-0059). Pure: the archive is read between the two
// halves.
#pragma once

#include "decide/xmpp/im.hpp"
#include "wire/xmpp/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::decide {

// Archive ids (XEP-0359): a row's number and a keyed mark, so that nobody can make one up. The key is kept on disk.
class ArchiveIds {
 public:
  explicit ArchiveIds(std::string key = {}) : key_(std::move(key)) {}
  [[nodiscard]] std::string id_of(std::uint64_t row) const;
  [[nodiscard]] std::optional<std::uint64_t> row_of(std::string_view id) const;
  // The keyed hash that pushes of one conversation collapse by (B-IM-2); it tells the provider nothing.
  [[nodiscard]] std::string conversation_of(std::string_view account, std::string_view peer) const;

 private:
  std::string key_;
};

enum class PageEnd : std::uint8_t { oldest, newest };

struct ArchivePageWish {
  std::string query_id = {};
  std::string peer = {};                  // bare; empty: anyone
  std::optional<xmpp::Jid> exactly = {};  // of the peer, or of oneself: only this resource
  std::optional<Instant> since = {};
  std::optional<Instant> until = {};
  std::uint64_t after = 0;
  std::uint64_t before = 0;
  PageEnd from = PageEnd::oldest;
  unsigned most = 50;
};
[[nodiscard]] Result<ArchivePageWish, xmpp::StanzaError> read_archive_query(xmpp::Element const& iq,
                                                                            ArchiveIds const& ids);
// Whether a message of the peer is one of that resource.
[[nodiscard]] bool is_asked_for(ArchivePageWish const& wish, std::string_view stanza);

struct ArchiveRow {
  std::uint64_t row = 0;
  Instant at = {};
  std::string stanza = {};
};
enum class PageEdge : std::uint8_t { complete, more };
struct ArchiveResults {
  std::vector<ArchiveRow> rows = {};
  PageEdge edge = PageEdge::complete;
  std::optional<std::uint64_t> count = {};  // of everything that was asked for
};
// The results, and the IQ's result behind them (section 4.3).
[[nodiscard]] std::vector<xmpp::Element> answer_archive_query(xmpp::Element const& iq, ArchivePageWish const& wish,
                                                              ArchiveResults const& results, ArchiveIds const& ids);
// The fields that a query may have (section 4.1.5).
[[nodiscard]] xmpp::Element describe_archive_form(xmpp::Element const& iq);

}  // namespace reveille::decide
