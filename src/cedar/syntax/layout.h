// Where lines break: texts, possible line breaks, and groups of them, after Oppen's and Wadler's printers. A
// group that fits on the rest of the line stays on it; of one that does not, every line of its own is broken.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cedar {

class Layout {
 public:
  // The texts must outlive the layout. One that has line ends of its own breaks the groups around it.
  void text(std::string_view text) { add({Kind::kText, text}); }
  void line(std::string_view flat) { add({Kind::kLine, flat}); }  // a line end, or `flat` where it fits
  void hard() { add({Kind::kHard, {}}); }                         // always a line end
  void blank_line() { add({Kind::kBlank, {}}); }                  // two of them
  void open() { add({Kind::kOpen, {}}); }
  void close() { add({Kind::kClose, {}}); }
  void indent() { add({Kind::kIndent, {}}); }
  void align() { add({Kind::kAlign, {}}); }  // to the column where the next text stands
  void dedent() { add({Kind::kDedent, {}}); }
  // A place where it turns out later whether to indent.
  std::size_t place() {
    add({Kind::kNothing, {}});
    return ops_.size() - 1;
  }
  void indent_between(std::size_t from, std::size_t to) {
    ops_[from].kind = Kind::kIndent;
    ops_[to].kind = Kind::kDedent;
  }

  // Whether a line may end, or does, right before what comes next.
  bool at_line() const;
  bool at_hard_line() const;
  bool empty() const { return !any_text_; }

  std::string render(std::uint32_t width, std::uint32_t indent) const;

 private:
  enum class Kind : std::uint8_t {
    kText,
    kLine,
    kHard,
    kBlank,
    kOpen,
    kClose,
    kIndent,
    kAlign,
    kDedent,
    kNothing
  };
  struct Op {
    Kind kind;
    std::string_view text;
  };

  void add(Op op);
  const Op* last_visible() const;
  bool fits(std::size_t open, std::size_t room) const;

  std::vector<Op> ops_;
  bool any_text_ = false;
};

}  // namespace cedar
