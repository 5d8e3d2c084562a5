// The Cedar syntax of schemas.

#include "cedar/schema/schema_parser.h"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_set>

#include "cedar/syntax/parser.h"
#include "cedar/syntax/parser_impl.h"
#include "cedar/syntax/token_reader.h"

namespace cedar {
namespace {

using namespace schema_ast;

constexpr std::array<std::string_view, 2> kOfActions{"in", "appliesTo"};
constexpr std::array<std::string_view, 5> kDeclarations{"entity", "action", "type", "namespace", "external"};

class SchemaParser : private TokenReader {
 public:
  SchemaParser(std::string_view text, const Limits& limits, Arena& arena, DiagnosticSink& sink)
      : TokenReader(text, sink, Dialect::kSchema), limits_(limits), arena_(arena) {}

  schema_ast::Tree schema() {
    schema_ast::Tree parsed;
    Namespace outside;
    while (!at(TokenKind::kEnd) && !sink_.full()) {
      const std::uint32_t begin = peek().span.begin;
      const auto notes = annotations();
      bool good = notes.has_value();
      if (good && at_word("namespace")) {
        good = space(*notes, parsed);
      } else if (good) {
        good = declaration(*notes, outside);
      }
      if (good) continue;
      recover(begin, 0);
      if (take_if(TokenKind::kRightBrace)) set_braces(0);  // of what went wrong before it
    }
    parsed.push_back(std::move(outside));
    return parsed;
  }

 private:
  bool space(std::span<const Annotation> notes, schema_ast::Tree& parsed) {
    take();
    Namespace made;
    made.annotations = notes;
    const auto name = path("the name of the namespace");
    if (!name || !expect(TokenKind::kLeftBrace, "`{`")) return false;
    made.name = name->name;
    made.span = name->span;
    while (!at(TokenKind::kRightBrace) && !at(TokenKind::kEnd) && !sink_.full()) {
      const std::uint32_t begin = peek().span.begin;
      const auto inner_notes = annotations();
      if (inner_notes && at_word("namespace")) {
        unexpected("`entity`, `action`, `type` or `}`", "namespaces do not nest; write namespace A::B { … }");
        break;
      }
      if (!inner_notes || !declaration(*inner_notes, made)) recover(begin, 1);
    }
    if (!at_word("namespace")) expect(TokenKind::kRightBrace, "`entity`, `action`, `type` or `}`");
    set_braces(0);
    if (!spaces_.insert(made.name).second) {
      sink_.report(made.span, "the namespace `" + std::string(made.name) + "` is declared twice",
                   "put its declarations into one");
      return true;
    }
    parsed.push_back(std::move(made));
    return true;
  }

  // False: went wrong, was reported.
  bool declaration(std::span<const Annotation> notes, Namespace& into) {
    if (declarations_++ >= limits_.declarations) {
      if (declarations_ == limits_.declarations + 1)
        sink_.report(peek().span, "more than " + std::to_string(limits_.declarations) + " declarations");
      return false;
    }
    const bool external = take_word("external");
    if (at_word("entity")) return entity(notes, external, into);
    if (at_word("action")) return action(notes, external, into);
    if (external) {
      unexpected("`entity` or `action`", at_word("type") ? "there are no external common types" : "");
      return false;
    }
    if (at_word("type")) return common(notes, into);
    std::string help = at(TokenKind::kIdentifier) ? did_you_mean(peek().text, kDeclarations) : "";
    if (at(TokenKind::kLeftBrace)) help = "this may be a schema in JSON syntax";
    unexpected("`entity`, `action`, `type` or `namespace`", std::move(help));
    return false;
  }

  // To the end of the declaration that failed, which began at `begin`: past its `;`, or up to what can only
  // start another one or end the namespace. Always gets on, or stands at the `}` that the caller takes.
  void recover(std::uint32_t begin, int home) {
    while (!at(TokenKind::kEnd)) {
      if (braces() <= home &&
          (at(TokenKind::kRightBrace) || (peek().span.begin != begin && at_declaration())))
        break;
      const bool ends = take_if(TokenKind::kSemicolon);
      if (!ends) take();
      // Deep inside, what follows a `;` is the only sign that a brace was forgotten.
      if (ends && (braces() <= home || at_declaration())) break;
    }
    set_braces(home);
  }

  bool at_declaration() const {
    if (at(TokenKind::kAt)) return true;
    return at(TokenKind::kIdentifier) &&
           std::ranges::find(kDeclarations, peek().text) != kDeclarations.end() &&
           (ahead().kind == TokenKind::kIdentifier || ahead().kind == TokenKind::kString);
  }

  bool entity(std::span<const Annotation> notes, bool external, Namespace& into) {
    take();
    EntityDecl made;
    made.annotations = notes;
    made.is_external = external;
    std::vector<NameRef> names;
    if (!list([&] { return add(identifier("the name of an entity type"), names); })) return false;

    if (!external && take_word("enum")) {
      std::vector<std::string_view> ids;
      if (!expect(TokenKind::kLeftBracket, "`[` and the ids")) return false;
      if (!list([&] { return add(string("an id in double quotes"), ids); })) return false;
      if (!expect(TokenKind::kRightBracket, "`,` or `]`")) return false;
      made.is_enumerated = true;
      made.ids = arena_.copy_of(ids);
    } else {
      if (take_word("in")) {
        const auto parents = entity_types("a parent type, or a list of them");
        if (!parents) return false;
        made.parents = *parents;
      }
      const bool assigned = !external && take_if(TokenKind::kAssign);
      if (assigned || (!external && at(TokenKind::kLeftBrace))) {
        if (!at(TokenKind::kLeftBrace)) {
          unexpected("`{` and the attributes",
                     "an entity's attributes are written out, also those of a common type");
          return false;
        }
        made.shape = type();
        if (made.shape == nullptr) return false;
      }
      if (!external && take_word("tags")) {
        made.tags = type();
        if (made.tags == nullptr) return false;
      }
    }
    if (!expect(TokenKind::kSemicolon, after_entity(made))) return false;
    for (const NameRef& name : names) {
      made.name = name.name;
      made.span = name.span;
      into.entities.push_back(made);
    }
    return true;
  }

  static std::string_view after_entity(const EntityDecl& made) {
    if (made.is_external) return made.parents.data() == nullptr ? "`in` or `;`" : "`;`";
    if (made.is_enumerated || made.tags != nullptr) return "`;`";
    if (made.shape != nullptr) return "`tags` or `;`";
    return made.parents.data() == nullptr ? "`in`, `{`, `tags`, `enum` or `;`" : "`{`, `tags` or `;`";
  }

  bool common(std::span<const Annotation> notes, Namespace& into) {
    take();
    CommonDecl made;
    made.annotations = notes;
    const auto name = identifier("the name of a common type");
    if (!name) return false;
    if (!take_if(TokenKind::kAssign)) {
      unexpected("`=`", "a common type is written `type Name = Long;`");
      return false;
    }
    made.name = name->name;
    made.span = name->span;
    made.type = type();
    if (made.type == nullptr || !expect(TokenKind::kSemicolon, "`;`")) return false;
    into.commons.push_back(made);
    return true;
  }

  bool action(std::span<const Annotation> notes, bool external, Namespace& into) {
    take();
    ActionDecl made;
    made.annotations = notes;
    made.is_external = external;
    std::vector<NameRef> names;
    if (!list([&] { return add(name_or_string("the name of an action"), names); })) return false;

    if (take_word("in")) {
      std::vector<ActionRef> parents;
      const bool bracket = take_if(TokenKind::kLeftBracket);
      const auto one = [&] { return add(action_ref(), parents); };
      if (bracket ? !list(one) || !expect(TokenKind::kRightBracket, "`,` or `]`") : !one()) return false;
      made.parents = std::span<const ActionRef>(arena_.copy_of(parents));
    }
    if (!external && take_word("appliesTo") && !applies_to(made, names.front())) return false;
    if (!external && take_word("attributes")) {
      if (!expect(TokenKind::kLeftBrace, "`{`")) return false;
      if (!at(TokenKind::kRightBrace)) {
        unexpected("`}`", "actions have no attributes");
        return false;
      }
      take();
    }
    if (!at(TokenKind::kSemicolon)) {
      if (external) {
        unexpected(
            made.parents ? "`;`" : "`in` or `;`",
            at_word("appliesTo") ? "what an external action applies to is said where it is defined" : "");
        return false;
      }
      unexpected(made.applies ? "`;`" : "`in`, `appliesTo` or `;`",
                 at(TokenKind::kLeftBrace)    ? "write appliesTo { … }"
                 : at(TokenKind::kIdentifier) ? did_you_mean(peek().text, kOfActions)
                                              : "");
      return false;
    }
    take();
    for (const NameRef& name : names) {
      made.id = name.name;
      made.span = name.span;
      into.actions.push_back(made);
    }
    return true;
  }

  bool applies_to(ActionDecl& made, const NameRef& name) {
    static constexpr std::array<std::string_view, 3> kWords{"principal", "resource", "context"};
    if (!expect(TokenKind::kLeftBrace, "`{`")) return false;
    std::array<bool, 3> seen{};
    bool more = true;
    while (more) {
      const auto* word = at(TokenKind::kIdentifier) ? std::ranges::find(kWords, peek().text) : kWords.end();
      if (word == kWords.end()) {
        unexpected("`principal`, `resource` or `context`",
                   at(TokenKind::kIdentifier) ? did_you_mean(peek().text, kWords) : "");
        return false;
      }
      const auto which = static_cast<std::size_t>(word - kWords.begin());
      const Token token = take();
      if (seen.at(which)) {
        sink_.report(token.span, "`" + std::string(token.text) + "` is given twice",
                     which == 2 ? "" : "name several types in a list: [A, B]");
      }
      seen.at(which) = true;
      if (!expect(TokenKind::kColon, "`:`")) return false;
      if (which == 2) {
        made.context = context();
        if (made.context == nullptr) return false;
      } else {
        const std::uint32_t begin = peek().span.begin;
        const auto types = entity_types("an entity type, or a list of them");
        if (!types) return false;
        if (types->empty()) {
          sink_.report(span_from(begin), "no " + std::string(token.text) + " types are given",
                       "an action that applies to nothing has no `appliesTo`");
        }
        (which == 0 ? made.principals : made.resources) = *types;
      }
      more = take_if(TokenKind::kComma) && !at(TokenKind::kRightBrace);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (seen.at(i)) continue;
      sink_.report(name.span,
                   "`appliesTo` of `" + std::string(name.name) + "` does not say which " +
                       std::string(kWords.at(i)) + " types",
                   "add " + std::string(kWords.at(i)) + ": [ … ]");
    }
    made.applies = true;
    return expect(TokenKind::kRightBrace, "`,` or `}`");
  }

  const TypeExpr* context() {
    if (at(TokenKind::kLeftBrace)) return type();
    const auto name = path("`{` or the name of a common type");
    return name ? arena_.make<TypeExpr>(TypeForm::kCommon, name->span, name->name) : nullptr;
  }

  const TypeExpr* type() {
    if (depth_ >= limits_.depth) {
      sink_.report(peek().span, "this type is nested more than " + std::to_string(limits_.depth) + " deep");
      return nullptr;
    }
    ++depth_;
    const TypeExpr* made = nested_type();
    --depth_;
    return made;
  }

  const TypeExpr* nested_type() {
    const std::uint32_t begin = peek().span.begin;
    if (at_word("Set") && ahead().kind == TokenKind::kLess) {
      take();
      take();
      const TypeExpr* element = type();
      if (element == nullptr || !expect(TokenKind::kGreater, "`>`")) return nullptr;
      return arena_.make<TypeExpr>(TypeForm::kSet, span_from(begin), std::string_view(), element);
    }
    if (at(TokenKind::kLeftBrace)) return record();
    const auto name = path("a type");
    return name ? arena_.make<TypeExpr>(TypeForm::kName, name->span, name->name) : nullptr;
  }

  const TypeExpr* record() {
    const std::uint32_t begin = take().span.begin;
    std::vector<Attribute> attributes;
    std::unordered_set<std::string_view> names;
    while (!at(TokenKind::kRightBrace)) {
      Attribute made;
      const auto notes = annotations();
      if (!notes) return nullptr;
      made.annotations = *notes;
      const auto name = name_or_string("the name of an attribute or `}`");
      if (!name) return nullptr;
      made.name = name->name;
      made.span = name->span;
      made.required = !take_if(TokenKind::kQuestion);
      if (!expect(TokenKind::kColon, made.required ? "`?` or `:`" : "`:`")) return nullptr;
      made.type = type();
      if (made.type == nullptr) return nullptr;
      if (!names.insert(made.name).second) {
        sink_.report(made.span, "the attribute " + quoted(made.name) + " is declared twice",
                     "remove one of them");
      }
      attributes.push_back(made);
      if (take_if(TokenKind::kComma)) continue;
      if (!at(TokenKind::kRightBrace)) {
        unexpected("`,` or `}`");
        return nullptr;
      }
    }
    take();
    return arena_.make<TypeExpr>(TypeForm::kRecord, span_from(begin), std::string_view(), nullptr,
                                 std::span<const Attribute>(arena_.copy_of(attributes)));
  }

  std::optional<std::span<const NameRef>> entity_types(std::string_view what) {
    std::vector<NameRef> names;
    const auto one = [&] { return add(path(what), names); };
    if (!take_if(TokenKind::kLeftBracket)) {
      if (!one()) return std::nullopt;
    } else if (!at(TokenKind::kRightBracket)) {
      if (!list(one)) return std::nullopt;
      if (!expect(TokenKind::kRightBracket, "`,` or `]`")) return std::nullopt;
    } else {
      take();
    }
    return arena_.copy_of(names);
  }

  std::optional<std::span<const Annotation>> annotations() {
    std::vector<Annotation> found;
    std::unordered_set<std::string_view> names;
    while (at(TokenKind::kAt)) {
      const std::uint32_t begin = take().span.begin;
      if (!at(TokenKind::kIdentifier)) {
        unexpected("the name of an annotation");
        return std::nullopt;
      }
      Annotation made{take().text, std::nullopt};
      if (take_if(TokenKind::kLeftParen)) {
        made.value = string("a string");
        if (!made.value || !expect(TokenKind::kRightParen, "`)`")) return std::nullopt;
      }
      if (!names.insert(made.name).second) {
        sink_.report(span_from(begin), "there are two annotations `@" + std::string(made.name) + "`",
                     "remove one of them");
      }
      found.push_back(made);
    }
    return arena_.copy_of(found);
  }

  std::optional<ActionRef> action_ref() {
    const std::uint32_t begin = peek().span.begin;
    if (at(TokenKind::kString)) {
      const auto id = string("an action");
      if (!id) return std::nullopt;
      return ActionRef{{}, *id, span_from(begin)};
    }
    std::string joined;
    bool qualified = false;
    while (true) {
      const auto name = identifier(qualified ? "a name or an id in double quotes" : "an action");
      if (!name) return std::nullopt;
      joined += name->name;
      if (!take_if(TokenKind::kPathSeparator)) break;
      if (at(TokenKind::kString)) {
        const auto id = string("an id");
        if (!id) return std::nullopt;
        return ActionRef{arena_.copy(joined), *id, span_from(begin)};
      }
      qualified = true;
      joined += "::";
    }
    if (!qualified) return ActionRef{{}, arena_.copy(joined), span_from(begin)};
    unexpected("`::` and the action's id in double quotes",
               "an action elsewhere is written App::Action::\"view\"");
    return std::nullopt;
  }

  std::optional<NameRef> path(std::string_view what) {
    const std::uint32_t begin = peek().span.begin;
    const auto first = identifier(what);
    if (!first || !at(TokenKind::kPathSeparator)) return first;
    std::string joined(first->name);
    while (take_if(TokenKind::kPathSeparator)) {
      const auto next = identifier("a name");
      if (!next) return std::nullopt;
      joined.append("::").append(next->name);
    }
    return NameRef{arena_.copy(joined), span_from(begin)};
  }

  // `__cedar` is a name like others here; who may declare it is for the resolver to say.
  std::optional<NameRef> identifier(std::string_view what) {
    if (!at(TokenKind::kIdentifier)) {
      unexpected(what);
      return std::nullopt;
    }
    if (is_reserved(peek().text) && peek().text != "__cedar") {
      unexpected(what, "`" + std::string(peek().text) + "` is a reserved word");
      return std::nullopt;
    }
    const Token token = take();
    return NameRef{token.text, token.span};
  }

  std::optional<std::string_view> string(std::string_view what) {
    if (!at(TokenKind::kString)) {
      unexpected(what);
      return std::nullopt;
    }
    return unescape(take(), arena_, sink_);
  }

  std::optional<NameRef> name_or_string(std::string_view what) {
    if (!at(TokenKind::kString)) return identifier(what);
    const Span span = peek().span;
    const auto text = string(what);
    if (!text) return std::nullopt;
    return NameRef{*text, span};
  }

  template <typename T>
  static bool add(const std::optional<T>& item, std::vector<T>& items) {
    if (item) items.push_back(*item);
    return item.has_value();
  }

  // One or more, between commas.
  template <typename One>
  bool list(const One& one) {
    do {
      if (!one()) return false;
    } while (take_if(TokenKind::kComma));
    return true;
  }

  const Limits& limits_;
  Arena& arena_;
  std::uint32_t depth_ = 0;
  std::uint32_t declarations_ = 0;
  std::unordered_set<std::string_view> spaces_;
};

}  // namespace

schema_ast::Tree parse_schema(std::string_view text, const Limits& limits, Arena& arena,
                              DiagnosticSink& sink) {
  if (!is_acceptable(text, limits, sink)) return {};
  // Names are parts of the text.
  return SchemaParser(arena.copy(text), limits, arena, sink).schema();
}

}  // namespace cedar
