// How a refusal is made. Private to the module.

#pragma once

#include "decision/decide.h"

namespace remit::decision {

inline Decision deny(std::int64_t revision, std::string_view code, std::string message) {
  Decision decision;
  decision.verdict = Verdict::kDeny;
  decision.code = code;
  decision.message = std::move(message);
  decision.revision = revision;
  return decision;
}

}  // namespace remit::decision
