// Names of people: what one may be called, and when two names are one.
//
// A name is kept as NFKC writes it (UAX #15). It is found by its canonical form (NFKC_Casefold), so that
// capitals and compatibility forms make nobody else of a person, and it is taken where somebody's name has
// the same skeleton (UTS #39 §4): the two cannot be told apart by eye.
//
// Refused: characters that do not show (Default_Ignorable_Code_Point, controls, unassigned and private ones),
// scripts that nobody mixes (UTS #39 §5.2, beyond Highly Restrictive), digits of two systems, a mark over
// nothing, spaces and dots at either end, two spaces in a row, and what is not a name but an id or an actor
// of Remit's own (`hum_…`, `operator`, `remit`).
//
// Thread-safety: pure functions.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace remit::identity {

struct PersonName {
  std::string shown;
  std::string canonical;
  std::string skeleton;
};

// Errors: kInvalid RMT-I032 (what is wrong with it), RMT-I006 (not UTF-8).
Result<PersonName> read_person_name(std::string_view text);

// The three forms of whatever text, acceptable or not: for names of before these rules.
PersonName forms_of_name(std::string_view text);

// What a name is looked up by; of whatever text.
std::string canonical_name(std::string_view text);

// Whether nothing of the text can be seen: spaces, controls, what is ignored by default, blank and combining
// characters alone. Text that is not UTF-8 does not.
bool reads_as_empty(std::string_view text);

}  // namespace remit::identity
