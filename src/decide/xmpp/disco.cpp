#include "decide/xmpp/disco.hpp"

#include "wire/xmpp/namespaces.hpp"
#include "wire/xmpp/stanza.hpp"

#include <array>
#include <span>

namespace reveille::decide {
namespace {

using namespace xmpp;

constexpr std::array server_features{ns::disco_info, ns::disco_items, ns::ping, ns::roster, ns::stanza_id};
constexpr std::array account_features{ns::disco_info, ns::disco_items, ns::archive, ns::stanza_id};

}  // namespace

Element answer_disco_info(Element const& iq, DiscoTarget target, ImContext const& context) {
  auto query = make_element("query", ns::disco_info);
  bool const server = target == DiscoTarget::server;
  query.add(make_element("identity", ns::disco_info,
                         {{"category", server ? "server" : "account"},
                          {"type", server ? "im" : "registered"},
                          {"name", server ? "Reveille" : ""}}));
  auto const features =
      server ? std::span<std::string_view const>(server_features) : std::span<std::string_view const>(account_features);
  for (auto const feature : features) query.add(make_element("feature", ns::disco_info, {{"var", feature}}));
  // XEP-0357 section 4: said by the account; B-PUSH-0: not while push is switched off.
  if (!server && context.policy->wake.enabled) query.add(make_element("feature", ns::disco_info, {{"var", ns::push}}));
  return result_of(iq, std::move(query));
}

Element answer_disco_items(Element const& iq) {
  return result_of(iq, make_element("query", ns::disco_items));
}

}  // namespace reveille::decide
