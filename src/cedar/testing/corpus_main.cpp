// cedar_corpus DIR: runs every conformance case under DIR, prints what differs, ends with `N passed, M
// failed`. Exit code: 0 all passed, 1 some failed or there were none, 2 wrong usage.

#include <cstdio>
#include <exception>

#include "cedar/testing/corpus.h"

int main(int argc, char** argv) try {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fputs("usage: cedar_corpus DIR\n", stderr);
    return 2;
  }
  const auto result =
      cedar::run_corpus(argv[1], [](const std::string& failure) { std::puts(failure.c_str()); });
  std::printf("%zu passed, %zu failed\n", result.passed, result.failed);
  return result.failed == 0 && result.passed > 0 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "cedar_corpus: %s\n", error.what());
  return 2;
}
