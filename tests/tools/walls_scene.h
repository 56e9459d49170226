#pragma once

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <QByteArray>
#include <QFile>
#include <QString>
#include <QStringList>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/tools/listeners.h"
#include "tests/tools/walls/attempts.h"
#include "tools/sandbox/sandbox.h"

// A little world to break out into: folders with canaries, secrets, listeners and a process, and what can be seen of
// all that from outside.
namespace facet::tools::test {

namespace fs = std::filesystem;

class Scene {
 public:
  Scene()
      : base_(base_folder()),
        name_("facet-" + fs::path(base_).filename().string()),
        listeners_(base_ + "/outside", base_ + "/work", name_) {
    fill_folders();
    start_victim();
    segment_ = shmget(key(), 4096, IPC_CREAT | 0600);
    queue_ = msgget(key(), IPC_CREAT | 0600);
    put("/dev/shm/facet-canary-" + name_, attempts::kSecret);
    put("/tmp/facet-canary-" + name_, attempts::kSecret);
  }
  ~Scene() {
    kill(victim_, SIGKILL);
    waitpid(victim_, nullptr, 0);
    shmctl(segment_, IPC_RMID, nullptr);
    msgctl(queue_, IPC_RMID, nullptr);
    std::error_code ignored;
    fs::remove("/dev/shm/facet-canary-" + name_, ignored);
    fs::remove("/tmp/facet-canary-" + name_, ignored);
    fs::remove_all(base_, ignored);
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  std::string base() const { return base_; }
  std::string home() const { return base_ + "/home"; }
  std::string work() const { return base_ + "/work"; }
  sandbox::Surroundings surroundings() const { return {{home()}, {home() + "/.local/share/facet"}}; }

  // The words of facet-attempts.
  std::vector<std::string> attempts(const std::string& program, const char* how) const {
    return {program,
            how,
            base_,
            std::to_string(listeners_.tcp_port()),
            std::to_string(listeners_.udp_port()),
            name_,
            std::to_string(victim_),
            std::to_string(key()),
            std::to_string(key())};
  }

  // Everything that a command behind a wall could have changed, as text.
  QStringList state() const {
    QStringList out;
    for (const char* folder : {"outside", "home", "work/.git", "work/inner", "work/bare"})
      add_tree(base_ + "/" + folder, out);
    for (const char* path : {"/facet-canary", "/usr/bin/facet-canary", "/etc/ld.so.preload", "/etc/cron.d/facet-canary",
                             "/var/lib/facet-canary", "/var/spool/cron/root"})
      out << QString("%1 is %2").arg(path).arg(fs::exists(path) ? "there" : "not there");
    for (const char* path : {"/etc/passwd", "/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern"})
      out << QString::fromStdString(path + std::string(": ") + text_in(path));
    rlimit core{};
    prlimit(victim_, RLIMIT_CORE, nullptr, &core);
    cpu_set_t processors;
    CPU_ZERO(&processors);
    sched_getaffinity(victim_, sizeof processors, &processors);
    const std::string status = text_in("/proc/" + std::to_string(victim_) + "/stat");
    out << QString("victim: %1, priority %2, core %3, processors %4, policy %5")
               .arg(QChar(status.at(status.rfind(')') + 2)))
               .arg(getpriority(PRIO_PROCESS, static_cast<id_t>(victim_)))
               .arg(core.rlim_cur)
               .arg(CPU_COUNT(&processors))
               .arg(sched_getscheduler(victim_));
    msqid_ds queue{};
    msgctl(queue_, IPC_STAT, &queue);
    out << QString("messages: %1, semaphores: %2").arg(queue.msg_qnum).arg(semget_of(key() + 1));
    return out;
  }

  // What has arrived at the listeners since the last call.
  QStringList arrived() const { return listeners_.arrived(); }

 private:
  int key() const { return 0x46000000 + static_cast<int>(getpid()); }
  static int semget_of(int key) { return static_cast<int>(syscall(SYS_semget, key, 1, 0)) >= 0 ? 1 : 0; }

  void fill_folders() const {
    const std::string secret = attempts::kSecret;
    for (const char* name : {"file", "spare", "spare2", "spare3", "attributed", "gnupg/private.key"})
      put(base_ + "/outside/" + name, secret);
    setxattr((base_ + "/outside/attributed").c_str(), "user.canary", "x", 1, 0);
    fs::create_directory(base_ + "/outside/emptydir");
    for (const char* name :
         {".ssh/id_canary", ".bash_history", ".netrc", ".git-credentials", ".config/google-chrome/Default/Login Data",
          ".local/share/keyrings/login.keyring", ".aws/credentials", ".local/share/facet/facet.sqlite", ".bashrc"})
      put(home() + "/" + name, secret);
    fs::create_directories(home() + "/.config/autostart");
    fs::create_directories(home() + "/.local/bin");
    fs::create_directory_symlink(base_ + "/outside/gnupg", home() + "/.gnupg");
    put(work() + "/.git/config", "[core]\n");
    put(work() + "/.git/hooks/post-checkout.sample", "#!/bin/sh\n");
    put(work() + "/inner/deep/.git/config", "[core]\n\thooksPath = named-hooks\n");
    put(work() + "/inner/deep/.git/hooks/post-checkout.sample", "#!/bin/sh\n");
    put(work() + "/inner/deep/named-hooks/readme", "hooks\n");
    for (const char* name : {"HEAD", "config", "objects/info", "refs/heads/main", "hooks/update.sample"})
      put(work() + "/bare/" + name, "x\n");
    fs::create_symlink("../outside/file", work() + "/to-file");
    fs::create_symlink("../outside", work() + "/to-outside");
    fs::create_symlink("../home/.ssh/id_canary", work() + "/to-key");
  }

  void start_victim() {
    victim_ = fork();
    if (victim_ == 0) {
      setsid();
      if (chdir(home().c_str()) != 0) _exit(1);
      std::string secret = std::string("FACET_TEST_SECRET=") + attempts::kSecret;
      char program[] = "sleep";
      char seconds[] = "900";
      char* const words[] = {program, seconds, nullptr};
      char* const environment[] = {secret.data(), nullptr};
      execve("/bin/sleep", words, environment);
      _exit(1);
    }
    // Until it sleeps.
    for (int i = 0; i < 500 && text_in("/proc/" + std::to_string(victim_) + "/comm") != "sleep\n"; ++i)
      usleep(10'000);
    usleep(100'000);
  }

  static void add_tree(const std::string& root, QStringList& out) {
    add_entry(root, out);
    std::vector<std::string> paths;
    std::error_code failure;
    for (fs::recursive_directory_iterator entry(root, failure); entry != fs::end(entry); entry.increment(failure))
      paths.push_back(entry->path().string());
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths)
      add_entry(path, out);
  }

  static void add_entry(const std::string& path, QStringList& out) {
    struct stat status {};
    lstat(path.c_str(), &status);
    char attribute[16] = {};
    lgetxattr(path.c_str(), "user.canary", attribute, sizeof attribute - 1);
    out << QString("%1 mode %2 of %3 links %4 changed %5.%6 modified %7.%8 [%9]")
               .arg(QString::fromStdString(path))
               .arg(status.st_mode, 0, 8)
               .arg(status.st_uid)
               .arg(status.st_nlink)
               .arg(status.st_ctim.tv_sec)
               .arg(status.st_ctim.tv_nsec)
               .arg(status.st_mtim.tv_sec)
               .arg(status.st_mtim.tv_nsec)
               .arg(S_ISREG(status.st_mode) ? QString::fromStdString(text_in(path) + attribute) : QString());
  }

  std::string base_;
  std::string name_;
  Listeners listeners_;
  pid_t victim_ = -1;
  int segment_ = -1;
  int queue_ = -1;
};

}  // namespace facet::tools::test
