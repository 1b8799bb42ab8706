// The XML namespaces that we speak, one constant each; the specification is named beside it.
#pragma once

#include <string_view>

namespace reveille::xmpp::ns {

inline constexpr std::string_view xml = "http://www.w3.org/XML/1998/namespace";            // XML-NAMES section 3
inline constexpr std::string_view xmlns = "http://www.w3.org/2000/xmlns/";                 // XML-NAMES section 3
inline constexpr std::string_view stream = "http://etherx.jabber.org/streams";             // RFC 6120 section 4.8.1
inline constexpr std::string_view client = "jabber:client";                                // RFC 6120 section 4.8.2
inline constexpr std::string_view stream_errors = "urn:ietf:params:xml:ns:xmpp-streams";   // RFC 6120 section 4.9
inline constexpr std::string_view tls = "urn:ietf:params:xml:ns:xmpp-tls";                 // RFC 6120 section 5
inline constexpr std::string_view sasl = "urn:ietf:params:xml:ns:xmpp-sasl";               // RFC 6120 section 6
inline constexpr std::string_view bind = "urn:ietf:params:xml:ns:xmpp-bind";               // RFC 6120 section 7
inline constexpr std::string_view stanza_errors = "urn:ietf:params:xml:ns:xmpp-stanzas";   // RFC 6120 section 8.3
inline constexpr std::string_view session = "urn:ietf:params:xml:ns:xmpp-session";         // RFC 3921 section 3
inline constexpr std::string_view roster = "jabber:iq:roster";                             // RFC 6121 section 2
inline constexpr std::string_view roster_versioning = "urn:xmpp:features:rosterver";       // RFC 6121 section 2.6
inline constexpr std::string_view pre_approval = "urn:xmpp:features:pre-approval";         // RFC 6121 section 3.4
inline constexpr std::string_view data_form = "jabber:x:data";                             // XEP-0004
inline constexpr std::string_view disco_info = "http://jabber.org/protocol/disco#info";    // XEP-0030
inline constexpr std::string_view disco_items = "http://jabber.org/protocol/disco#items";  // XEP-0030
inline constexpr std::string_view result_set = "http://jabber.org/protocol/rsm";           // XEP-0059
inline constexpr std::string_view chat_states = "http://jabber.org/protocol/chatstates";   // XEP-0085
inline constexpr std::string_view publish_options = "http://jabber.org/protocol/pubsub#publish-options";  // XEP-0060
inline constexpr std::string_view receipts = "urn:xmpp:receipts";                                         // XEP-0184
inline constexpr std::string_view stream_management = "urn:xmpp:sm:3";                                    // XEP-0198
inline constexpr std::string_view ping = "urn:xmpp:ping";                                                 // XEP-0199
inline constexpr std::string_view delay = "urn:xmpp:delay";                                               // XEP-0203
inline constexpr std::string_view carbons = "urn:xmpp:carbons:2";                                         // XEP-0280
inline constexpr std::string_view forward = "urn:xmpp:forward:0";                                         // XEP-0297
inline constexpr std::string_view archive = "urn:xmpp:mam:2";                                             // XEP-0313
inline constexpr std::string_view idle = "urn:xmpp:idle:1";                                               // XEP-0319
inline constexpr std::string_view chat_markers = "urn:xmpp:chat-markers:0";                               // XEP-0333
inline constexpr std::string_view hints = "urn:xmpp:hints";                                               // XEP-0334
inline constexpr std::string_view client_state = "urn:xmpp:csi:0";                                        // XEP-0352
inline constexpr std::string_view jingle_message = "urn:xmpp:jingle-message:0";                           // XEP-0353
inline constexpr std::string_view push = "urn:xmpp:push:0";                                               // XEP-0357
inline constexpr std::string_view stanza_id = "urn:xmpp:sid:0";                                           // XEP-0359
inline constexpr std::string_view mode = "urn:reveille:mode:0";               // docs: interfaces, section 2
inline constexpr std::string_view reachability = "urn:reveille:reachable:0";  // our presence element

}  // namespace reveille::xmpp::ns
