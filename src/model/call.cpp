#include "model/call.hpp"

#include "wire/sip/uri.hpp"

#include <utility>

namespace reveille::model {

std::string_view name_of(Media media) {
  switch (media) {
    case Media::audio: return "audio";
    case Media::video: return "video";
  }
  std::unreachable();
}

bool is_same_flow(Target const& a, Target const& b) {
  if (!a.flow.empty() || !b.flow.empty()) return a.flow == b.flow;
  return a.remote == b.remote;
}

bool may_take(Target const& target, Hops hops) {
  return hops == Hops::any || target.remote.starts_with("tls ") || target.remote.starts_with("wss ");
}

Hops hops_to(std::string_view request_uri) {
  auto const uri = sip::parse_uri(request_uri);
  return uri && uri->scheme == sip::Scheme::sips ? Hops::secured : Hops::any;
}

}  // namespace reveille::model
