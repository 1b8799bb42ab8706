// A packed record of registrations, read and changed in place: what a REGISTER that only extends a binding costs.
//
// What:     the bindings of a record as views, and the numbers that such a REGISTER changes (CSeq, expiry, until when
//           it is stored, when its device was seen). Lifetime: views are good until the record is changed; places until
//           it is packed anew.
// Errors:   a record that does not make sense has no places. Allocation-free, but for refresh_places. Threads: any.
// Source:   RFC 3261 section 10.3 step 7; the form is model/record.cpp's.
#pragma once

#include "base/packing.hpp"
#include "model/registration.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace reveille::model {

// One binding as it stands there.
struct PackedBinding {
  std::string_view contact = {};
  std::string_view call_id = {};
  std::uint32_t cseq = 0;
  Instant expires_at = {};
  Instant stored_until = {};
  std::uint16_t q_thousandths = 1000;
  PackedUuid instance = {};
  std::optional<std::string_view> written_instance = {};
  std::uint32_t reg_id = 0;
  // Where the numbers stand.
  std::size_t cseq_place = 0;
  std::size_t expires_place = 0;
  std::size_t stored_place = 0;
};

// What a REGISTER changes that only extends a binding.
struct RefreshedNumbers {
  std::uint32_t cseq = 0;
  Instant expires_at = {};
  Instant stored_until = {};
  Instant seen_at = {};
};

// Where one REGISTER finds what it extends.
struct RefreshPlaces {
  std::uint32_t bindings = 0;  // the list of bindings
  std::uint32_t seen_at = 0;   // of the binding's device; 0 without one
  std::uint16_t binding = 0;   // its number in the list
};

// What is remembered of a REGISTER that bound one contact, so that the same again costs little.
struct KnownRefresh {
  RefreshPlaces places = {};
  std::chrono::duration<std::uint32_t> granted = {};
  PushProviders push_providers = {};
};

// The places of the binding with that contact and instance.
[[nodiscard]] std::optional<RefreshPlaces> refresh_places(std::string_view packed, Registrations const& unpacked,
                                                          std::string_view contact, InstanceId const& instance);

// `for (PackedBindings left(packed, places); auto const binding = left.next();)`
class PackedBindings {
 public:
  PackedBindings(std::string_view packed, RefreshPlaces const& places);
  [[nodiscard]] std::optional<PackedBinding> next();

 private:
  std::size_t from_;
  Unpacker in_;
  std::size_t left_;
};

// False when a number does not fit where it is to stand: the record is good all the same, and the change half done.
[[nodiscard]] bool refresh(std::span<char> packed, RefreshPlaces const& places, PackedBinding const& binding,
                           RefreshedNumbers const& numbers);

}  // namespace reveille::model
