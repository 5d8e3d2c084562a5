// Worlds at random, for tests: a schema, entities, policies, templates with links, and requests that fit each
// other, mostly. A part of everything is wrong on purpose: values of another type, attributes that are not
// guarded, entities that are missing, numbers at the edge, texts that no extension type accepts.
//
// The same seed gives the same worlds. Thread-safety: none.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cedar/authorize.h"

namespace cedar::testing {

struct NamedText {
  std::string id;
  std::string text;
};

struct GeneratedLink {
  std::string template_id;
  std::string id;
  SlotValues values;
};

struct GeneratedRequest {
  EntityUid principal;
  EntityUid action;
  EntityUid resource;
  std::string context;        // JSON
  std::string typed_context;  // another, as typed entities are
};

struct World {
  std::string schema;          // Cedar syntax; always well formed
  std::string schema_json;     // the same in JSON, in any of the forms that JSON has for it
  std::string entities;        // JSON, with explicit escapes, so that it can be read without the schema too
  std::string typed_entities;  // others, with values written as only the schema lets them be understood
  std::vector<NamedText> policies;
  std::vector<NamedText> templates;
  std::vector<NamedText> trees;  // policies in JSON, of which some are none
  std::string text;              // the policies and templates as one text, with comments among them
  std::vector<GeneratedLink> links;
  std::vector<GeneratedRequest> requests;
};

struct WorldSize {
  std::size_t policies = 7;
  std::size_t templates = 2;
  std::size_t requests = 8;
};

World generate_world(std::uint64_t seed, const WorldSize& size = {});

// One schema in parts, each of which declares external what others define (RFC 116), and policies for the
// whole.
struct LinkedWorld {
  std::vector<std::string> schemas;
  std::vector<NamedText> policies;
};

LinkedWorld generate_linked(std::uint64_t seed);

enum class TextKind : std::uint8_t { kPolicies, kSchema, kJson };

// A text in which a few tokens are left out, doubled, swapped, or replaced by others of the language.
std::string mutate_tokens(std::string_view text, TextKind kind, std::uint64_t seed);

// A text in which a few characters are left out, doubled, swapped, or replaced by others. It stays UTF-8.
std::string mutate_characters(std::string_view text, std::uint64_t seed);

// A schema of few names, which hide each other, are declared twice, or not at all; rarely well formed.
std::string wild_schema(std::uint64_t seed);
// The same in JSON.
std::string wild_schema_json(std::uint64_t seed);

}  // namespace cedar::testing
