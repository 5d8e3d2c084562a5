// The values that commands accept, and their forms in the store. Private to the module.
//
// Errors: kInvalid RMT-C012, RMT-C014; from our own rows kInternal RMT-C030.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/types.h"
#include "store/store.h"

namespace remit::catalog {

Result<void> check_destination_name(std::string_view name);
Result<void> check_transport(const snapshot::Transport& transport);
Result<void> check_slot_name(const snapshot::Transport& transport, std::string_view slot);
Result<void> check_slot(const snapshot::Transport& transport, std::string_view slot, std::string_view value);
Result<void> check_bounds(const snapshot::UpstreamBounds& bounds);

// In production another person than the owner of the destination decides. Errors: kForbidden RMT-C031.
Result<void> require_second_person(Environment environment, const HumanId& owner,
                                   const std::optional<HumanId>& person, std::string_view what);

// Sorted and unique. A label is 1–63 of a–z, 0–9 and '-', starting with a letter.
Result<std::vector<std::string>> normal_labels(std::vector<std::string> labels);

std::string address_text(const snapshot::Transport& transport);
std::string labels_text(const std::vector<std::string>& labels);
Result<snapshot::Transport> transport_of(const std::string& address);
Result<std::vector<std::string>> labels_of(const std::string& text);
Result<snapshot::DataClass> data_class_of(const std::string& text);
Result<snapshot::Effect> effect_of(const std::string& text);
// Of the three columns from `first` on: open_seconds, answer_seconds, max_answer_bytes.
snapshot::UpstreamBounds bounds_of(const store::Row& row, std::size_t first);
Result<Environment> environment_of(const std::string& text);

}  // namespace remit::catalog
