#include "tools/sandbox/hidden_places.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace facet::tools::sandbox {
namespace {

namespace fs = std::filesystem;

// Beneath a home folder.
constexpr const char* kSecrets[] = {
    // Keys and passwords.
    ".ssh", ".gnupg", ".pki", ".password-store", ".local/share/keyrings", ".local/share/kwalletd",
    ".local/share/gnome-keyring", ".kde/share/apps/kwallet", ".config/keepassxc", ".config/KeePass",
    ".config/Bitwarden", ".config/1Password", ".config/op", ".netrc", "_netrc", ".authinfo", ".authinfo.gpg",
    ".git-credentials", ".config/git/credentials", ".pgpass", ".my.cnf", ".mylogin.cnf", ".npmrc", ".yarnrc",
    ".yarnrc.yml", ".pypirc", ".gem/credentials", ".cargo/credentials", ".cargo/credentials.toml", ".config/pip",
    ".m2/settings.xml", ".gradle/gradle.properties", ".config/composer/auth.json", ".composer/auth.json",
    ".smbcredentials", ".vault-token", ".ansible", ".config/sops", ".config/age", ".config/borg", ".config/restic",
    ".config/rclone", ".rclone.conf", ".mutt", ".muttrc", ".msmtprc", ".fetchmailrc", ".mbsyncrc", ".offlineimaprc",
    ".Xauthority", ".ICEauthority", ".config/pulse/cookie", ".pulse-cookie", ".k5login", ".krb5", ".config/freerdp",
    ".config/remmina", ".vnc",
    // Machines and services elsewhere.
    ".aws", ".azure", ".kube", ".docker", ".config/containers", ".config/gcloud", ".config/gh", ".config/glab-cli",
    ".config/hub", ".config/doctl", ".config/heroku", ".terraform.d", ".terraformrc", ".boto", ".s3cfg", ".oci",
    ".config/hcloud", ".config/helm", ".config/netlify", ".fly", ".railway", ".wrangler", ".config/.wrangler",
    ".huggingface/token", ".cache/huggingface/token", ".config/openai", ".config/anthropic", ".claude", ".codex",
    ".gemini", ".config/github-copilot", ".config/goose",
    // Browsers, mail and messages.
    ".mozilla", ".thunderbird", ".config/google-chrome", ".config/google-chrome-beta", ".config/chromium",
    ".config/BraveSoftware", ".config/microsoft-edge", ".config/vivaldi", ".config/opera", ".config/epiphany",
    ".local/share/epiphany", ".librewolf", ".waterfox", ".tor-browser", ".local/share/torbrowser", ".config/falkon",
    ".local/share/falkon", ".config/qutebrowser", ".local/share/qutebrowser", ".var/app", "snap", ".config/Signal",
    ".config/Slack", ".config/discord", ".config/Element", ".local/share/TelegramDesktop", ".purple",
    ".config/evolution", ".local/share/evolution", ".local/share/geary", ".local/share/kmail2", ".local/share/akonadi",
    ".cache/mozilla", ".cache/google-chrome", ".cache/chromium", ".cache/thunderbird", ".cache/evolution",
    // Money.
    ".bitcoin", ".electrum", ".ethereum", ".config/Exodus", ".config/Ledger Live",
    // What was typed and opened.
    ".bash_history", ".zsh_history", ".zhistory", ".histfile", ".history", ".sh_history", ".ksh_history",
    ".ash_history", ".local/share/fish", ".local/share/zsh", ".local/state/zsh", ".local/state/bash", ".python_history",
    ".local/state/python_history", ".node_repl_history", ".psql_history", ".mysql_history", ".mariadb_history",
    ".sqlite_history", ".rediscli_history", ".mongodb", ".lesshst", ".local/state/lesshst", ".viminfo", ".wget-hsts",
    ".local/share/recently-used.xbel", ".local/share/RecentDocuments"};

constexpr const char* kStartup[] = {".bashrc",
                                    ".bash_profile",
                                    ".bash_login",
                                    ".bash_logout",
                                    ".bash_aliases",
                                    ".profile",
                                    ".zshrc",
                                    ".zshenv",
                                    ".zprofile",
                                    ".zlogin",
                                    ".zlogout",
                                    ".kshrc",
                                    ".cshrc",
                                    ".tcshrc",
                                    ".login",
                                    ".inputrc",
                                    ".pam_environment",
                                    ".xinitrc",
                                    ".xsession",
                                    ".xsessionrc",
                                    ".xprofile",
                                    ".gitconfig",
                                    ".config/git",
                                    ".config/fish",
                                    ".config/autostart",
                                    ".config/autostart-scripts",
                                    ".config/systemd",
                                    ".config/environment.d",
                                    ".config/plasma-workspace",
                                    ".config/user-dirs.dirs",
                                    ".local/bin",
                                    "bin",
                                    ".local/share/systemd",
                                    ".local/share/applications",
                                    ".local/share/dbus-1",
                                    ".local/lib",
                                    ".vimrc",
                                    ".vim",
                                    ".config/nvim",
                                    ".emacs",
                                    ".emacs.d",
                                    ".config/emacs",
                                    ".config/Code",
                                    ".vscode",
                                    ".tmux.conf",
                                    ".screenrc",
                                    ".curlrc",
                                    ".wgetrc",
                                    ".hgrc",
                                    ".config/facet"};

// Beneath the root, where the rights of the files do not hide them from a root user.
constexpr const char* kSystemSecrets[] = {"/etc/shadow",      "/etc/shadow-",
                                          "/etc/gshadow",     "/etc/gshadow-",
                                          "/etc/ssh",         "/etc/ssl/private",
                                          "/etc/krb5.keytab", "/etc/sudoers.d",
                                          "/var/lib/docker",  "/var/lib/containerd",
                                          "/var/spool/cron",  "/var/mail",
                                          "/var/spool/mail",  "/etc/NetworkManager/system-connections",
                                          "/etc/wireguard"};

bool lies_beneath(const std::string& path, const std::string& folder) {
  return folder == "/" || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

bool lies_beneath_one(const std::string& path, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const auto& folder) { return lies_beneath(path, folder); });
}

bool holds_one(const std::string& path, const std::vector<std::string>& places) {
  return std::any_of(places.begin(), places.end(), [&](const auto& place) { return lies_beneath(place, path); });
}

// What a program needs lies beside the folder that it is in, unless that is the home folder.
std::vector<std::string> with_programs(std::vector<std::string> folders, const Surroundings& surroundings) {
  for (const std::string& program : surroundings.programs) {
    const std::string around = fs::path(program).parent_path().string();
    folders.push_back(holds_one(around, surroundings.homes) ? program : around);
  }
  return folders;
}

// Of what is in the folder at `path`, what is neither one of the `seen` folders nor around one. A symlink leads to
// something that is hidden or not by itself.
void add_others(const std::string& path, const std::vector<std::string>& seen, bool is_home,
                std::vector<std::string>& others) {
  std::error_code failure;
  fs::directory_iterator entry(path, fs::directory_options::skip_permission_denied, failure);
  for (; !failure && entry != fs::directory_iterator(); entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    const std::string place = entry->path().string();
    std::error_code unknown;
    const fs::file_type type = entry->symlink_status(unknown).type();
    const bool is_link_or_odd = type != fs::file_type::directory && type != fs::file_type::regular;
    if (is_link_or_odd || name == ".git" || (is_home && name.starts_with('.')) || lies_beneath_one(place, seen))
      continue;
    if (holds_one(place, seen)) {
      add_others(place, seen, /*is_home=*/false, others);
    } else {
      others.push_back(place);
    }
  }
}

}  // namespace

Surroundings own_surroundings(const std::vector<std::string>& own_folders) {
  Surroundings found;
  const auto add_home = [&](const fs::path& home) {
    std::error_code failure;
    const fs::path real = fs::canonical(home, failure);
    if (!failure && real.has_relative_path()) found.homes.push_back(real.string());
  };
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') add_home(home);
  if (geteuid() == 0) {
    add_home("/root");
    std::error_code failure;
    fs::directory_iterator entry("/home", fs::directory_options::skip_permission_denied, failure);
    for (; !failure && entry != fs::directory_iterator(); entry.increment(failure))
      add_home(entry->path());
  }
  for (const std::string& folder : own_folders) {
    if (folder.empty()) continue;
    std::error_code failure;
    const fs::path real = fs::weakly_canonical(folder, failure);
    found.own_folders.push_back(failure ? folder : real.string());
  }
  const char* const path = std::getenv("PATH");
  std::istringstream words(path == nullptr ? "" : path);
  for (std::string folder; std::getline(words, folder, ':');) {
    std::error_code failure;
    const fs::path real = fs::canonical(folder, failure);
    if (!failure && folder.starts_with('/')) found.programs.push_back(real.string());
  }
  return found;
}

std::vector<std::string> secret_places(const Surroundings& surroundings) {
  std::vector<std::string> places = surroundings.own_folders;
  for (const std::string& home : surroundings.homes) {
    for (const char* name : kSecrets)
      places.push_back(home + "/" + name);
    for (const char* folder : {".local/share/facet", ".config/facet", ".cache/facet"})
      places.push_back(home + "/" + folder);
  }
  places.insert(places.end(), std::begin(kSystemSecrets), std::end(kSystemSecrets));
  return places;
}

std::vector<std::string> other_documents(const std::vector<std::string>& folders, const Surroundings& surroundings) {
  std::vector<std::string> others;
  for (const std::string& home : surroundings.homes)
    if (!lies_beneath_one(home, folders))
      add_others(home, with_programs(folders, surroundings), /*is_home=*/true, others);
  return others;
}

std::vector<std::string> startup_places(const Surroundings& surroundings) {
  std::vector<std::string> places;
  for (const std::string& home : surroundings.homes)
    for (const char* name : kStartup)
      places.push_back(home + "/" + name);
  return places;
}

}  // namespace facet::tools::sandbox
