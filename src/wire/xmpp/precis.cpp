#include "wire/xmpp/precis.hpp"

#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace reveille::xmpp {
namespace {

using Codepoints = std::vector<UChar32>;

enum class StringClass { identifier, freeform };

std::optional<std::u16string> to_utf16(std::string_view text) {
  std::u16string wide(text.size() + 1, u'\0');
  std::int32_t length = 0;
  auto status = U_ZERO_ERROR;
  u_strFromUTF8(wide.data(), static_cast<std::int32_t>(wide.size()), &length, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  wide.resize(static_cast<std::size_t>(length));
  return wide;
}

std::string to_utf8(std::u16string_view wide) {
  std::string text(wide.size() * 3 + 1, '\0');
  std::int32_t length = 0;
  auto status = U_ZERO_ERROR;
  u_strToUTF8(text.data(), static_cast<std::int32_t>(text.size()), &length, wide.data(),
              static_cast<std::int32_t>(wide.size()), &status);
  text.resize(U_FAILURE(status) ? 0 : static_cast<std::size_t>(length));
  return text;
}

Codepoints codepoints_of(std::u16string_view wide) {
  Codepoints points;
  for (std::size_t i = 0; i < wide.size();) {
    UChar32 c = 0;
    U16_NEXT(wide.data(), i, wide.size(), c);
    points.push_back(c);
  }
  return points;
}

std::u16string to_wide(Codepoints const& points) {
  std::u16string wide;
  for (auto const c : points) {
    if (c > 0xFFFF) {
      wide += static_cast<char16_t>(U16_LEAD(c));
      wide += static_cast<char16_t>(U16_TRAIL(c));
    } else {
      wide += static_cast<char16_t>(c);
    }
  }
  return wide;
}

std::optional<std::u16string> normalise(std::u16string_view wide, UNormalizer2 const* form) {
  auto status = U_ZERO_ERROR;
  std::u16string out(wide.size() * 4 + 16, u'\0');
  auto const length = unorm2_normalize(form, wide.data(), static_cast<std::int32_t>(wide.size()), out.data(),
                                       static_cast<std::int32_t>(out.size()), &status);
  if (U_FAILURE(status)) return std::nullopt;
  out.resize(static_cast<std::size_t>(length));
  return out;
}

UNormalizer2 const* nfc() {
  auto status = U_ZERO_ERROR;
  return unorm2_getNFCInstance(&status);
}

UNormalizer2 const* nfkc() {
  auto status = U_ZERO_ERROR;
  return unorm2_getNFKCInstance(&status);
}

// RFC 8264 section 9.17, HasCompat.
bool has_compatibility_form(UChar32 c) {
  std::u16string const one = to_wide({c});
  auto const mapped = normalise(one, nfkc());
  return !mapped || *mapped != one;
}

// RFC 8264 section 9.6, Exceptions; true: PVALID, false: DISALLOWED.
std::optional<bool> exception_of(UChar32 c) {
  switch (c) {
    case 0x00DF:
    case 0x03C2:
    case 0x06FD:
    case 0x06FE:
    case 0x0F0B:
    case 0x3007: return true;
    case 0x0640:
    case 0x07FA:
    case 0x302E:
    case 0x302F:
    case 0x3031:
    case 0x3032:
    case 0x3033:
    case 0x3034:
    case 0x3035:
    case 0x303B: return false;
    default: return std::nullopt;
  }
}

// FIXME: RFC 8264 section 8, rules 3 and 4: the contextual rules for ZERO WIDTH (NON-)JOINER, MIDDLE DOT and the like
// (RFC 5892 appendix A) are not evaluated; those characters are refused.
bool needs_context(UChar32 c) {
  return c == 0x200C || c == 0x200D || c == 0x00B7 || c == 0x0375 || c == 0x05F3 || c == 0x05F4 || c == 0x30FB ||
         (c >= 0x0660 && c <= 0x0669) || (c >= 0x06F0 && c <= 0x06F9);
}

bool is_old_hangul_jamo(UChar32 c) {
  auto const type = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
  return type == U_HST_LEADING_JAMO || type == U_HST_VOWEL_JAMO || type == U_HST_TRAILING_JAMO;
}

// RFC 8264 section 8: what a code point is, in the order of its rules.
bool is_valid(UChar32 c, StringClass string_class) {
  bool const freeform = string_class == StringClass::freeform;
  if (auto const exception = exception_of(c)) return *exception;
  if (needs_context(c)) return false;
  auto const mask = U_GET_GC_MASK(c);
  if ((mask & U_GC_CN_MASK) != 0) return false;
  if (c >= 0x21 && c <= 0x7E) return true;  // ASCII7
  if (u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL)) return false;
  if (is_old_hangul_jamo(c)) return false;
  if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
      u_hasBinaryProperty(c, UCHAR_NONCHARACTER_CODE_POINT))
    return false;
  if ((mask & U_GC_CC_MASK) != 0) return false;
  if (has_compatibility_form(c)) return freeform;
  constexpr auto letters_and_digits =
      U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK | U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK;
  if ((mask & letters_and_digits) != 0) return true;
  constexpr auto free_only =
      U_GC_LT_MASK | U_GC_NL_MASK | U_GC_NO_MASK | U_GC_ME_MASK | U_GC_ZS_MASK | U_GC_S_MASK | U_GC_P_MASK;
  return freeform && (mask & free_only) != 0;
}

bool is_wide_or_narrow(UChar32 c) {
  auto const width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
  return width == U_EA_FULLWIDTH || width == U_EA_HALFWIDTH;
}

// RFC 8264 section 5.2.1: full-width and half-width characters become what they decompose to.
std::u16string map_width(std::u16string_view wide) {
  std::u16string out;
  for (auto const c : codepoints_of(wide)) {
    auto one = to_wide({c});
    auto const mapped = is_wide_or_narrow(c) ? normalise(one, nfkc()) : std::nullopt;
    out += mapped ? *mapped : one;
  }
  return out;
}

std::u16string to_lower(std::u16string_view wide) {
  auto points = codepoints_of(wide);
  for (auto& c : points) c = u_tolower(c);
  return to_wide(points);
}

// RFC 5893 section 2, "The Bidi Rule": applied where a right-to-left character occurs.
bool keeps_bidi_rule(Codepoints const& points) {
  auto const direction = [](UChar32 c) { return u_charDirection(c); };
  auto const is_rtl = [&](UChar32 c) {
    auto const d = direction(c);
    return d == U_RIGHT_TO_LEFT || d == U_RIGHT_TO_LEFT_ARABIC || d == U_ARABIC_NUMBER;
  };
  if (std::ranges::none_of(points, is_rtl)) return true;
  auto const first = direction(points.front());
  if (first != U_RIGHT_TO_LEFT && first != U_RIGHT_TO_LEFT_ARABIC) return false;
  if (std::ranges::any_of(points, [&](UChar32 c) { return direction(c) == U_LEFT_TO_RIGHT; })) return false;
  auto last = points.rbegin();
  while (last != points.rend() && direction(*last) == U_DIR_NON_SPACING_MARK) ++last;
  return last != points.rend() && (is_rtl(*last) || direction(*last) == U_EUROPEAN_NUMBER);
}

bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x21 && c <= 0x7E; });
}

char lower_ascii(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return lower_ascii(c); });
  return out;
}

bool are_valid(Codepoints const& points, StringClass string_class) {
  return !points.empty() && std::ranges::all_of(points, [&](UChar32 c) { return is_valid(c, string_class); });
}

// One DNS label: letters, digits and hyphens, none at its ends (RFC 5890 section 2.3.1).
bool is_host_label(std::string_view label) {
  auto const fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, fits);
}

bool is_host_name(std::string_view name) {
  while (!name.empty()) {
    auto const label = name.substr(0, name.find('.'));
    if (!is_host_label(label)) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
  return false;
}

bool is_ipv6_literal(std::string_view text) {
  auto const fits = [](char c) { return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.'; };
  return text.size() >= 4 && text.starts_with('[') && text.ends_with(']') && text.find(':') != std::string_view::npos &&
         std::ranges::all_of(text.substr(1, text.size() - 2), fits);
}

std::optional<std::string> to_unicode_domain(std::string_view text) {
  auto status = U_ZERO_ERROR;
  std::unique_ptr<UIDNA, decltype(&uidna_close)> const idna{
      uidna_openUTS46(UIDNA_USE_STD3_RULES | UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_UNICODE,
                      &status),
      uidna_close};
  if (U_FAILURE(status)) return std::nullopt;
  std::string out(1024 * 4, '\0');
  UIDNAInfo info = UIDNA_INFO_INITIALIZER;
  auto const length = uidna_nameToUnicodeUTF8(idna.get(), text.data(), static_cast<std::int32_t>(text.size()),
                                              out.data(), static_cast<std::int32_t>(out.size()), &info, &status);
  if (U_FAILURE(status) || info.errors != 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(length));
  // What is a name in letters must be one in the DNS as well: its lengths are checked there.
  std::string ascii(1024, '\0');
  info = UIDNA_INFO_INITIALIZER;
  uidna_nameToASCII_UTF8(idna.get(), out.data(), length, ascii.data(), static_cast<std::int32_t>(ascii.size()), &info,
                         &status);
  if (U_FAILURE(status) || info.errors != 0 || out.ends_with('.')) return std::nullopt;
  if (is_plain_ascii(out) && !is_host_name(out)) return std::nullopt;
  return out;
}

}  // namespace

std::optional<std::string> prepare_username(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_plain_ascii(text)) return lower_ascii(text);
  // RFC 8265 section 3.3.2: 1. width, 3. case, 4. normalisation, 5. direction; the class is checked on the result.
  auto wide = to_utf16(text);
  if (!wide) return std::nullopt;
  auto const mapped = normalise(to_lower(map_width(*wide)), nfc());
  if (!mapped) return std::nullopt;
  auto const points = codepoints_of(*mapped);
  if (!are_valid(points, StringClass::identifier) || !keeps_bidi_rule(points)) return std::nullopt;
  return to_utf8(*mapped);
}

std::optional<std::string> prepare_opaque(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (is_plain_ascii(text)) return std::string(text);
  auto const wide = to_utf16(text);
  if (!wide) return std::nullopt;
  // RFC 8265 section 4.2.2: 2. any space becomes U+0020, 4. NFC.
  auto points = codepoints_of(*wide);
  for (auto& c : points)
    if ((U_GET_GC_MASK(c) & U_GC_ZS_MASK) != 0) c = ' ';
  auto const mapped = normalise(to_wide(points), nfc());
  if (!mapped || !are_valid(codepoints_of(*mapped), StringClass::freeform)) return std::nullopt;
  return to_utf8(*mapped);
}

std::optional<std::string> prepare_domain(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  auto lower = lower_ascii(text);
  if (is_ipv6_literal(lower)) return lower;
  bool const unicode = !is_plain_ascii(text) || lower.find("xn--") != std::string::npos;
  if (!unicode) return is_host_name(lower) ? std::optional(lower) : std::nullopt;
  return to_unicode_domain(lower);
}

}  // namespace reveille::xmpp
