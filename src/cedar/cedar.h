// Cedar: the policy language, as a library of its own. This is the header to include.
//
//   auto policies = cedar::PolicySet::parse(text);            // or every diagnostic of the text
//   auto entities = cedar::Entities::parse_json(json);        // or what is wrong, and where
//   auto context = cedar::Context::from_json(object);
//   cedar::Request request{{"User", "alice"}, {"Action", "view"}, {"Photo", "beach.jpg"}, *context};
//   cedar::Response response = cedar::authorize(request, *policies, *entities);
//
// Templates and links:
//   cedar::PolicySetBuilder builder;
//   builder.add(text);
//   builder.link("policy3", "alice-reads-d", {.principal = {{"User", "alice"}}, .resource = {{"Doc", "d"}}});
//   cedar::PolicySet policies = std::move(builder).build();
//
// Schemas and validation:
//   auto schema = cedar::Schema::parse(text);
//   cedar::ValidationReport report = cedar::validate(*policies, *schema);
//   auto whole = cedar::Schema::link(schemas);            // what one declares external, another defines
//
// Requests of which not all is known, and why a request is denied:
//   cedar::PartialResponse partial = cedar::partial_authorize({.principal = request.principal}, *policies,
//                                                             *entities);
//   auto nearest = cedar::nearest_permits(cedar::PartialRequest::of(request), *policies, *entities);
//
// The JSON policy format, and layout:
//   auto policies = cedar::PolicySet::parse_json(json);
//   std::string json = policies->to_json();
//   auto formatted = cedar::format(text);                 // comments stay
//
// What policies name, for a check against more than a schema says:
//   for (const auto& name : cedar::names_in(policy)) …
//
// Everything here follows version 4.6 of the language.

#pragma once

#include "cedar/authorize.h"  // IWYU pragma: export
#include "cedar/explain.h"    // IWYU pragma: export
#include "cedar/format.h"     // IWYU pragma: export
#include "cedar/names.h"      // IWYU pragma: export
#include "cedar/partial.h"    // IWYU pragma: export
#include "cedar/schema.h"     // IWYU pragma: export
