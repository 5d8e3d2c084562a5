#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "cedar/json/json_values.h"
#include "cedar/json/policy_json.h"
#include "cedar/syntax/parser_impl.h"
#include "cedar/syntax/print.h"

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprKind;
using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 1> kArg{"arg"};
constexpr std::array<std::string_view, 2> kLeftRight{"left", "right"};
constexpr std::array<std::string_view, 2> kLeftAttr{"left", "attr"};

// How deep JSON may be nested is a matter of the stack too: each operator is two levels of it, and what is
// around the expressions a few.
constexpr std::uint32_t kLongestChain = 1000;
constexpr std::uint32_t kAround = 8;

bool is_among(std::string_view name, Names names) { return std::ranges::find(names, name) != names.end(); }

// Every member that an expression may have.
std::vector<std::string_view> operators() {
  std::vector<std::string_view> names{"Value",   "Var", "!",    "neg", "&&",  "||",     ".",
                                      "isEmpty", "has", "like", "is",  "Set", "Record", "if-then-else"};
  for (int op = 0; op <= static_cast<int>(BinaryOp::kHasTag); ++op)
    names.push_back(ast::spelling(static_cast<BinaryOp>(op)));
  for (const Function& function : functions()) names.push_back(function.name);
  return names;
}

std::optional<BinaryOp> binary_operator(std::string_view name) {
  for (int op = 0; op <= static_cast<int>(BinaryOp::kHasTag); ++op) {
    if (ast::spelling(static_cast<BinaryOp>(op)) == name) return static_cast<BinaryOp>(op);
  }
  return std::nullopt;
}

// Annotations may be named by reserved words.
bool is_annotation_name(std::string_view text) {
  const auto goes_on = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, goes_on);
}

// Functions that read return nullptr or nullopt once `error_` says why; the path tells where the reader is.
class PolicyJsonReader {
 public:
  PolicyJsonReader(const Limits& limits, Arena& arena) : limits_(limits), arena_(arena) {}

  std::optional<ast::Policy> policy(const Json& json) {
    static constexpr std::array<std::string_view, 5> kRequired{"effect", "principal", "action", "resource",
                                                               "conditions"};
    static constexpr std::array<std::string_view, 1> kOptional{"annotations"};
    if (!has_members(json, "a policy", kRequired, kOptional)) return std::nullopt;

    ast::Policy read{};
    const auto effect = word(json, "effect", kEffects);
    if (!effect) return std::nullopt;
    read.effect = *effect == "permit" ? Effect::kPermit : Effect::kForbid;
    const auto notes = annotations(json.find("annotations"));
    if (!notes) return std::nullopt;
    read.annotations = *notes;
    const auto principal = entity_scope(json, "principal");
    if (!principal) return std::nullopt;
    read.principal = *principal;
    const auto action = action_scope(*json.find("action"));
    if (!action) return std::nullopt;
    read.action = *action;
    const auto resource = entity_scope(json, "resource");
    if (!resource) return std::nullopt;
    read.resource = *resource;
    const auto tests = conditions(*json.find("conditions"));
    if (!tests) return std::nullopt;
    read.conditions = *tests;
    return read;
  }

  DataError error() && { return std::move(error_); }

 private:
  static constexpr std::array<std::string_view, 2> kEffects{"permit", "forbid"};

  // A member's name or an element's place, below what is being read.
  using Step = std::variant<std::string_view, std::size_t>;
  class At {
   public:
    At(PolicyJsonReader& reader, Step step) : path_(reader.path_) { path_.push_back(step); }
    At(const At&) = delete;
    At& operator=(const At&) = delete;
    ~At() { path_.pop_back(); }

   private:
    std::vector<Step>& path_;
  };

  // The first one counts. For `return fail(…);`, whatever is returned.
  std::nullptr_t fail(std::string message, std::string help = {}) {
    return fail(DataError{"", std::move(message), std::move(help)});
  }
  std::nullptr_t fail(DataError error) {
    std::string pointer;
    for (const Step& step : path_) {
      const auto* place = std::get_if<std::size_t>(&step);
      pointer += pointer_step(place != nullptr ? std::to_string(*place) : std::string(std::get<0>(step)));
    }
    error.pointer.insert(0, pointer);
    shorten(error);
    error_ = std::move(error);
    return nullptr;
  }

  bool has_members(const Json& json, std::string_view what, Names required, Names optional = {}) {
    auto checked = check_members(json, what, required, optional);
    if (checked) return true;
    fail(std::move(checked).error());
    return false;
  }

  bool is_array(const Json& json, std::string_view what) {
    if (json.is_array()) return true;
    fail("expected an array of " + std::string(what));
    return false;
  }

  // A member that is one of a few words.
  std::optional<std::string_view> word(const Json& json, std::string_view member, Names words) {
    const At at(*this, member);
    const Json& value = *json.find(member);
    if (value.is_string() && is_among(value.text(), words)) return value.text();
    std::string known;
    for (const std::string_view one : words)
      known += (known.empty() ? "" : one == words.back() ? " or " : ", ") + quoted(one);
    fail("expected " + known, value.is_string() ? did_you_mean(value.text(), words) : "");
    return std::nullopt;
  }

  std::optional<std::string_view> string(const Json& json, std::string_view what) {
    if (json.is_string()) return json.text();
    fail("expected " + std::string(what));
    return std::nullopt;
  }

  std::optional<std::string_view> type(const Json& json, std::string_view member) {
    const At at(*this, member);
    const Json& value = *json.find(member);
    if (value.is_string() && is_type_name(value.text())) return value.text();
    fail("expected the name of a type, such as \"User\" or \"App::User\"");
    return std::nullopt;
  }

  // Policies and scopes.

  std::optional<std::span<const ast::Annotation>> annotations(const Json* json) {
    const At at(*this, "annotations");
    if (json == nullptr) return std::span<const ast::Annotation>();
    if (!json->is_object()) {
      fail("expected an object of annotations");
      return std::nullopt;
    }
    std::vector<ast::Annotation> found;
    for (const auto& [name, place, value] : json->members()) {
      const At at_name(*this, name);
      if (!is_annotation_name(name)) {
        fail(in_backticks(name) + " cannot be the name of an annotation",
             "letters, digits and `_`, not beginning with a digit");
        return std::nullopt;
      }
      const bool bare = value.kind() == Json::Kind::kNull;
      if (!bare && !string(value, "a string, or null for an annotation without a value")) return std::nullopt;
      found.push_back({name, bare ? "" : value.text(), {}, bare});
    }
    return arena_.copy_of(found);
  }

  // {"op": "All"}; the lower-case form is an alias.
  static std::string_view operator_of(std::string_view written) { return written == "all" ? "All" : written; }

  std::optional<ast::EntityScope> entity_scope(const Json& policy, std::string_view variable) {
    static constexpr std::array<std::string_view, 5> kOperators{"All", "all", "==", "in", "is"};
    static constexpr std::array<std::string_view, 1> kOp{"op"};
    static constexpr std::array<std::string_view, 2> kIs{"op", "entity_type"};
    static constexpr std::array<std::string_view, 1> kIn{"in"};
    static constexpr std::array<std::string_view, 4> kAll{"entity", "slot", "entity_type", "in"};
    const At at(*this, variable);
    const Json& json = *policy.find(variable);
    if (!has_members(json, "a scope", kOp, kAll)) return std::nullopt;
    const auto written = word(json, "op", kOperators);
    if (!written) return std::nullopt;
    const std::string_view op = operator_of(*written);
    ast::EntityScope scope;
    if (op == "All") {
      if (!has_members(json, "the scope \"All\"", kOp)) return std::nullopt;
      return scope;
    }
    if (op != "is") {
      scope.kind = op == "==" ? ast::ScopeKind::kEqual : ast::ScopeKind::kIn;
      if (!entity_or_slot(json, kOp, variable, scope)) return std::nullopt;
      return scope;
    }
    if (!has_members(json, "the scope \"is\"", kIs, kIn)) return std::nullopt;
    const auto name = type(json, "entity_type");
    if (!name) return std::nullopt;
    scope.type = *name;
    scope.kind = ast::ScopeKind::kIs;
    const Json* ancestor = json.find("in");
    if (ancestor == nullptr) return scope;
    scope.kind = ast::ScopeKind::kIsIn;
    const At at_in(*this, "in");
    if (!entity_or_slot(*ancestor, {}, variable, scope)) return std::nullopt;
    return scope;
  }

  bool entity_or_slot(const Json& json, Names beside, std::string_view variable, ast::EntityScope& scope) {
    static constexpr std::array<std::string_view, 2> kEither{"entity", "slot"};
    if (!has_members(json, "the scope", beside, kEither)) return false;
    const Json* entity = json.find("entity");
    const Json* slot = json.find("slot");
    if ((entity == nullptr) == (slot == nullptr)) {
      fail("either `entity` or `slot` is needed here",
           R"("entity": {"type": "User", "id": "alice"}, or "slot": "?)" + std::string(variable) + "\"");
      return false;
    }
    if (entity != nullptr) {
      const At at(*this, "entity");
      scope.entity = uid(*entity);
      return scope.entity != nullptr;
    }
    const std::string known = "?" + std::string(variable);
    const std::array<std::string_view, 1> slots{known};
    scope.slot = true;
    return word(json, "slot", slots).has_value();
  }

  const Uid* uid(const Json& json) {
    auto read = JsonReader(arena_, limits_).uid(json);
    if (!read) return fail(std::move(read).error());
    return arena_.make<Uid>(*read);
  }

  const Uid* action_uid(const Json& json) {
    const Uid* action = uid(json);
    if (action == nullptr) return nullptr;
    if (action->type != "Action" && !action->type.ends_with("::Action"))
      return fail(in_backticks(action->type) + " is not a type of actions",
                  "an action's type is \"Action\", perhaps with a namespace: \"App::Action\"");
    return action;
  }

  std::optional<ast::ActionScope> action_scope(const Json& json) {
    static constexpr std::array<std::string_view, 4> kOperators{"All", "all", "==", "in"};
    static constexpr std::array<std::string_view, 1> kOp{"op"};
    static constexpr std::array<std::string_view, 2> kOne{"op", "entity"};
    static constexpr std::array<std::string_view, 2> kMany{"op", "entities"};
    static constexpr std::array<std::string_view, 4> kAll{"entity", "entities", "slot", "entity_type"};
    const At at(*this, "action");
    if (!has_members(json, "a scope", kOp, kAll)) return std::nullopt;
    const auto written = word(json, "op", kOperators);
    if (!written) return std::nullopt;
    const std::string_view op = operator_of(*written);
    ast::ActionScope scope;
    if (op == "All") {
      if (!has_members(json, "the scope \"All\"", kOp)) return std::nullopt;
      return scope;
    }
    const bool many = op == "in" && json.find("entities") != nullptr;
    if (!has_members(json, "the scope of an action", many ? kMany : kOne)) return std::nullopt;
    scope.kind = op == "==" ? ast::ScopeKind::kEqual : ast::ScopeKind::kIn;
    std::vector<const Uid*> actions;
    if (!many) {
      const At at_entity(*this, "entity");
      actions.push_back(action_uid(*json.find("entity")));
      if (actions.back() == nullptr) return std::nullopt;
    } else {
      const At at_entities(*this, "entities");
      const Json& list = *json.find("entities");
      if (!is_array(list, "actions")) return std::nullopt;
      for (std::size_t i = 0; i < list.elements().size(); ++i) {
        const At at_one(*this, i);
        actions.push_back(action_uid(list.elements()[i]));
        if (actions.back() == nullptr) return std::nullopt;
      }
    }
    scope.actions = arena_.copy_of(actions);
    return scope;
  }

  std::optional<std::span<const ast::Condition>> conditions(const Json& json) {
    static constexpr std::array<std::string_view, 2> kMembers{"kind", "body"};
    static constexpr std::array<std::string_view, 2> kKinds{"when", "unless"};
    const At at(*this, "conditions");
    if (!is_array(json, "conditions")) return std::nullopt;
    std::vector<ast::Condition> found;
    for (std::size_t i = 0; i < json.elements().size(); ++i) {
      const At at_one(*this, i);
      const Json& one = json.elements()[i];
      if (!has_members(one, "a condition", kMembers)) return std::nullopt;
      const auto kind = word(one, "kind", kKinds);
      if (!kind) return std::nullopt;
      const Expr* body = member(one, "body");
      if (body == nullptr) return std::nullopt;
      found.push_back({*kind == "unless", body, {}});
    }
    return arena_.copy_of(found);
  }

  // Expressions.

  template <typename Node, typename... Members>
  const Expr* node(ExprKind kind, std::uint32_t children_height, Members... members) {
    if (children_height >= limits_.depth) return too_deep();
    return arena_.make<Node>(Expr{kind, children_height + 1, {}}, members...);
  }
  const Expr* literal(Value value) { return node<ast::Literal>(ExprKind::kLiteral, 0, value); }

  std::nullptr_t too_deep() {
    return fail("nested more than " + std::to_string(limits_.depth) + " deep",
                "`&&` and `||` may nest deeper, to the left");
  }

  static std::uint32_t tallest(std::span<const Expr* const> nodes) {
    std::uint32_t height = 0;
    for (const Expr* one : nodes) height = std::max(height, one->height);
    return height;
  }

  // The expression that is a member of what is being read.
  const Expr* member(const Json& json, std::string_view name) {
    const At at(*this, name);
    return expr(*json.find(name));
  }

  const Expr* expr(const Json& json) {
    if (!json.is_object() || json.members().size() != 1) {
      return fail("an expression is an object with one member, which says what it is",
                  R"(such as {"Var": "principal"}, {"Value": 1}, or {"==": {"left": …, "right": …}})");
    }
    if (depth_ >= limits_.depth) return too_deep();
    ++depth_;
    const auto& [op, place, body] = json.members().front();
    const At at(*this, op);
    const Expr* read = operation(op, body);
    --depth_;
    return read;
  }

  const Expr* operation(std::string_view op, const Json& body) {
    if (op == "Value") return value_at_depth(body);
    if (op == "Var") return variable(body);
    if (op == "!") return unary(ExprKind::kNot, body);
    if (op == "neg") return unary(ExprKind::kNegate, body);
    if (op == "isEmpty") return unary(ExprKind::kIsEmpty, body);
    if (op == "&&") return chain(ExprKind::kAnd, body);
    if (op == "||") return chain(ExprKind::kOr, body);
    if (op == ".") return get(body);
    if (op == "has") return has(body);
    if (op == "like") return like(body);
    if (op == "is") return is(body);
    if (op == "if-then-else") return choice(body);
    if (op == "Set") return set(body);
    if (op == "Record") return record(body);
    if (op == "Slot") return fail("slots such as ?principal stand only in the scope of a template");
    if (op == "Unknown" || op == "unknown")
      return fail("an unknown is the outcome of a partial evaluation, and no part of a policy");
    if (const auto known = binary_operator(op)) return binary(*known, body);
    if (const Function* function = find_function(op)) return call(*function, body);
    return fail("there is no operator or function " + in_backticks(op), did_you_mean(op, operators()));
  }

  const Expr* variable(const Json& json) {
    const auto* found =
        json.is_string() ? std::ranges::find(ast::kVariableNames, json.text()) : ast::kVariableNames.end();
    if (found == ast::kVariableNames.end()) {
      return fail("variables are principal, action, resource and context",
                  json.is_string() ? did_you_mean(json.text(), ast::kVariableNames) : "");
    }
    return node<ast::VariableRef>(ExprKind::kVariable, 0,
                                  static_cast<ast::Variable>(found - ast::kVariableNames.begin()));
  }

  const Expr* unary(ExprKind kind, const Json& json) {
    if (!has_members(json, "this operator", kArg)) return nullptr;
    const Expr* operand = member(json, "arg");
    return operand == nullptr ? nullptr : node<ast::Unary>(kind, operand->height, operand);
  }

  const Expr* binary(BinaryOp op, const Json& json) {
    if (!has_members(json, "this operator", kLeftRight)) return nullptr;
    const Expr* left = member(json, "left");
    const Expr* right = left == nullptr ? nullptr : member(json, "right");
    if (right == nullptr) return nullptr;
    return node<ast::Binary>(ExprKind::kBinary, std::max(left->height, right->height), op, left, right);
  }

  // What nests to the left is one chain, as in text, however long it is.
  const Expr* chain(ExprKind kind, const Json& json) {
    const std::string_view op = kind == ExprKind::kAnd ? "&&" : "||";
    std::vector<const Json*> levels;
    const std::size_t path_before = path_.size();
    const Json* first = nullptr;
    for (const Json* level = &json; first == nullptr;) {
      if (!has_members(*level, "this operator", kLeftRight)) return cut(path_before);
      levels.push_back(level);
      const Json& left = *level->find("left");
      path_.emplace_back("left");
      if (left.is_object() && left.members().size() == 1 && left.members().front().name == op) {
        path_.emplace_back(op);
        level = &left.members().front().value;
      } else {
        first = &left;
      }
    }
    std::vector<const Expr*> operands{expr(*first)};
    path_.pop_back();
    while (operands.back() != nullptr && !levels.empty()) {
      operands.push_back(member(*levels.back(), "right"));
      levels.pop_back();
      path_.resize(levels.empty() ? path_before : path_.size() - 2);
    }
    if (operands.back() == nullptr) return cut(path_before);
    return node<ast::Logic>(kind, tallest(operands), arena_.copy_of(operands));
  }

  // After a failure, which has its pointer already.
  const Expr* cut(std::size_t path_size) {
    path_.resize(path_size);
    return nullptr;
  }

  const Expr* choice(const Json& json) {
    static constexpr std::array<std::string_view, 3> kMembers{"if", "then", "else"};
    if (!has_members(json, "this operator", kMembers)) return nullptr;
    std::array<const Expr*, 3> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts.at(i) = member(json, kMembers.at(i));
      if (parts.at(i) == nullptr) return nullptr;
    }
    return node<ast::If>(ExprKind::kIf, tallest(parts), parts[0], parts[1], parts[2]);
  }

  const Expr* get_of(const Expr* operand, std::string_view name) {
    return node<ast::Get>(ExprKind::kGet, operand->height, operand, name);
  }

  const Expr* get(const Json& json) {
    if (!has_members(json, "this operator", kLeftAttr)) return nullptr;
    const Expr* operand = member(json, "left");
    if (operand == nullptr) return nullptr;
    const At at(*this, "attr");
    const auto name = string(*json.find("attr"), "the name of an attribute");
    return name ? get_of(operand, *name) : nullptr;
  }

  const Expr* has(const Json& json) {
    if (!has_members(json, "this operator", kLeftAttr)) return nullptr;
    const Expr* operand = member(json, "left");
    if (operand == nullptr) return nullptr;
    const At at(*this, "attr");
    const Json& attr = *json.find("attr");
    std::vector<std::string_view> path;
    if (attr.is_string()) path.push_back(attr.text());
    for (std::size_t i = 0; attr.is_array() && i < attr.elements().size(); ++i) {
      const At at_one(*this, i);
      const auto name = string(attr.elements()[i], "the name of an attribute");
      if (!name) return nullptr;
      path.push_back(*name);
    }
    if (path.empty()) return fail("expected the name of an attribute, or a path of names in an array");
    return has_path(operand, path);
  }

  // Text has paths of identifiers only: others are tested step by step, which is what a path means.
  const Expr* has_path(const Expr* operand, std::span<const std::string_view> path) {
    const bool plain = path.size() == 1 || std::ranges::all_of(path, is_identifier);
    if (plain) {
      const auto height = operand->height + static_cast<std::uint32_t>(path.size() - 1);
      return node<ast::Has>(ExprKind::kHas, height, operand, Names(arena_.copy_of(path)));
    }
    std::vector<const Expr*> steps;
    for (const std::string_view& name : path) {
      steps.push_back(node<ast::Has>(ExprKind::kHas, operand->height, operand,
                                     Names(arena_.copy_of(std::span(&name, 1)))));
      operand = steps.back() == nullptr ? nullptr : get_of(operand, name);
      if (operand == nullptr) return nullptr;
    }
    return node<ast::Logic>(ExprKind::kAnd, tallest(steps), arena_.copy_of(steps));
  }

  const Expr* like(const Json& json) {
    static constexpr std::array<std::string_view, 2> kMembers{"left", "pattern"};
    if (!has_members(json, "this operator", kMembers)) return nullptr;
    const Expr* operand = member(json, "left");
    if (operand == nullptr) return nullptr;
    const At at(*this, "pattern");
    const Json& elements = *json.find("pattern");
    if (!is_array(elements, R"("Wildcard" and {"Literal": "text"})")) return nullptr;
    std::vector<std::string_view> pieces;
    std::string piece;
    for (std::size_t i = 0; i < elements.elements().size(); ++i) {
      const At at_one(*this, i);
      const Json& element = elements.elements()[i];
      if (element.is_string() && element.text() == "Wildcard") {
        pieces.push_back(arena_.copy(piece));
        piece.clear();
        continue;
      }
      const Json* text = element.find("Literal");
      if (text == nullptr || !text->is_string() || element.members().size() != 1)
        return fail(R"(an element of a pattern is "Wildcard" or {"Literal": "text"})");
      piece += text->text();
    }
    pieces.push_back(arena_.copy(piece));
    return node<ast::Like>(ExprKind::kLike, operand->height, operand, Pattern{Names(arena_.copy_of(pieces))});
  }

  const Expr* is(const Json& json) {
    static constexpr std::array<std::string_view, 2> kMembers{"left", "entity_type"};
    static constexpr std::array<std::string_view, 1> kOptional{"in"};
    if (!has_members(json, "this operator", kMembers, kOptional)) return nullptr;
    const Expr* operand = member(json, "left");
    if (operand == nullptr) return nullptr;
    const auto name = type(json, "entity_type");
    if (!name) return nullptr;
    const Expr* ancestor = nullptr;
    if (json.find("in") != nullptr) {
      ancestor = member(json, "in");
      if (ancestor == nullptr) return nullptr;
    }
    const std::uint32_t height = std::max(operand->height, ancestor == nullptr ? 0U : ancestor->height);
    return node<ast::Is>(ExprKind::kIs, height, operand, *name, ancestor);
  }

  const Expr* set(const Json& json) {
    if (!is_array(json, "expressions")) return nullptr;
    const auto elements = all(json, [this](const Json& one) { return expr(one); });
    if (!elements) return nullptr;
    return node<ast::SetExpr>(ExprKind::kSet, tallest(*elements), *elements);
  }

  const Expr* record(const Json& json) {
    if (!json.is_object()) return fail("expected an object of expressions");
    return fields(json, [this](const Json& one) { return expr(one); });
  }

  const Expr* call(const Function& function, const Json& json) {
    if (!is_array(json, "arguments")) return nullptr;
    return call(function, json, [this](const Json& one) { return expr(one); });
  }

  // How many arguments a function has is a matter of evaluation; only a method's receiver must be there.
  template <typename Read>
  const Expr* call(const Function& function, const Json& json, const Read& read) {
    if (function.method && json.elements().empty())
      return fail(in_backticks(function.name) + " is a method, whose first argument is what it is called on");
    const auto arguments = all(json, read);
    if (!arguments) return nullptr;
    return node<ast::Call>(ExprKind::kCall, tallest(*arguments), &function, *arguments);
  }

  template <typename Read>
  std::optional<std::span<const Expr*>> all(const Json& json, const Read& read) {
    const std::span<const Expr*> elements = arena_.array<const Expr*>(json.elements().size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const At at(*this, i);
      elements[i] = read(json.elements()[i]);
      if (elements[i] == nullptr) return std::nullopt;
    }
    return elements;
  }

  template <typename Read>
  const Expr* fields(const Json& json, const Read& read) {
    const std::span<ast::RecordField> fields = arena_.array<ast::RecordField>(json.members().size());
    std::uint32_t height = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const Json::Member& one = json.members()[i];
      const At at(*this, one.name);
      fields[i] = {one.name, {}, read(one.value)};
      if (fields[i].value == nullptr) return nullptr;
      height = std::max(height, fields[i].value->height);
    }
    return node<ast::RecordExpr>(ExprKind::kRecord, height, std::span<const ast::RecordField>(fields));
  }

  // What stands in {"Value": …}: as in entities JSON, but that extension values stay calls, so that a wrong
  // one is an error of evaluation, as in text.
  const Expr* value(const Json& json) {
    if (depth_ >= limits_.depth) return too_deep();
    ++depth_;
    const Expr* read = value_at_depth(json);
    --depth_;
    return read;
  }

  const Expr* value_at_depth(const Json& json) {
    const auto one = [this](const Json& inner) { return value(inner); };
    if (json.is_array()) {
      const auto elements = all(json, one);
      return elements ? node<ast::SetExpr>(ExprKind::kSet, tallest(*elements), *elements) : nullptr;
    }
    if (json.is_object()) {
      const Json* extension = json.find("__extn");
      if (extension != nullptr && json.members().size() == 1) return extension_call(*extension);
      if (extension == nullptr && json.find("__entity") == nullptr && json.find("__expr") == nullptr)
        return fields(json, one);
    }
    auto read = JsonReader(arena_, limits_).value(json);
    if (!read) return fail(std::move(read).error());
    return literal(*read);
  }

  const Expr* extension_call(const Json& json) {
    const At at(*this, "__extn");
    const Json* name = json.find("fn");
    const Json* single = json.find("arg");
    const Json* many = json.find("args");
    const bool shaped = name != nullptr && name->is_string() && json.members().size() == 2 &&
                        (single != nullptr || (many != nullptr && many->is_array()));
    if (!shaped) return fail(R"(an extension value is written {"fn": "ip", "arg": "10.0.0.1"})");
    const Function* function = find_function(name->text());
    if (function == nullptr) {
      std::vector<std::string_view> names;
      for (const Function& known : functions()) names.push_back(known.name);
      return fail("there is no function " + in_backticks(name->text()), did_you_mean(name->text(), names));
    }
    const auto one = [this](const Json& inner) { return value(inner); };
    if (many != nullptr) {
      const At at_args(*this, "args");
      return call(*function, *many, one);
    }
    const At at_arg(*this, "arg");
    const std::array<const Expr*, 1> argument{value(*single)};
    if (argument[0] == nullptr) return nullptr;
    return node<ast::Call>(ExprKind::kCall, argument[0]->height, function, arena_.copy_of(argument));
  }

  const Limits& limits_;
  Arena& arena_;
  std::vector<Step> path_;
  std::uint32_t depth_ = 0;
  DataError error_;
};

}  // namespace

std::expected<Json, DataError> parse_policy_json_text(std::string_view text, const Limits& limits,
                                                      Arena& arena) {
  return parse_json_data(text, limits, 2 * (limits.depth + kLongestChain) + kAround, arena);
}

std::expected<ast::Policy, DataError> read_policy_json(const Json& json, const Limits& limits, Arena& arena) {
  PolicyJsonReader reader(limits, arena);
  auto read = reader.policy(json);
  if (!read) return std::unexpected(std::move(reader).error());
  return *read;
}

std::expected<SlotValues, DataError> read_slot_values(const Json& json, const Limits& limits, Arena& arena) {
  static constexpr std::array<std::string_view, 2> kSlots{"?principal", "?resource"};
  if (const auto checked = check_members(json, "an object of slots", {}, kSlots); !checked)
    return std::unexpected(checked.error());
  SlotValues values;
  for (const auto& [slot, place, entity] : json.members()) {
    auto uid = JsonReader(arena, limits).uid(entity);
    if (!uid) return below(slot, std::move(uid).error());
    (slot == "?principal" ? values.principal : values.resource)
        .emplace(std::string(uid->type), std::string(uid->id));
  }
  return values;
}

std::expected<void, DataError> check_members(const Json& json, std::string_view what, Names required,
                                             Names optional) {
  if (!json.is_object())
    return std::unexpected(DataError{"", std::string(what) + " is expected here, as an object"});
  for (const Json::Member& member : json.members()) {
    if (is_among(member.name, required) || is_among(member.name, optional)) continue;
    std::vector<std::string_view> known(required.begin(), required.end());
    known.insert(known.end(), optional.begin(), optional.end());
    return below(member.name, {"", std::string(what) + " has no member " + in_backticks(member.name),
                               did_you_mean(member.name, known)});
  }
  for (const std::string_view needed : required) {
    if (json.find(needed) == nullptr)
      return std::unexpected(DataError{"", std::string(what) + " needs the member " + in_backticks(needed)});
  }
  return {};
}

}  // namespace cedar
