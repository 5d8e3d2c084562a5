#include "cpu_time.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace remit::bench {
namespace {

std::uint64_t from_schedstat(const std::filesystem::path& folder) {
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator(folder / "task", error)) {
    std::uint64_t on_cpu = 0;
    std::ifstream(thread.path() / "schedstat") >> on_cpu;
    total += on_cpu;
  }
  return total;
}

std::uint64_t from_stat(const std::filesystem::path& folder) {
  std::ifstream file(folder / "stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');  // the name before it may hold spaces
  if (name_end == std::string::npos) throw std::runtime_error("no process " + folder.filename().string());
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  return (user + system) * (1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace

std::uint64_t cpu_time_ns(pid_t process) {
  const auto folder = std::filesystem::path("/proc") / std::to_string(process);
  const auto coarse = from_stat(folder);
  const auto fine = from_schedstat(folder);
  return fine > 0 ? fine : coarse;
}

}  // namespace remit::bench
