#include "identity/person_name.h"

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>

#include "base/utf8.h"

namespace remit::identity {
namespace {

constexpr char32_t kBraillePatternBlank = 0x2800;  // a letter by its category, and a blank to the eye

// What begins an id of Remit's (base/id.h).
constexpr std::array<std::string_view, 14> kIdPrefixes = {"hum_", "svc_", "agt_", "dep_", "crd_",
                                                          "grt_", "kil_", "prc_", "dst_", "tol_",
                                                          "sec_", "pol_", "dec_", "wrt_"};

// What fails here is memory or the library's own data, never the input.
void must(UErrorCode status) {
  if (U_FAILURE(status) != 0) throw std::runtime_error(u_errorName(status));
}

const icu::Normalizer2& nfkc() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const auto* made = icu::Normalizer2::getNFKCInstance(status);
    must(status);
    return made;
  }();
  return *instance;
}

const icu::Normalizer2& nfkc_casefold() {
  static const icu::Normalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const auto* made = icu::Normalizer2::getNFKCCasefoldInstance(status);
    must(status);
    return made;
  }();
  return *instance;
}

icu::UnicodeString normalized(const icu::Normalizer2& form, const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  auto out = form.normalize(text, status);
  must(status);
  return out;
}

struct CloseChecker {
  void operator()(USpoofChecker* checker) const { uspoof_close(checker); }
};

// Configured once; using it from several threads is allowed as long as nobody changes it.
const USpoofChecker* checker() {
  static const std::unique_ptr<USpoofChecker, CloseChecker> instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<USpoofChecker, CloseChecker> made(uspoof_open(&status));
    must(status);
    uspoof_setRestrictionLevel(made.get(), USPOOF_HIGHLY_RESTRICTIVE);
    uspoof_setChecks(
        made.get(),
        USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS | USPOOF_HIDDEN_OVERLAY, &status);
    must(status);
    return made;
  }();
  return instance.get();
}

icu::UnicodeString skeleton_of(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  icu::UnicodeString out;
  uspoof_getSkeletonUnicodeString(checker(), 0, text, out, &status);
  must(status);
  return out;
}

std::string utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

icu::UnicodeString utf16(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
}

// Folded between two skeletons: `I` looks like `l`, and `l` is what `L` is found by.
PersonName forms_of(const icu::UnicodeString& shown) {
  return {.shown = utf8(shown),
          .canonical = utf8(normalized(nfkc_casefold(), shown)),
          .skeleton = utf8(skeleton_of(normalized(nfkc_casefold(), skeleton_of(shown))))};
}

bool is_mark(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0; }

// What has no place in a name, wherever it stands.
std::optional<std::string> hidden_character(const icu::UnicodeString& text) {
  constexpr std::uint32_t kUnfit = U_GC_C_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;
  for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    const bool hidden = u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0 ||
                        (U_GET_GC_MASK(c) & kUnfit) != 0 || static_cast<char32_t>(c) == kBraillePatternBlank;
    if (hidden) return fmt::format("it has the character U+{:04X}, which does not show", c);
  }
  return std::nullopt;
}

std::optional<std::string> wrong_ends(std::string_view shown) {
  const auto at_end = [](char c) { return c == ' ' || c == '.'; };
  if (at_end(shown.front()) || at_end(shown.back())) return "it begins or ends with a space or a dot";
  if (shown.contains("  ")) return "it has two spaces in a row";
  return std::nullopt;
}

std::optional<std::string> mixed(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const auto failed = uspoof_checkUnicodeString(checker(), text, nullptr, &status);
  must(status);
  if (failed == 0) return std::nullopt;
  return "it mixes scripts, digits or marks so that it can be taken for another name";
}

std::optional<std::string> not_a_persons(std::string_view canonical) {
  if (canonical == "operator" || canonical == "remit") return "that is Remit's own name for itself";
  for (const auto prefix : kIdPrefixes)
    if (canonical.starts_with(prefix)) return fmt::format("what begins with `{}` is an id", prefix);
  return std::nullopt;
}

std::optional<std::string> fault_of(const icu::UnicodeString& given, const icu::UnicodeString& shown,
                                    const PersonName& forms) {
  if (reads_as_empty(forms.shown)) return "nothing of it shows";
  if (auto fault = hidden_character(given)) return fault;
  if (auto fault = hidden_character(shown)) return fault;
  if (is_mark(shown.char32At(0))) return "it begins with a mark over nothing";
  if (auto fault = wrong_ends(forms.shown)) return fault;
  if (auto fault = mixed(shown)) return fault;
  return not_a_persons(forms.canonical);
}

bool is_blank(char32_t code_point) {
  const auto c = static_cast<UChar32>(code_point);
  constexpr std::uint32_t kBlank = U_GC_C_MASK | U_GC_Z_MASK | U_GC_MN_MASK | U_GC_ME_MASK;
  return code_point == kBraillePatternBlank || (U_GET_GC_MASK(c) & kBlank) != 0 ||
         u_hasBinaryProperty(c, UCHAR_WHITE_SPACE) != 0 ||
         u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) != 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty())
    if (take_code_point(text) == kNotUtf8) return false;
  return true;
}

}  // namespace

Result<PersonName> read_person_name(std::string_view text) {
  if (!is_utf8(text)) return fail(ErrorKind::kInvalid, "RMT-I006", "the name is not UTF-8");
  const auto given = utf16(text);
  const auto shown = normalized(nfkc(), given);
  auto forms = forms_of(shown);
  if (const auto fault = fault_of(given, shown, forms))
    return fail(ErrorKind::kInvalid, "RMT-I032", "the name is not acceptable: " + *fault);
  return forms;
}

PersonName forms_of_name(std::string_view text) { return forms_of(normalized(nfkc(), utf16(text))); }

std::string canonical_name(std::string_view text) { return utf8(normalized(nfkc_casefold(), utf16(text))); }

bool reads_as_empty(std::string_view text) {
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    if (c == kNotUtf8 || !is_blank(c)) return false;
  }
  return true;
}

}  // namespace remit::identity
