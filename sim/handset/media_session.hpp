// MediaSession: the RTP of one call over UDP: plays this phone's tone and pictures, listens for the other end's.
//
// Emits `media` {call_uuid, peer, stream, codec, payload_type, ssrc, rx, lost, tx, recognised, secure} when a stream's
// source is first heard, when what it plays is recognised as another handset's, and for each stream when the session
// ends. rx counts what a source sent that RTP shows to be one; any phone's is counted, only a handset's is recognised.
// Lifetime: the destructor stops it. Threads: the executor's one.
#pragma once

#include "base/random.hpp"
#include "sim/handset/sip_host.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace reveille::sim::handset {

using EmitEvent = std::function<void(std::string_view event, boost::json::object fields)>;

struct MediaSettings {
  std::string address = "127.0.0.1";  // ours, where the sockets are bound
  std::string name = {};              // who plays: chooses the tone
};

// Null where no socket can be bound.
[[nodiscard]] std::unique_ptr<MediaPort> open_media_session(boost::asio::any_io_executor executor,
                                                            MediaSettings const& settings, MediaWish const& wish,
                                                            Random& random, EmitEvent emit);

}  // namespace reveille::sim::handset
