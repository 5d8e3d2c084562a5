#include "sandbox/landlock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace remit::sandbox {
namespace {

// include/uapi/linux/landlock.h of Linux 6.12.
struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // revision 4
  std::uint64_t scopes = 0;   // revision 6
};
constexpr std::uint64_t kTruncate = 1U << 14U;             // revision 3
constexpr std::uint64_t kDeviceControl = 1U << 15U;        // revision 5
constexpr std::uint64_t kScopeAbstractSockets = 1U << 0U;  // revision 6
constexpr std::uint64_t kScopeSignals = 1U << 1U;          // revision 6

constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kRead = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;

std::uint64_t everything(int revision) {
  std::uint64_t all = (std::uint64_t{1} << 13U) - 1;  // revision 1
  if (revision >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (revision >= 3) all |= kTruncate;
  if (revision >= 5) all |= kDeviceControl;
  return all;
}

std::unexpected<Error> no_ruleset(std::string_view what, int error) {
  return fail(ErrorKind::kUnavailable, "RMT-M044",
              fmt::format("the Landlock ruleset: {}: {}", what, std::generic_category().message(error)));
}

Result<void> add(int ruleset, const std::string& path, std::uint64_t allowed) {
  const mcp::Descriptor opened(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (opened.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == EACCES) return {};
    return no_ruleset(path, errno);
  }
  struct stat status = {};
  if (::fstat(opened.get(), &status) != 0) return no_ruleset(path, errno);
  // Most rights are a folder's alone.
  if (!S_ISDIR(status.st_mode))
    allowed &= kReadFile | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate | kDeviceControl;
  const landlock_path_beneath_attr rule{.allowed_access = allowed, .parent_fd = opened.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) != 0)
    return no_ruleset(path, errno);
  return {};
}

}  // namespace

int landlock_revision() {
  const auto revision = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return revision < 0 ? 0 : static_cast<int>(revision);
}

Result<std::shared_ptr<const mcp::Descriptor>> make_ruleset(const FileRules* rules) {
  const int revision = landlock_revision();
  const auto all = everything(revision);
  const RulesetAttributes attributes{
      .files = rules != nullptr ? all : 0,
      .network = 0,
      .scopes = revision >= kLandlockScopes ? kScopeAbstractSockets | kScopeSignals : 0};
  if (revision == 0 || (attributes.files == 0 && attributes.scopes == 0)) return nullptr;
  // An older kernel refuses members that it does not know unless they are zero; they are.
  auto made = std::make_shared<mcp::Descriptor>(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0U)));
  if (made->get() < 0) return no_ruleset("it cannot be made", errno);
  if (rules != nullptr) {
    for (const auto& path : rules->reads) TRY(add(made->get(), path, kRead & all));
    for (const auto& path : rules->writes)
      TRY(add(made->get(), path,
              all & ~std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK}));
  }
  return made;
}

}  // namespace remit::sandbox
