// The files of the corpora, for tests that go over all of them.

#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace cedar {

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

// Every policy file of both archives, sorted.
inline std::vector<std::filesystem::path> corpus_policy_files(const std::filesystem::path& corpora) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(corpora / "cedar")) {
    if (entry.path().extension() == ".cedar") files.push_back(entry.path());
  }
  if (files.size() < 5'000) throw std::runtime_error("unpack the corpora: scripts/corpora");
  std::ranges::sort(files);
  return files;
}

}  // namespace cedar
