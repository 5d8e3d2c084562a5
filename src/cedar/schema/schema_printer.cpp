// Schemas back to text, in either syntax, from the tree as written.

#include <algorithm>

#include "cedar/json/json.h"
#include "cedar/schema/schema_impl.h"
#include "cedar/syntax/parser_impl.h"

namespace cedar {
namespace {

using namespace schema_ast;

// Absent, or as good as absent.
bool is_empty_record(const TypeExpr* type) {
  return type == nullptr || (type->form == TypeForm::kRecord && type->attributes.empty());
}

bool is_plain_name(std::string_view text) {
  return !text.contains("::") && (text == "__cedar" || is_type_name(text));
}

class CedarPrinter {
 public:
  std::string print(const schema_ast::Tree& tree) {
    for (const Namespace& space : tree) {
      if (space.name.empty()) {
        declarations(space);
        continue;
      }
      gap();
      annotations(space.annotations);
      out_ += "namespace " + std::string(space.name) + " {\n";
      ++level_;
      fresh_ = true;
      declarations(space);
      --level_;
      out_ += "}\n";
      fresh_ = false;
    }
    return std::move(out_);
  }

 private:
  void declarations(const Namespace& space) {
    for (const CommonDecl& common : space.commons) {
      start(common.annotations);
      out_ += "type " + std::string(common.name) + " = ";
      type(*common.type);
      out_ += ";\n";
    }
    for (const EntityDecl& entity : space.entities) {
      start(entity.annotations);
      out_ += (entity.is_external ? "external entity " : "entity ") + std::string(entity.name);
      if (entity.is_enumerated) {
        out_ += " enum [";
        for (std::size_t i = 0; i < entity.ids.size(); ++i)
          out_ += (i == 0 ? "" : ", ") + quoted(entity.ids[i]);
        out_ += "]";
      }
      if (!entity.parents.empty()) {
        out_ += " in ";
        names(entity.parents);
      }
      if (!is_empty_record(entity.shape)) {
        out_ += " = ";
        type(*entity.shape);
      }
      if (entity.tags != nullptr) {
        out_ += " tags ";
        type(*entity.tags);
      }
      out_ += ";\n";
    }
    for (const ActionDecl& action : space.actions) this->action(action);
  }

  void action(const ActionDecl& action) {
    start(action.annotations);
    out_ += (action.is_external ? "external action " : "action ") + name(action.id);
    if (action.parents && !action.parents->empty()) {
      out_ += " in [";
      for (std::size_t i = 0; i < action.parents->size(); ++i) {
        const ActionRef& parent = (*action.parents)[i];
        if (i > 0) out_ += ", ";
        out_ += parent.type.empty() ? name(parent.id) : std::string(parent.type) + "::" + quoted(parent.id);
      }
      out_ += "]";
    }
    // JSON may say that an action applies to nothing, which is what saying nothing means here.
    if (action.applies && !action.principals.empty() && !action.resources.empty()) {
      out_ += " appliesTo {\n";
      ++level_;
      indent();
      out_ += "principal: ";
      names(action.principals);
      out_ += ",\n";
      indent();
      out_ += "resource: ";
      names(action.resources);
      if (!is_empty_record(action.context)) {
        out_ += ",\n";
        indent();
        out_ += "context: ";
        type(*action.context);
      }
      --level_;
      out_ += "\n";
      indent();
      out_ += "}";
    }
    out_ += ";\n";
  }

  void type(const TypeExpr& expr) {
    switch (expr.form) {
      case TypeForm::kName:
      case TypeForm::kCommon:
      case TypeForm::kEntity:
        out_ += expr.name;
        return;
      case TypeForm::kPrimitive:
      case TypeForm::kExtension:
        out_ += "__cedar::" + std::string(expr.name);
        return;
      case TypeForm::kSet:
        out_ += "Set<";
        type(*expr.element);
        out_ += ">";
        return;
      case TypeForm::kRecord:
        break;
    }
    if (expr.attributes.empty()) {
      out_ += "{}";
      return;
    }
    out_ += "{\n";
    ++level_;
    for (const Attribute& attribute : expr.attributes) {
      annotations(attribute.annotations);
      indent();
      out_ += name(attribute.name) + (attribute.required ? ": " : "?: ");
      type(*attribute.type);
      out_ += ",\n";
    }
    --level_;
    indent();
    out_ += "}";
  }

  void names(std::span<const NameRef> names) {
    out_ += "[";
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) out_ += ", ";
      out_ += names[i].name;
    }
    out_ += "]";
  }

  static std::string name(std::string_view text) {
    return is_plain_name(text) ? std::string(text) : quoted(text);
  }

  void start(std::span<const Annotation> notes) {
    gap();
    annotations(notes);
    indent();
  }

  void annotations(std::span<const Annotation> notes) {
    for (const Annotation& note : notes) {
      indent();
      out_ += "@" + std::string(note.name);
      if (note.value) out_ += "(" + quoted(*note.value) + ")";
      out_ += "\n";
    }
  }

  void indent() { out_.append(level_ * 2, ' '); }

  // An empty line between declarations.
  void gap() {
    if (!fresh_) out_ += "\n";
    fresh_ = false;
  }

  std::string out_;
  std::size_t level_ = 0;
  bool fresh_ = true;
};

class JsonPrinter {
 public:
  std::string print(const schema_ast::Tree& tree) {
    open('{');
    for (const Namespace& space : tree) {
      if (space.name.empty() && space.entities.empty() && space.actions.empty() && space.commons.empty())
        continue;
      key(space.name);
      namespace_object(space);
    }
    close('}');
    out_ += "\n";
    return std::move(out_);
  }

 private:
  void namespace_object(const Namespace& space) {
    open('{');
    annotations(space.annotations);
    if (!space.commons.empty()) {
      key("commonTypes");
      open('{');
      for (const CommonDecl& common : space.commons) {
        key(common.name);
        open('{');
        type_members(*common.type);
        annotations(common.annotations);
        close('}');
      }
      close('}');
    }
    key("entityTypes");
    open('{');
    for (const EntityDecl& entity : space.entities) {
      key(entity.name);
      this->entity(entity);
    }
    close('}');
    key("actions");
    open('{');
    for (const ActionDecl& action : space.actions) {
      key(action.id);
      this->action(action);
    }
    close('}');
    close('}');
  }

  void entity(const EntityDecl& entity) {
    open('{');
    annotations(entity.annotations);
    external(entity.is_external);
    if (entity.is_enumerated) {
      key("enum");
      open('[');
      for (const std::string_view id : entity.ids) element(id);
      close(']');
    }
    if (!entity.parents.empty()) {
      key("memberOfTypes");
      names(entity.parents);
    }
    if (!is_empty_record(entity.shape)) {
      key("shape");
      type(*entity.shape);
    }
    if (entity.tags != nullptr) {
      key("tags");
      type(*entity.tags);
    }
    close('}');
  }

  void action(const ActionDecl& action) {
    open('{');
    annotations(action.annotations);
    external(action.is_external);
    if (action.parents) {
      key("memberOf");
      open('[');
      for (const ActionRef& parent : *action.parents) {
        item();
        open('{');
        if (!parent.type.empty()) member("type", parent.type);
        member("id", parent.id);
        close('}');
      }
      close(']');
    }
    if (action.applies) {
      key("appliesTo");
      open('{');
      key("principalTypes");
      names(action.principals);
      key("resourceTypes");
      names(action.resources);
      if (!is_empty_record(action.context)) {
        key("context");
        type(*action.context);
      }
      close('}');
    }
    close('}');
  }

  void external(bool is_external) {
    if (!is_external) return;
    key("external");
    out_ += "true";
  }

  void type(const TypeExpr& expr) {
    open('{');
    type_members(expr);
    close('}');
  }

  void type_members(const TypeExpr& expr) {
    switch (expr.form) {
      case TypeForm::kName:
        member("type", "EntityOrCommon");
        return member("name", expr.name);
      case TypeForm::kCommon:
        return member("type", expr.name);
      case TypeForm::kEntity:
        member("type", "Entity");
        return member("name", expr.name);
      case TypeForm::kExtension:
        member("type", "Extension");
        return member("name", expr.name);
      case TypeForm::kPrimitive:
        return member("type", expr.name == "Bool" ? "Boolean" : expr.name);
      case TypeForm::kSet:
        member("type", "Set");
        key("element");
        return type(*expr.element);
      case TypeForm::kRecord:
        break;
    }
    member("type", "Record");
    key("attributes");
    open('{');
    for (const Attribute& attribute : expr.attributes) {
      key(attribute.name);
      open('{');
      type_members(*attribute.type);
      if (!attribute.required) {
        key("required");
        out_ += "false";
      }
      annotations(attribute.annotations);
      close('}');
    }
    close('}');
  }

  void annotations(std::span<const Annotation> notes) {
    if (notes.empty()) return;
    key("annotations");
    open('{');
    for (const Annotation& note : notes) {
      key(note.name);
      out_ += note.value ? json_quoted(*note.value) : "null";
    }
    close('}');
  }

  void names(std::span<const NameRef> names) {
    open('[');
    for (const NameRef& name : names) element(name.name);
    close(']');
  }

  void open(char bracket) {
    out_ += bracket;
    ++level_;
    first_ = true;
  }
  void close(char bracket) {
    --level_;
    if (!first_) line();
    out_ += bracket;
    first_ = false;
  }
  void item() {
    if (!first_) out_ += ",";
    line();
    first_ = false;
  }
  void line() {
    out_ += "\n";
    out_.append(level_ * 2, ' ');
  }
  void key(std::string_view name) {
    item();
    out_ += json_quoted(name) + ": ";
  }
  void member(std::string_view name, std::string_view value) {
    key(name);
    out_ += json_quoted(value);
  }
  void element(std::string_view value) {
    item();
    out_ += json_quoted(value);
  }

  std::string out_;
  std::size_t level_ = 0;
  bool first_ = true;
};

}  // namespace

std::expected<std::string, std::string> Schema::to_cedar() const {
  for (const Namespace& space : impl_->tree) {
    for (const EntityDecl& entity : space.entities) {
      const std::string name = "`" + std::string(entity.name) + "`";
      if (entity.shape != nullptr && entity.shape->form != TypeForm::kRecord) {
        return std::unexpected("the shape of the entity type " + name +
                               " is the name of a common type: Cedar syntax needs the attributes themselves");
      }
      if (std::ranges::find(space.commons, entity.name, &CommonDecl::name) != space.commons.end()) {
        return std::unexpected(
            name + " is an entity type and a common type: Cedar syntax cannot tell which is meant");
      }
    }
  }
  return CedarPrinter().print(impl_->tree);
}

std::string Schema::to_json() const { return JsonPrinter().print(impl_->tree); }

}  // namespace cedar
