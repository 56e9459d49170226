#pragma once

#include <set>
#include <string>
#include <vector>

namespace facet::tools::sandbox {

// Repositories of git that a command makes. What lies in those that were there can not be changed by it (places.h), but
// a new one could bring hooks, or settings that name programs, which git would run later, outside of every wall. So
// they are renamed behind the command, and act no more until somebody names them again.
class NewRepositories {
 public:
  // Before the command runs. Absolute folders.
  explicit NewRepositories(const std::vector<std::string>& folders);

  // Behind it: what was put aside, by the paths that it had.
  std::vector<std::string> put_aside() const;

 private:
  const std::vector<std::string> folders_;
  std::set<std::string> known_;
};

// What is behind a file's name once it was put aside.
inline constexpr const char* kPutAside = ".put-aside";

}  // namespace facet::tools::sandbox
