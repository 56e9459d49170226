#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "tools/sandbox/hidden_places.h"
#include "tools/sandbox/wall_plan.h"
#include "tools/sandbox/walled_process.h"

namespace facet::tools::sandbox {

// Which wall this system gives, found by building each and trying it.
struct FoundWall {
  Wall wall = Wall::None;
  std::string missing;  // of None: why there is none, one sentence; otherwise why not a better one, or nothing
};

struct Request {
  Wall wall = Wall::None;
  std::vector<std::string> arguments;  // the program, by its absolute path, and its words
  std::string folder;                  // in which it begins; inside one of `folders`
  std::vector<std::string> folders;    // that can be written
  bool network = false;
  Limits limits;
  std::chrono::milliseconds patience = std::chrono::minutes(2);
};

// Runs commands behind walls. Any thread may call; copies share what was found out.
class Sandbox {
 public:
  // `program` is facet-sandbox; `own_folders` are those of Facet's data, settings and caches.
  explicit Sandbox(std::filesystem::path program, const std::vector<std::string>& own_folders = {});
  Sandbox(std::filesystem::path program, Surroundings surroundings);

  // The best wall that works; tried out with the first call, which takes some tenths of a second at most.
  FoundWall wall() const;
  // Whether this one works: empty, or why not. Tried out each time.
  std::string problem_of(Wall wall) const;

  // An error when the walls could not be built; nothing has run then.
  Result<Ending> run(const Request& request, const OnOutput& on_output, std::stop_token stop = {}) const;

  // The whole environment of a command: a few variables that say nothing about the user's keys.
  std::vector<std::string> environment(const std::string& temporary_folder = "/tmp") const;

 private:
  struct Known;

  std::filesystem::path program_;
  Surroundings surroundings_;
  std::shared_ptr<Known> known_;
};

// "bubblewrap", "namespaces of its own", "Landlock", "none".
const char* name_of(Wall wall);

// Where the program is that belongs to the one in this folder: beside it in a build, in ../libexec/facet once
// installed.
std::filesystem::path find_sandbox_program(const std::filesystem::path& folder);
// The one that belongs to the running program.
std::filesystem::path own_sandbox_program();

}  // namespace facet::tools::sandbox
