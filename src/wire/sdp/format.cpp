// Writing a session description (RFC 8866 section 5).
#include "wire/sdp/session.hpp"

namespace reveille::sdp {
namespace {

// Writes one line of pieces; line breaks in them become spaces.
template <class... Pieces>
void line(std::string& out, Pieces const&... pieces) {
  auto const from = out.size();
  (out.append(pieces), ...);
  for (auto at = from; at < out.size(); ++at)
    if (out[at] == '\r' || out[at] == '\n' || out[at] == '\0') out[at] = ' ';
  out += "\r\n";
}

std::string text_of(Connection const& connection) {
  return (connection.kind == AddressKind::ipv4 ? "IN IP4 " : "IN IP6 ") + connection.address;
}

void write_attributes(std::string& out, std::vector<Attribute> const& attributes) {
  for (auto const& one : attributes) {
    if (one.value)
      line(out, "a=", one.name, ":", *one.value);
    else
      line(out, "a=", one.name);
  }
}

void write_codecs(std::string& out, Media const& media) {
  for (auto const& codec : media.codecs) {
    auto const type = std::to_string(codec.payload_type);
    if (!codec.encoding.empty())
      line(out, "a=rtpmap:", type, " ", codec.encoding, "/", std::to_string(codec.clock_rate),
           codec.channels > 1 ? "/" + std::to_string(codec.channels) : std::string{});
    if (!codec.parameters.empty()) line(out, "a=fmtp:", type, " ", codec.parameters);
  }
}

void write_media(std::string& out, Media const& media) {
  std::string formats;
  for (auto const& codec : media.codecs) (formats += ' ') += std::to_string(codec.payload_type);
  for (auto const& format : media.formats) (formats += ' ') += format;
  line(out, "m=", media.kind_text, " ", std::to_string(media.port), " ", media.protocol, formats);
  if (media.connection) line(out, "c=", text_of(*media.connection));
  write_codecs(out, media);
  for (auto const& one : media.crypto)
    line(out, "a=crypto:", std::to_string(one.tag), " ", one.suite, " inline:", one.key, one.parameters);
  if (media.rtcp_mux) line(out, "a=rtcp-mux");
  write_attributes(out, media.attributes);
  line(out, "a=", name_of(media.direction));
}

}  // namespace

std::string format_session(Session const& session) {
  std::string out;
  auto const& origin = session.origin;
  line(out, "v=0");
  line(out, "o=", origin.username, " ", std::to_string(origin.session_id), " ", std::to_string(origin.version), " ",
       text_of(origin.connection));
  line(out, "s=", session.name);
  if (session.connection) line(out, "c=", text_of(*session.connection));
  line(out, "t=", std::to_string(session.start), " ", std::to_string(session.stop));
  write_attributes(out, session.attributes);
  for (auto const& media : session.media) write_media(out, media);
  return out;
}

}  // namespace reveille::sdp
