#include "wire/sdp/session.hpp"

#include <algorithm>
#include <utility>

namespace reveille::sdp {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool sends(Direction direction) {
  return direction == Direction::sendrecv || direction == Direction::sendonly;
}
bool receives(Direction direction) {
  return direction == Direction::sendrecv || direction == Direction::recvonly;
}

}  // namespace

std::string_view name_of(SdpFault fault) {
  using enum SdpFault;
  switch (fault) {
    case too_large: return "too large";
    case line: return "line";
    case order: return "order";
    case version: return "version";
    case origin: return "origin";
    case connection: return "connection";
    case timing: return "timing";
    case media: return "media";
    case attribute: return "attribute";
  }
  std::unreachable();
}

std::string_view name_of(Direction direction) {
  using enum Direction;
  switch (direction) {
    case sendrecv: return "sendrecv";
    case sendonly: return "sendonly";
    case recvonly: return "recvonly";
    case inactive: return "inactive";
  }
  std::unreachable();
}

Direction reversed(Direction direction) {
  using enum Direction;
  switch (direction) {
    case sendrecv: return sendrecv;
    case sendonly: return recvonly;
    case recvonly: return sendonly;
    case inactive: return inactive;
  }
  std::unreachable();
}

Direction intersection(Direction a, Direction b) {
  auto const send = sends(a) && sends(b);
  auto const receive = receives(a) && receives(b);
  if (send && receive) return Direction::sendrecv;
  if (send) return Direction::sendonly;
  return receive ? Direction::recvonly : Direction::inactive;
}

bool same_encoding(Codec const& a, Codec const& b) {
  if (a.encoding.empty() || b.encoding.empty()) return a.encoding == b.encoding && a.payload_type == b.payload_type;
  return a.clock_rate == b.clock_rate && a.channels == b.channels &&
         std::ranges::equal(a.encoding, b.encoding, {}, lower, lower);
}

Connection const* Session::connection_of(Media const& stream) const {
  if (stream.connection) return &*stream.connection;
  return connection ? &*connection : nullptr;
}

Media const* Session::active(MediaKind kind) const {
  auto const found =
      std::ranges::find_if(media, [kind](Media const& one) { return one.kind == kind && one.is_active(); });
  return found == media.end() ? nullptr : &*found;
}

}  // namespace reveille::sdp
