#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

#include "tests/tools/walls/attempts.h"
#include "tools/sandbox/sandbox.h"

// A little world to break out into: folders with canaries, secrets, listeners and a process, and what can be seen of
// all that from outside.
namespace facet::tools::test {

namespace fs = std::filesystem;

// A folder of which the system's scratch folders cover nothing, on a disk.
inline std::string base_folder() {
  std::string name = (geteuid() == 0 ? std::string("/srv") : std::string(qgetenv("HOME"))) + "/facet-walls-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) qFatal("no folder for the walls: %s", name.c_str());
  chmod(name.c_str(), 0755);
  return fs::canonical(name).string();
}

inline void put(const std::string& path, const std::string& text) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << text;
}

inline std::string text_in(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// An empty network with a loopback device, so that every packet that is counted has been sent from here.
inline bool enter_own_network() {
  if (unshare(CLONE_NEWNET) != 0) return false;
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
  const bool is_up = ioctl(any, SIOCSIFFLAGS, &request) == 0;
  ::close(any);
  return is_up;
}

// Of all devices of this network.
inline std::uint64_t packets_seen() {
  std::ifstream devices("/proc/self/net/dev");
  std::uint64_t sum = 0;
  for (std::string line; std::getline(devices, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::istringstream numbers(line.substr(colon + 1));
    std::uint64_t bytes = 0, packets = 0;
    numbers >> bytes >> packets;
    sum += packets;
  }
  return sum;
}

class Scene {
 public:
  Scene() : base_(base_folder()), name_("facet-" + fs::path(base_).filename().string()) {
    fill_folders();
    listen_everywhere();
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
    for (const int descriptor : {tcp_, tcp6_, udp_, stream_, work_stream_, datagrams_, abstract_, fifo_})
      ::close(descriptor);
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
            std::to_string(port_of(tcp_)),
            std::to_string(port_of(udp_)),
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
  QStringList arrived() const {
    QStringList out;
    const std::pair<const char*, int> streams[] = {
        {"tcp", tcp_}, {"tcp6", tcp6_}, {"file", stream_}, {"file in the folder", work_stream_}, {"name", abstract_}};
    for (const auto& [name, descriptor] : streams) {
      const int accepted = accept4(descriptor, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted >= 0) out << name;
      ::close(accepted);
    }
    char text[64];
    for (const auto& [name, descriptor] :
         {std::pair<const char*, int>{"udp", udp_}, {"datagrams", datagrams_}, {"fifo", fifo_}})
      if (read(descriptor, text, sizeof text) > 0) out << name;
    return out;
  }

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

  template <typename Address>
  static int listener(int family, int type, const Address& address, socklen_t length) {
    const int descriptor = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), length) != 0)
      qFatal("no listener: %s", std::strerror(errno));
    if (type == SOCK_STREAM && listen(descriptor, 64) != 0) qFatal("no listener");
    return descriptor;
  }

  static int port_of(int descriptor) {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
  }

  static int unix_listener(int type, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int descriptor = listener(AF_UNIX, type, address, sizeof address);
    chmod(path.c_str(), 0666);
    return descriptor;
  }

  void listen_everywhere() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    tcp_ = listener(AF_INET, SOCK_STREAM, any, sizeof any);
    udp_ = listener(AF_INET, SOCK_DGRAM, any, sizeof any);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = htons(static_cast<std::uint16_t>(port_of(tcp_)));
    tcp6_ = listener(AF_INET6, SOCK_STREAM, six, sizeof six);
    stream_ = unix_listener(SOCK_STREAM, base_ + "/outside/socket");
    work_stream_ = unix_listener(SOCK_STREAM, base_ + "/work/socket");
    datagrams_ = unix_listener(SOCK_DGRAM, base_ + "/outside/datagrams");
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path + 1, name_.data(), name_.size());
    abstract_ = listener(AF_UNIX, SOCK_STREAM, name,
                         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size()));
    mkfifo((base_ + "/outside/fifo").c_str(), 0666);
    fifo_ = open((base_ + "/outside/fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
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
  pid_t victim_ = -1;
  int segment_ = -1;
  int queue_ = -1;
  int tcp_ = -1, tcp6_ = -1, udp_ = -1, stream_ = -1, work_stream_ = -1, datagrams_ = -1, abstract_ = -1, fifo_ = -1;
};

}  // namespace facet::tools::test
