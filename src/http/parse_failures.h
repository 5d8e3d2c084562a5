// The refusals that reading a message can end in. Private to this module.

#pragma once

#include <string>
#include <utility>

#include "http/parser.h"

namespace remit::http {

inline ParseFailure malformed(std::string why) {
  return {400, {ErrorKind::kInvalid, "RMT-H001", "malformed HTTP message: " + std::move(why)}};
}

inline ParseFailure header_too_large(const ParseLimits& limits) {
  return {431,
          {ErrorKind::kTooLarge, "RMT-H002",
           "the header is over " + std::to_string(limits.header_bytes) + " bytes or " +
               std::to_string(limits.fields) + " fields"}};
}

inline ParseFailure body_too_large(const ParseLimits& limits) {
  return {
      413,
      {ErrorKind::kTooLarge, "RMT-H003", "the body is over " + std::to_string(limits.body_bytes) + " bytes"}};
}

inline ParseFailure unsupported_coding() {
  return {
      501,
      {ErrorKind::kInvalid, "RMT-H012", "the only transfer coding that is understood is `chunked`, once"}};
}

inline ParseFailure unsupported_version() {
  return {505, {ErrorKind::kInvalid, "RMT-H011", "only HTTP/1.0 and HTTP/1.1 are understood"}};
}

}  // namespace remit::http
