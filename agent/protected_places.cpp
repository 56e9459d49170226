#include "agent/protected_places.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace facet::agent {
namespace {

namespace fs = std::filesystem;

struct Place {
  std::string_view path;  // beneath the home folder; what lies beneath it belongs to it
  std::string_view does;
};

constexpr std::string_view kShell = "is run by your shell when it starts";
constexpr std::string_view kSession = "is run when you log in";
constexpr std::string_view kGit = "tells git which programs to run";
constexpr std::string_view kKeys = "decides who may log in, and how";

constexpr Place kPlaces[] = {
    {".bashrc", kShell},
    {".bash_profile", kShell},
    {".bash_login", kShell},
    {".bash_logout", kShell},
    {".bash_aliases", kShell},
    {".profile", kShell},
    {".zshrc", kShell},
    {".zshenv", kShell},
    {".zprofile", kShell},
    {".zlogin", kShell},
    {".zlogout", kShell},
    {".kshrc", kShell},
    {".mkshrc", kShell},
    {".cshrc", kShell},
    {".tcshrc", kShell},
    {".login", kShell},
    {".inputrc", kShell},
    {".config/fish", kShell},
    {".config/nushell", kShell},
    {".config/powershell", kShell},
    {".xprofile", kSession},
    {".xinitrc", kSession},
    {".xsession", kSession},
    {".xsessionrc", kSession},
    {".pam_environment", kSession},
    {".config/autostart", kSession},
    {".config/environment.d", kSession},
    {".config/systemd/user", kSession},
    {".config/plasma-workspace", kSession},
    {".local/share/systemd/user", kSession},
    {".local/share/applications", "is started from your menu"},
    {".local/share/dbus-1/services", kSession},
    {".gitconfig", kGit},
    {".config/git", kGit},
    {".ssh", kKeys},
    {".gnupg", "holds your keys"},
    {".vimrc", "is run by your editor when it starts"},
    {".config/nvim", "is run by your editor when it starts"},
    {".emacs", "is run by your editor when it starts"},
    {".emacs.d", "is run by your editor when it starts"},
    {"bin", "is found by your shell as a command"},
    {".local/bin", "is found by your shell as a command"},
};

bool is_or_holds(const fs::path& path, const fs::path& place) {
  const auto [rest, unused] = std::mismatch(place.begin(), place.end(), path.begin(), path.end());
  return rest == place.end();
}

// A folder that is moved or put there brings what lies in it.
bool is_above(const fs::path& path, const fs::path& place) {
  return is_or_holds(place, path);
}

std::optional<std::string> in_home(const fs::path& path, const fs::path& home) {
  for (const Place& place : kPlaces) {
    const fs::path named = home / place.path;
    std::error_code failure;
    const fs::path led_to = fs::weakly_canonical(named, failure);
    const bool is_there = is_or_holds(path, named) || (!failure && is_or_holds(path, led_to));
    if (is_there || is_above(path, named)) return std::string(place.does);
  }
  return std::nullopt;
}

std::optional<std::string> in_repository(const fs::path& path) {
  for (auto part = path.begin(); part != path.end(); ++part) {
    if (*part == ".envrc") return "is run by your shell when you enter the folder";
    if (*part == ".githooks" || *part == ".husky") return "is run by git";
    if (*part != ".git") continue;
    const auto next = std::next(part);
    if (next == path.end() || *next == "hooks") return "is run by git";
    // Repositories of submodules and worktrees lie here with hooks and settings of their own.
    if (*next == "config" || *next == "config.worktree" || *next == "modules" || *next == "worktrees")
      return std::string(kGit);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> what_acts_on_its_own(const std::string& path, const std::string& home) {
  const fs::path absolute(path);
  if (const auto found = in_repository(absolute)) return found;
  return home.empty() ? std::nullopt : in_home(absolute, fs::path(home));
}

}  // namespace facet::agent
