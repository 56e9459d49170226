#include "tools/sandbox/sandbox.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "tools/sandbox/bubblewrap.h"
#include "tools/sandbox/places.h"

namespace facet::tools::sandbox {
namespace {

namespace fs = std::filesystem;

// Taken over from Facet's own environment.
constexpr const char* kVariables[] = {"HOME",    "LANG",       "LANGUAGE",    "LC_ALL",     "LC_CTYPE",
                                      "LC_TIME", "LC_NUMERIC", "LC_MESSAGES", "LC_COLLATE", "LC_MONETARY",
                                      "TZ",      "USER",       "LOGNAME"};

// A folder of this call alone, removed with everything in it.
class OwnFolder {
 public:
  explicit OwnFolder(const char* parent) {
    std::string name = std::string(parent) + "/facet-XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~OwnFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  OwnFolder(const OwnFolder&) = delete;
  OwnFolder& operator=(const OwnFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void write_word(const std::string& path, const char* word) {
  std::ofstream(path) << word;
}

std::string word_in(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

// PATH without what is relative or can be written by commands.
std::string program_folders() {
  std::string kept;
  const char* path = std::getenv("PATH");
  std::string left = path != nullptr ? path : "";
  left += ":/usr/local/bin:/usr/bin:/bin:";
  for (std::size_t end = left.find(':'); end != std::string::npos; end = left.find(':')) {
    const std::string folder = left.substr(0, end);
    left.erase(0, end + 1);
    if (folder.starts_with('/') && (":" + kept + ":").find(":" + folder + ":") == std::string::npos)
      kept += (kept.empty() ? "" : ":") + folder;
  }
  return kept;
}

}  // namespace

struct Sandbox::Known {
  std::mutex mutex;
  std::optional<FoundWall> wall;
};

Sandbox::Sandbox(fs::path program, const std::vector<std::string>& own_folders)
    : Sandbox(std::move(program), own_surroundings(own_folders)) {}

Sandbox::Sandbox(fs::path program, Surroundings surroundings)
    : program_(std::move(program)), surroundings_(std::move(surroundings)), known_(std::make_shared<Known>()) {}

FoundWall Sandbox::wall() const {
  const std::lock_guard lock(known_->mutex);
  if (known_->wall) return *known_->wall;
  // Root is not held by limits on a user's processes, but by numbers in a namespace of Facet's own.
  std::array<Wall, 3> order = {Wall::Bubblewrap, Wall::Namespaces, Wall::Landlock};
  if (geteuid() == 0) std::swap(order[0], order[1]);
  FoundWall found;
  for (const Wall wall : order) {
    const std::string problem = problem_of(wall);
    if (problem.empty()) {
      found.wall = wall;
      break;
    }
    found.missing += (found.missing.empty() ? "" : "; ") + std::string(name_of(wall)) + ": " + problem;
  }
  known_->wall = found;
  return found;
}

std::string Sandbox::problem_of(Wall wall) const {
  if (wall == Wall::None) return "nothing holds a command";
  if (wall == Wall::Bubblewrap && bubblewrap_program().empty()) return "not installed";
  if (wall == Wall::Landlock && geteuid() == 0) return "does not limit the processes of root";
  // A file outside, one that is hidden, and a folder that may be written, whose new file tells that it was tried.
  const OwnFolder trial("/var/tmp");
  if (trial.path().empty()) return "there is no folder to try it in";
  std::error_code failure;
  const std::string root = fs::canonical(trial.path(), failure).string();
  fs::create_directory(root + "/folder", failure);
  fs::create_directory(root + "/secret", failure);
  write_word(root + "/outside", "untouched");
  write_word(root + "/secret/word", "hidden");
  Sandbox inside = *this;
  inside.surroundings_.own_folders.push_back(root + "/secret");
  Request request;
  request.wall = wall;
  request.folder = root + "/folder";
  request.folders = {request.folder};
  request.patience = std::chrono::seconds(20);
  request.arguments = {"/bin/sh", "-c",
                       "(echo touched > ../outside; cat ../secret/word > seen; rm -rf ../secret) 2> messages\n"
                       "echo tried > tried"};
  const Result<Ending> ended = inside.run(request, {});
  if (!ended.ok()) return ended.error().message;
  if (word_in(request.folder + "/tried") != "tried") return "a command behind it can not write in its folder";
  if (word_in(root + "/outside") != "untouched" || word_in(root + "/secret/word") != "hidden" ||
      !word_in(request.folder + "/seen").empty())
    return "a command behind it can still change or read other files";
  return {};
}

Result<Ending> Sandbox::run(const Request& request, const OnOutput& on_output, std::stop_token stop) const {
  std::optional<OwnFolder> private_folder;
  if (request.wall == Wall::Landlock) {
    private_folder.emplace("/tmp");
    if (private_folder->path().empty()) return Error{Error::Code::Io, "There is no folder for temporary files."};
  }
  WallPlan plan;
  plan.wall = request.wall;
  plan.network = request.network;
  plan.folder = request.folder;
  plan.places = places_for(request.wall, request.folders, surroundings_, request.network,
                           private_folder ? private_folder->path() : std::string());
  plan.limits = request.limits;
  plan.arguments = request.arguments;
  plan.environment = environment(private_folder ? private_folder->path() : "/tmp");
  FACET_ASSIGN_OR_RETURN(const auto process, WalledProcess::start(program_, plan, std::move(stop)));
  return process->finish(request.patience, on_output);
}

std::vector<std::string> Sandbox::environment(const std::string& temporary_folder) const {
  std::vector<std::string> variables = {"PATH=" + program_folders(), "SHELL=/bin/sh", "TERM=dumb", "NO_COLOR=1",
                                        "PAGER=cat", "GIT_TERMINAL_PROMPT=0", "TMPDIR=" + temporary_folder,
                                        // Home folders can not be written, so caches go elsewhere.
                                        "XDG_CACHE_HOME=" + temporary_folder + "/cache"};
  for (const char* name : kVariables)
    if (const char* value = std::getenv(name); value != nullptr) variables.push_back(std::string(name) + "=" + value);
  return variables;
}

const char* name_of(Wall wall) {
  switch (wall) {
    case Wall::Bubblewrap:
      return "bubblewrap";
    case Wall::Namespaces:
      return "namespaces of its own";
    case Wall::Landlock:
      return "Landlock";
    case Wall::None:
      return "none";
  }
  return "";
}

fs::path find_sandbox_program(const fs::path& folder) {
  const fs::path installed = folder.parent_path() / "libexec" / "facet" / "facet-sandbox";
  std::error_code ignored;
  return fs::exists(installed, ignored) ? installed : folder / "facet-sandbox";
}

fs::path own_sandbox_program() {
  std::error_code ignored;
  return find_sandbox_program(fs::read_symlink("/proc/self/exe", ignored).parent_path());
}

}  // namespace facet::tools::sandbox
