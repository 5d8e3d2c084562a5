#include "cedar/syntax/layout.h"

#include <algorithm>

namespace cedar {
namespace {

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

void Layout::add(Op op) {
  any_text_ = any_text_ || op.kind == Kind::kText;
  ops_.push_back(op);
}

const Layout::Op* Layout::last_visible() const {
  const auto last =
      std::find_if(ops_.rbegin(), ops_.rend(), [](const Op& op) { return op.kind <= Kind::kBlank; });
  return last == ops_.rend() ? nullptr : &*last;
}

bool Layout::at_line() const {
  const Op* last = last_visible();
  return last == nullptr || last->kind != Kind::kText;
}

bool Layout::at_hard_line() const {
  const Op* last = last_visible();
  return last == nullptr || last->kind == Kind::kHard || last->kind == Kind::kBlank;
}

// Whether the group that opens here, and what follows it up to where a line may end, has room.
bool Layout::fits(std::size_t open, std::size_t room) const {
  std::size_t depth = 0;
  bool inside = true;
  for (std::size_t i = open; i < ops_.size(); ++i) {
    const Op& op = ops_[i];
    switch (op.kind) {
      case Kind::kOpen:
        ++depth;
        continue;
      case Kind::kClose:
        if (inside) inside = --depth > 0;
        continue;
      case Kind::kHard:
      case Kind::kBlank:
        return !inside;
      case Kind::kLine:
        if (!inside) return true;
        break;
      case Kind::kText:
        if (op.text.contains('\n')) return !inside && width_of(op.text.substr(0, op.text.find('\n'))) <= room;
        break;
      default:
        continue;
    }
    const std::size_t width = width_of(op.text);
    if (width > room) return false;
    room -= width;
  }
  return true;
}

std::string Layout::render(std::uint32_t width, std::uint32_t indent) const {
  std::string out;
  std::vector<bool> broken{true};
  std::vector<std::size_t> indents{0};
  std::size_t line_begin = 0;
  const auto column = [&] { return width_of(std::string_view(out).substr(line_begin)); };
  const auto end_line = [&] {
    while (out.ends_with(' ')) out.pop_back();  // of tokens and comments, none ends so
    out += '\n';
    line_begin = out.size();
    out.append(indents.back(), ' ');
  };
  for (std::size_t i = 0; i < ops_.size(); ++i) {
    const Op& op = ops_[i];
    switch (op.kind) {
      case Kind::kText:
        out += op.text;
        if (const std::size_t end = op.text.rfind('\n'); end != std::string_view::npos)
          line_begin = out.size() - (op.text.size() - end - 1);
        break;
      case Kind::kLine:
        if (broken.back())
          end_line();
        else
          out += op.text;
        break;
      case Kind::kBlank:
        end_line();
        if (!out.ends_with("\n\n")) end_line();
        break;
      case Kind::kHard:
        end_line();
        break;
      case Kind::kOpen: {
        const std::size_t used = column();
        broken.push_back(broken.back() && (used > width || !fits(i, width - used)));
        break;
      }
      case Kind::kClose:
        broken.pop_back();
        break;
      case Kind::kIndent:
        indents.push_back(indents.back() + indent);
        break;
      case Kind::kAlign:
        indents.push_back(column());
        break;
      case Kind::kDedent:
        indents.pop_back();
        break;
      case Kind::kNothing:
        break;
    }
  }
  while (out.ends_with(' ') || out.ends_with('\n')) out.pop_back();
  if (!out.empty()) out += '\n';
  return out;
}

}  // namespace cedar
