#include "model/call.hpp"

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

}  // namespace reveille::model
