// A REGISTER that says again what it said before: the registrar's common case, decided on the packed record (RFC 3261
// section 10.3 step 7). Pure; any thread.
//
// What it does to the record is what on_register (register.hpp) does with the same request; where it cannot be sure of
// that it says `no`, the whole request is to be given to on_register, and nothing has happened.
#pragma once

#include "base/instant.hpp"
#include "model/packed_bindings.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace reveille::decide {

// to_be_written: in place as well, and the record is to be given to the store at leisure (storing.hpp).
enum class Extended : std::uint8_t { no, in_memory, to_be_written };

// How a REGISTER of one contact, just done, can be repeated; nothing when it did more than bind that contact.
[[nodiscard]] std::optional<model::KnownRefresh> repeatable(model::RegisterRequest const& request,
                                                            model::RegisterOutcome const& outcome,
                                                            model::Registrations const& registrations,
                                                            std::string_view packed);

// Whether a record became another by nothing but REGISTERs that extended bindings.
[[nodiscard]] bool is_refreshed_only(model::Registrations before, model::Registrations const& after);

// The same request came again with that CSeq, and the record is as the last one left it.
[[nodiscard]] Extended extend(std::span<char> packed, model::KnownRefresh const& known, std::uint32_t cseq,
                              Instant now);

// Whether the request with that CSeq is the one that was done last, and nothing has run out since.
[[nodiscard]] bool is_last(std::string_view packed, model::KnownRefresh const& known, std::uint32_t cseq, Instant now);

}  // namespace reveille::decide
