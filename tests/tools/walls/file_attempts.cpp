#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/tools/walls/attempts.h"

namespace facet::tools::attempts {

std::string text_of(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {};
  char text[4096];
  const ssize_t length = read(file, text, sizeof text);
  close(file);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

bool write_to(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_WRONLY | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) return false;
  const bool written = write(file, "x", 1) == 1;
  close(file);
  return written;
}

namespace {

bool is_secret(const std::string& text) {
  return text.find(kSecret) != std::string::npos;
}

int entries_in(const std::string& folder) {
  DIR* const open_folder = opendir(folder.c_str());
  if (open_folder == nullptr) return 0;
  int count = 0;
  while (const dirent* entry = readdir(open_folder))
    if (entry->d_name[0] != '.' || entry->d_name[1] != '\0') ++count;
  closedir(open_folder);
  return count - 1;  // without ".."
}

int reading(const std::string& path) {
  return open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

}  // namespace

std::vector<Attempt> file_attempts() {
  return {
      {"write a file", true, [](const World& w) { return write_to(w.outside + "/file", 0); }},
      {"append to a file", true, [](const World& w) { return write_to(w.outside + "/file", O_APPEND); }},
      {"open and truncate a file", true, [](const World& w) { return write_to(w.outside + "/file", O_TRUNC); }},
      {"truncate a file", true, [](const World& w) { return truncate((w.outside + "/file").c_str(), 1) == 0; }},
      {"make a file", true, [](const World& w) { return write_to(w.outside + "/new", O_CREAT); }},
      {"make a file exclusively", true, [](const World& w) { return write_to(w.outside + "/new2", O_CREAT | O_EXCL); }},
      {"make a folder", true, [](const World& w) { return mkdir((w.outside + "/newdir").c_str(), 0700) == 0; }},
      {"make a symlink", true, [](const World& w) { return symlink("x", (w.outside + "/newlink").c_str()) == 0; }},
      {"make a pipe", true, [](const World& w) { return mkfifo((w.outside + "/newfifo").c_str(), 0600) == 0; }},
      {"link a file in", true,
       [](const World& w) {
         return link((w.outside + "/file").c_str(), (w.work + "/linked").c_str()) == 0 &&
                write_to(w.work + "/linked", 0);
       }},
      {"link a file out", true,
       [](const World& w) {
         write_to(w.work + "/mine", O_CREAT);
         return link((w.work + "/mine").c_str(), (w.outside + "/mine").c_str()) == 0;
       }},
      {"move a file out", true,
       [](const World& w) {
         write_to(w.work + "/mover", O_CREAT);
         return rename((w.work + "/mover").c_str(), (w.outside + "/mover").c_str()) == 0;
       }},
      {"move a file in", true,
       [](const World& w) { return rename((w.outside + "/spare").c_str(), (w.work + "/spare").c_str()) == 0; }},
      {"rename a file", true,
       [](const World& w) { return rename((w.outside + "/spare2").c_str(), (w.outside + "/moved").c_str()) == 0; }},
      {"exchange files", true,
       [](const World& w) {
         write_to(w.work + "/exchanged", O_CREAT);
         return syscall(SYS_renameat2, AT_FDCWD, (w.work + "/exchanged").c_str(), AT_FDCWD,
                        (w.outside + "/file").c_str(), RENAME_EXCHANGE) == 0;
       }},
      {"remove a file", true, [](const World& w) { return unlink((w.outside + "/spare3").c_str()) == 0; }},
      {"remove a folder", true, [](const World& w) { return rmdir((w.outside + "/emptydir").c_str()) == 0; }},
      {"write through a symlink", true, [](const World& w) { return write_to(w.work + "/to-file", 0); }},
      {"write through a folder's symlink", true,
       [](const World& w) { return write_to(w.work + "/to-outside/by-link", O_CREAT); }},
      {"write through a new symlink", true,
       [](const World& w) {
         symlink(w.outside.c_str(), (w.work + "/fresh").c_str());
         return write_to(w.work + "/fresh/by-fresh-link", O_CREAT);
       }},
      {"write through the parent folder", true, [](const World&) { return write_to("../outside/by-parent", O_CREAT); }},
      {"write through /proc/self/root", true,
       [](const World& w) { return write_to("/proc/self/root" + w.outside + "/by-root", O_CREAT); }},
      {"write through /proc/self/cwd", true,
       [](const World&) { return write_to("/proc/self/cwd/../outside/by-cwd", O_CREAT); }},
      {"write through a folder's descriptor", true,
       [](const World& w) {
         const int folder = open(w.outside.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
         return folder >= 0 && openat(folder, "by-descriptor", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
       }},
      {"open a reading descriptor again", true,
       [](const World& w) {
         const int file = reading(w.outside + "/file");
         return file >= 0 && write_to("/proc/self/fd/" + std::to_string(file), 0);
       }},
      {"open a path descriptor again", true,
       [](const World& w) {
         const int file = open((w.outside + "/file").c_str(), O_PATH | O_CLOEXEC);
         return file >= 0 && write_to("/proc/self/fd/" + std::to_string(file), 0);
       }},
      {"a file without a name that gets one", true,
       [](const World& w) {
         const int file = open(w.outside.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
         return file >= 0 && linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(file)).c_str(), AT_FDCWD,
                                    (w.outside + "/named").c_str(), AT_SYMLINK_FOLLOW) == 0;
       }},
      {"change a file's mode", true, [](const World& w) { return chmod((w.outside + "/file").c_str(), 0640) == 0; }},
      {"change an open file's mode", true,
       [](const World& w) { return fchmod(reading(w.outside + "/file"), 0640) == 0; }},
      {"change a mode by the newest call", false,
       [](const World& w) {
         return syscall(452, AT_FDCWD, (w.outside + "/file").c_str(), 0640, AT_SYMLINK_NOFOLLOW) == 0;
       }},
      {"change a folder's mode", true, [](const World& w) { return chmod(w.outside.c_str(), 0755) == 0; }},
      {"change a file's owner", true,
       [](const World& w) { return chown((w.outside + "/file").c_str(), getuid(), getgid()) == 0; }},
      {"change an open file's owner", true,
       [](const World& w) { return fchown(reading(w.outside + "/file"), getuid(), getgid()) == 0; }},
      {"change a file's times", true,
       [](const World& w) {
         const timespec times[2] = {{1, 0}, {1, 0}};
         return utimensat(AT_FDCWD, (w.outside + "/file").c_str(), times, 0) == 0;
       }},
      {"change an open file's times", true,
       [](const World& w) {
         const timespec times[2] = {{1, 0}, {1, 0}};
         return futimens(reading(w.outside + "/file"), times) == 0;
       }},
      {"set an attribute", true,
       [](const World& w) { return setxattr((w.outside + "/file").c_str(), "user.facet", "x", 1, 0) == 0; }},
      {"set an open file's attribute", true,
       [](const World& w) { return fsetxattr(reading(w.outside + "/file"), "user.facet", "x", 1, 0) == 0; }},
      {"remove an attribute", true,
       [](const World& w) { return removexattr((w.outside + "/attributed").c_str(), "user.canary") == 0; }},
      {"set flags of an open file", true,
       [](const World& w) {
         int flags = 0;
         const int file = reading(w.outside + "/file");
         if (ioctl(file, FS_IOC_GETFLAGS, &flags) != 0) return false;
         flags |= FS_NODUMP_FL;
         return ioctl(file, FS_IOC_SETFLAGS, &flags) == 0;
       }},
      {"set extended flags of an open file", true,
       [](const World& w) {
         fsxattr flags{};
         const int file = reading(w.outside + "/file");
         if (ioctl(file, FS_IOC_FSGETXATTR, &flags) != 0) return false;
         flags.fsx_xflags |= FS_XFLAG_NODUMP;
         return ioctl(file, FS_IOC_FSSETXATTR, &flags) == 0;
       }},
      {"extend an open file", false, [](const World& w) { return ftruncate(reading(w.outside + "/file"), 100) == 0; }},
      {"write shared memory of an open file", false,
       [](const World& w) {
         const int file = reading(w.outside + "/file");
         return mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) != MAP_FAILED;
       }},
      {"copy a range out", true,
       [](const World& w) {
         write_to(w.work + "/range", O_CREAT);
         const int from = reading(w.work + "/range");
         const int to = open((w.outside + "/file").c_str(), O_WRONLY | O_CLOEXEC);
         return to >= 0 && copy_file_range(from, nullptr, to, nullptr, 1, 0) == 1;
       }},
      {"write into a pipe", true, [](const World& w) { return write_to(w.outside + "/fifo", 0); }},
      {"write into a pipe by both ends", true,
       [](const World& w) {
         const int both = open((w.outside + "/fifo").c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
         return both >= 0 && write(both, "x", 1) == 1;
       }},
      {"make a hook", true, [](const World& w) { return write_to(w.work + "/.git/hooks/pre-commit", O_CREAT); }},
      {"write git's configuration", true, [](const World& w) { return write_to(w.work + "/.git/config", O_APPEND); }},
      {"remove git's configuration", true,
       [](const World& w) { return unlink((w.work + "/.git/config").c_str()) == 0; }},
      {"put another git configuration in place", true,
       [](const World& w) {
         write_to(w.work + "/config", O_CREAT);
         return rename((w.work + "/config").c_str(), (w.work + "/.git/config").c_str()) == 0;
       }},
      {"move the hooks away", true,
       [](const World& w) { return rename((w.work + "/.git/hooks").c_str(), (w.work + "/.git/old").c_str()) == 0; }},
      {"move the repository away", true,
       [](const World& w) {
         const bool is_moved = rename((w.work + "/.git").c_str(), (w.work + "/git").c_str()) == 0;
         if (is_moved) rename((w.work + "/git").c_str(), (w.work + "/.git").c_str());
         return is_moved;
       }},
      {"exchange the repository", true,
       [](const World& w) {
         mkdir((w.work + "/fake").c_str(), 0700);
         return syscall(SYS_renameat2, AT_FDCWD, (w.work + "/fake").c_str(), AT_FDCWD, (w.work + "/.git").c_str(),
                        RENAME_EXCHANGE) == 0;
       }},
      {"make a hook in a repository further inside", true,
       [](const World& w) { return write_to(w.work + "/inner/deep/.git/hooks/pre-push", O_CREAT); }},
      {"make a hook in a bare repository", true,
       [](const World& w) { return write_to(w.work + "/bare/hooks/pre-receive", O_CREAT); }},
      {"move a bare repository's configuration away", true,
       [](const World& w) {
         return rename((w.work + "/bare/config").c_str(), (w.work + "/bare/old-config").c_str()) == 0;
       }},
      {"move a folder with a repository away", true,
       [](const World& w) { return rename((w.work + "/inner").c_str(), (w.work + "/inner2").c_str()) == 0; }},
      {"write hooks that the configuration names", true,
       [](const World& w) {
         return write_to(w.work + "/inner2/deep/named-hooks/post-merge", O_CREAT) ||
                write_to(w.work + "/inner/deep/named-hooks/post-merge", O_CREAT);
       }},
      {"write a start-up file", true, [](const World& w) { return write_to(w.home + "/.bashrc", O_APPEND); }},
      {"make a start-up file", true, [](const World& w) { return write_to(w.home + "/.bash_profile", O_CREAT); }},
      {"make a start-up file by a symlink", true,
       [](const World& w) { return symlink((w.work + "/mine").c_str(), (w.home + "/.zshenv").c_str()) == 0; }},
      {"make an autostart entry", true,
       [](const World& w) { return write_to(w.home + "/.config/autostart/x.desktop", O_CREAT); }},
      {"make a service of the user", true,
       [](const World& w) { return mkdir((w.home + "/.config/systemd").c_str(), 0700) == 0; }},
      {"put a program before others", true,
       [](const World& w) { return write_to(w.home + "/.local/bin/ls", O_CREAT); }},
      {"add a key that may log in", true,
       [](const World& w) {
         return write_to(w.home + "/.ssh/authorized_keys", O_CREAT) && !text_of(w.home + "/.ssh/id_canary").empty();
       }},
      {"add a user", false, [](const World&) { return write_to("/etc/passwd", O_APPEND); }},
      {"preload a library everywhere", false, [](const World&) { return write_to("/etc/ld.so.preload", O_CREAT); }},
      {"replace a program", false, [](const World&) { return write_to("/usr/bin/facet-canary", O_CREAT); }},
      {"make a job for later", false,
       [](const World&) {
         return write_to("/var/spool/cron/root", O_CREAT) || write_to("/etc/cron.d/facet-canary", O_CREAT);
       }},
      {"leave a file in the root", false, [](const World&) { return write_to("/facet-canary", O_CREAT); }},
      {"leave a file in /var/lib", false, [](const World&) { return write_to("/var/lib/facet-canary", O_CREAT); }},
      {"make a device", false,
       [](const World& w) { return mknod((w.work + "/device").c_str(), S_IFCHR | 0600, (1 << 8) | 3) == 0; }},
      {"make a disk", false,
       [](const World& w) { return mknod((w.work + "/disk").c_str(), S_IFBLK | 0600, (254 << 8) | 0) == 0; }},
      {"lend everybody the own rights", false,
       [](const World& w) {
         write_to(w.work + "/lent", O_CREAT);
         return chmod((w.work + "/lent").c_str(), 04755) == 0;
       }},
      {"lend everybody the group's rights of an open file", false,
       [](const World& w) {
         const int file = open((w.work + "/lent2").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
         return fchmod(file, 02755) == 0;
       }},
      {"make a file that lends the own rights", false,
       [](const World& w) { return open((w.work + "/lent3").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 04755) >= 0; }},
      {"make a file that lends the own rights by the newest call", false,
       [](const World& w) {
         const std::uint64_t how[3] = {O_WRONLY | O_CREAT | O_CLOEXEC, 04755, 0};
         return syscall(SYS_openat2, AT_FDCWD, (w.work + "/lent4").c_str(), how, sizeof how) >= 0;
       }},
      {"make a node that lends the own rights", false,
       [](const World& w) { return mknod((w.work + "/lent5").c_str(), S_IFREG | 04755, 0) == 0; }},
      {"give a program capabilities", false,
       [](const World& w) {
         write_to(w.work + "/capable", O_CREAT);
         const unsigned char all[20] = {1, 0, 0, 2, 0xff, 0xff, 0xff, 0xff};
         return setxattr((w.work + "/capable").c_str(), "security.capability", all, sizeof all, 0) == 0;
       }},
  };
}

std::vector<Attempt> secret_attempts() {
  return {
      {"read a key", true, [](const World& w) { return is_secret(text_of(w.home + "/.ssh/id_canary")); }},
      {"list the keys", true, [](const World& w) { return entries_in(w.home + "/.ssh") > 0; }},
      {"read a history", true, [](const World& w) { return is_secret(text_of(w.home + "/.bash_history")); }},
      {"read passwords of machines", true, [](const World& w) { return is_secret(text_of(w.home + "/.netrc")); }},
      {"read passwords of git", true, [](const World& w) { return is_secret(text_of(w.home + "/.git-credentials")); }},
      {"read a browser's passwords", true,
       [](const World& w) { return is_secret(text_of(w.home + "/.config/google-chrome/Default/Login Data")); }},
      {"read a keyring", true,
       [](const World& w) { return is_secret(text_of(w.home + "/.local/share/keyrings/login.keyring")); }},
      {"read keys of a service", true, [](const World& w) { return is_secret(text_of(w.home + "/.aws/credentials")); }},
      {"read what a link to a secret names", true,
       [](const World& w) {
         return is_secret(text_of(w.home + "/.gnupg/private.key")) ||
                is_secret(text_of(w.outside + "/gnupg/private.key"));
       }},
      {"read Facet's conversations", true,
       [](const World& w) { return is_secret(text_of(w.home + "/.local/share/facet/facet.sqlite")); }},
      {"list Facet's own folder", true, [](const World& w) { return entries_in(w.home + "/.local/share/facet") > 0; }},
      {"read a key through /proc/self/root", true,
       [](const World& w) { return is_secret(text_of("/proc/self/root" + w.home + "/.ssh/id_canary")); }},
      {"read a key through a symlink", true, [](const World& w) { return is_secret(text_of(w.work + "/to-key")); }},
      {"read a key through a hard link", true,
       [](const World& w) {
         return link((w.home + "/.ssh/id_canary").c_str(), (w.work + "/key").c_str()) == 0 &&
                is_secret(text_of(w.work + "/key"));
       }},
      {"read a key that is moved", true,
       [](const World& w) {
         const bool is_moved = rename((w.home + "/.ssh").c_str(), (w.work + "/ssh").c_str()) == 0;
         const bool is_read = is_secret(text_of(w.work + "/ssh/id_canary"));
         if (is_moved) rename((w.work + "/ssh").c_str(), (w.home + "/.ssh").c_str());
         return is_read;
       }},
      {"read a key through a folder's descriptor", true,
       [](const World& w) {
         const int folder = open(w.home.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
         const int file = openat(folder, ".ssh/id_canary", O_RDONLY | O_CLOEXEC);
         char text[64] = {};
         return file >= 0 && read(file, text, sizeof text - 1) > 0 && is_secret(text);
       }},
      {"uncover what lies beneath", false,
       [](const World& w) {
         rmdir((w.home + "/.ssh").c_str());
         return is_secret(text_of(w.home + "/.ssh/id_canary"));
       }},
      {"see what the environment holds", true,
       [](const World&) {
         const char* const word = std::getenv("FACET_TEST_SECRET");
         return word != nullptr && is_secret(word);
       }},
      {"see another process's environment", true,
       [](const World& w) { return is_secret(text_of("/proc/" + std::to_string(w.victim) + "/environ")); }},
      {"read through another process's root", true,
       [](const World& w) {
         return is_secret(text_of("/proc/" + std::to_string(w.victim) + "/root" + w.home + "/.ssh/id_canary"));
       }},
      {"read through another process's folder", true,
       [](const World& w) { return is_secret(text_of("/proc/" + std::to_string(w.victim) + "/cwd/.ssh/id_canary")); }},
      {"read the keeper's environment", false,
       [](const World& w) { return !text_of("/proc/" + std::to_string(w.keeper) + "/environ").empty(); }},
      {"read the passwords of the system", false, [](const World&) { return !text_of("/etc/shadow").empty(); }},
      {"read keys of the machine", false,
       [](const World&) { return !text_of("/etc/ssh/ssh_host_ed25519_key").empty(); }},
      {"read the memory of the kernel", false, [](const World&) { return !text_of("/proc/kcore").empty(); }},
      {"read what others have in /tmp", true,
       [](const World& w) { return is_secret(text_of("/tmp/facet-canary-" + w.abstract_name)); }},
      {"read what others share", true,
       [](const World& w) { return is_secret(text_of("/dev/shm/facet-canary-" + w.abstract_name)); }},
  };
}

}  // namespace facet::tools::attempts
