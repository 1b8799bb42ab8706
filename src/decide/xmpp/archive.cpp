#include "decide/xmpp/archive.hpp"

#include "base/encoding.hpp"
#include "base/secret.hpp"
#include "wire/crypto/digest.hpp"
#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"
#include "wire/xmpp/xml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace reveille::decide {
namespace {

using namespace xmpp;

constexpr unsigned largest_page = 100;
constexpr std::size_t row_digits = 16;
constexpr std::size_t mark_bytes = 6;

std::string hex_of(std::uint64_t number) {
  std::string bytes(8, '\0');
  for (int i = 7; i >= 0; --i, number >>= 8U) bytes[static_cast<std::size_t>(i)] = static_cast<char>(number & 0xFFU);
  return encode_hex(bytes);
}

struct Field {
  std::string name = {};
  std::string value = {};
};

std::vector<Field> fields_of(Element const& query) {
  std::vector<Field> fields;
  auto const* form = query.child("x", ns::data_form);
  if (!form) return fields;
  for (auto const& field : form->children)
    if (field.is("field", ns::data_form))
      fields.push_back({.name = std::string(field.attribute("var")), .value = field.child_text("value")});
  return fields;
}

// Section 4.1: an unknown field is refused: ignoring it would answer another question.
std::optional<StanzaError> read_field(Field const& field, ArchivePageWish& wish) {
  if (field.name == "FORM_TYPE") return std::nullopt;
  if (field.name == "with") {
    auto const jid = parse_jid(field.value);
    if (!jid) return StanzaError::jid_malformed;
    wish.peer = jid->bare().text();
    if (!jid->is_bare()) wish.exactly = *jid;
    return std::nullopt;
  }
  if (field.name != "start" && field.name != "end") return StanzaError::feature_not_implemented;
  auto const at = parse_rfc3339(field.value);
  if (!at) return StanzaError::bad_request;
  (field.name == "start" ? wish.since : wish.until) = at;
  return std::nullopt;
}

// XEP-0059: an unknown id is an error, not an empty page (XEP-0313 section 4.2).
std::optional<StanzaError> read_set(Element const& set, ArchiveIds const& ids, ArchivePageWish& wish) {
  if (auto const text = set.child_text("max"); !text.empty()) {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), wish.most);
    if (error != std::errc{} || end != text.data() + text.size()) return StanzaError::bad_request;
    wish.most = std::min(wish.most, largest_page);
  }
  if (auto const text = set.child_text("after"); !text.empty()) {
    auto const row = ids.row_of(text);
    if (!row) return StanzaError::item_not_found;
    wish.after = *row;
  }
  if (!set.child("before", ns::result_set)) return std::nullopt;
  wish.from = PageEnd::newest;
  auto const text = set.child_text("before");
  auto const row = text.empty() ? std::optional<std::uint64_t>(0) : ids.row_of(text);
  if (!row) return StanzaError::item_not_found;
  wish.before = *row;
  return std::nullopt;
}

Element result_message(Element const& iq, ArchivePageWish const& wish, ArchiveRow const& row, ArchiveIds const& ids) {
  auto forwarded = make_element("forwarded", ns::forward);
  forwarded.add(make_delay({}, row.at));
  if (auto stanza = parse_element(row.stanza)) forwarded.add(std::move(*stanza));
  auto result = make_element("result", ns::archive, {{"queryid", wish.query_id}, {"id", ids.id_of(row.row)}});
  result.add(std::move(forwarded));
  // The archive's own address is that of the account, which asks for it itself.
  auto const to = iq.attribute("from");
  auto message = make_element("message", ns::client, {{"from", to.substr(0, to.find('/'))}, {"to", to}});
  message.add(std::move(result));
  return message;
}

Element form_field(std::string_view name, std::string_view type) {
  return make_element("field", ns::data_form, {{"var", name}, {"type", type}});
}

}  // namespace

std::string ArchiveIds::id_of(std::uint64_t row) const {
  auto const number = hex_of(row);
  return number + encode_hex(crypto::hmac_sha256(key_, number).substr(0, mark_bytes));
}

std::optional<std::uint64_t> ArchiveIds::row_of(std::string_view id) const {
  if (id.size() != row_digits + 2 * mark_bytes) return std::nullopt;
  std::uint64_t row = 0;
  auto const [end, error] = std::from_chars(id.data(), id.data() + row_digits, row, 16);
  if (error != std::errc{} || end != id.data() + row_digits || !equal_in_constant_time(id_of(row), id))
    return std::nullopt;
  return row;
}

std::string ArchiveIds::conversation_of(std::string_view account, std::string_view peer) const {
  return encode_hex(crypto::hmac_sha256(key_, std::string(account) + '\n' + std::string(peer)).substr(0, 16));
}

Result<ArchivePageWish, StanzaError> read_archive_query(Element const& iq, ArchiveIds const& ids) {
  auto const* query = iq.child("query", ns::archive);
  if (!query) return std::unexpected(StanzaError::bad_request);
  ArchivePageWish wish{.query_id = std::string(query->attribute("queryid"))};
  for (auto const& field : fields_of(*query))
    if (auto const fault = read_field(field, wish)) return std::unexpected(*fault);
  if (auto const* set = query->child("set", ns::result_set))
    if (auto const fault = read_set(*set, ids, wish)) return std::unexpected(*fault);
  return wish;
}

// Section 4.1.1: a full address matches the sender's or the receiver's as it stands.
bool is_asked_for(ArchivePageWish const& wish, std::string_view stanza) {
  if (!wish.exactly) return true;
  auto const message = parse_element(stanza);
  if (!message) return false;
  return std::ranges::any_of(std::array{"from", "to"}, [&](auto const* side) {
    auto const jid = parse_jid(message->attribute(side));
    return jid && *jid == *wish.exactly;
  });
}

std::vector<Element> answer_archive_query(Element const& iq, ArchivePageWish const& wish, ArchiveResults const& results,
                                          ArchiveIds const& ids) {
  auto const& rows = results.rows;
  std::vector<Element> stanzas;
  for (auto const& row : rows) stanzas.push_back(result_message(iq, wish, row, ids));
  auto set = make_element("set", ns::result_set);
  if (!rows.empty()) {
    set.add(make_text_element("first", ns::result_set, ids.id_of(rows.front().row)));
    set.add(make_text_element("last", ns::result_set, ids.id_of(rows.back().row)));
  }
  if (results.count) set.add(make_text_element("count", ns::result_set, std::to_string(*results.count)));
  auto fin = make_element("fin", ns::archive, {{"complete", results.edge == PageEdge::complete ? "true" : ""}});
  fin.add(std::move(set));
  stanzas.push_back(result_of(iq, std::move(fin)));
  return stanzas;
}

Element describe_archive_form(Element const& iq) {
  auto form = make_element("x", ns::data_form, {{"type", "form"}});
  auto type = form_field("FORM_TYPE", "hidden");
  type.add(make_text_element("value", ns::data_form, ns::archive));
  form.add(std::move(type));
  form.add(form_field("with", "jid-single"));
  form.add(form_field("start", "text-single"));
  form.add(form_field("end", "text-single"));
  auto query = make_element("query", ns::archive);
  query.add(std::move(form));
  return result_of(iq, std::move(query));
}

}  // namespace reveille::decide
