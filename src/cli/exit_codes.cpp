#include "base/error.h"
#include "cli/command_info.h"
#include "cli/commands.h"

namespace remit::cli {

// ux.md, exit codes. Those of errors are base/error.h's.
const std::vector<ExitCode>& exit_codes() {
  static const std::vector<ExitCode> codes = {
      {kOk, "done"},
      {kFailed, "failed: a defect, a broken machine, or the tool that was called says so"},
      {exit_code(ErrorKind::kInvalid), "what was typed or given is wrong"},
      {exit_code(ErrorKind::kNotFound), "there is no such thing"},
      {exit_code(ErrorKind::kUnauthorized), "who is asking is not known"},
      {kRefused, "refused: by a decision, or since this is not for who asks"},
      {kWaits, "waits for an approval"},
      {exit_code(ErrorKind::kConflict), "the state of things does not permit it now"},
      {exit_code(ErrorKind::kUnavailable), "a part that is needed is not there: try again later"},
      {kFindings,
       "found what it looks for: a log that does not verify, a policy with faults, an open decision"},
      {kUnlisted, "a destination was added or changed, and its tools could not be listed"},
  };
  return codes;
}

}  // namespace remit::cli
