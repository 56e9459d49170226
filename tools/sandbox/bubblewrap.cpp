#include "tools/sandbox/bubblewrap.h"

#include <unistd.h>

namespace facet::tools::sandbox {
namespace {

// The program lies where a scratch folder may cover it.
constexpr char kProgramInside[] = "/run/facet-sandbox";

class Words {
 public:
  template <typename... Word>
  void add(Word&&... words) {
    (words_.emplace_back(std::forward<Word>(words)), ...);
  }
  std::vector<std::string> take() { return std::move(words_); }

 private:
  std::vector<std::string> words_;
};

void add_place(Words& words, const Place& place, const Limits& limits) {
  const std::string& path = place.path;
  switch (place.kind) {
    case PlaceKind::Scratch:
      return words.add("--perms", "1777", "--size", std::to_string(limits.scratch_bytes), "--tmpfs", path);
    case PlaceKind::Writable:
    case PlaceKind::Pinned:
      return words.add("--bind", path, path);
    case PlaceKind::ReadOnly:
    case PlaceKind::Readable:
      return words.add("--ro-bind", path, path);
    case PlaceKind::EmptyFolder:
      return words.add("--perms", "0755", "--size", "4096", "--tmpfs", path, "--remount-ro", path);
    case PlaceKind::EmptyFile:
      return words.add("--ro-bind", "/dev/null", path);
  }
}

}  // namespace

std::string bubblewrap_program() {
  // Where only the system puts programs.
  for (const char* path : {"/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap"})
    if (access(path, X_OK) == 0) return path;
  return {};
}

std::vector<std::string> bubblewrap_words(const std::string& bubblewrap, const std::filesystem::path& program,
                                          const WallPlan& plan) {
  Words words;
  words.add(bubblewrap, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try");
  if (!plan.network) words.add("--unshare-net");
  words.add("--die-with-parent", "--as-pid-1", "--new-session", "--ro-bind", "/", "/", "--dev", "/dev");
  words.add("--perms", "1777", "--size", std::to_string(plan.limits.scratch_bytes), "--tmpfs", "/dev/shm");
  words.add("--remount-ro", "/dev", "--proc", "/proc", "--remount-ro", "/proc");
  for (const Place& place : plan.places)
    add_place(words, place, plan.limits);
  words.add("--ro-bind", program.string(), kProgramInside, "--chdir", "/", "--", kProgramInside);
  return words.take();
}

}  // namespace facet::tools::sandbox
