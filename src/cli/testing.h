// For tests of commands: what one prints, and files for it to read.

#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include "cli/context.h"
#include "store/temp_folder.h"

namespace remit::cli {

struct Printed {
  Result<int> result = 0;
  std::string out, err;
  std::string code() const { return result ? "" : std::string(result.error().code); }
};

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() { context_.data = folder_ / "data"; }

  std::string file(std::string_view name, std::string_view text) {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  template <typename... Arguments>
  Printed run(Result<int> (*command)(const Context&, const Arguments&...), const Arguments&... arguments) {
    Printed printed;
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    printed.result = command(context_, arguments...);
    std::fflush(stdout);
    printed.out = testing::internal::GetCapturedStdout();
    printed.err = testing::internal::GetCapturedStderr();
    return printed;
  }

  store::TempFolder folder_;
  Context context_;
};

}  // namespace remit::cli
