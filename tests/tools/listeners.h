#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <QByteArray>
#include <QStringList>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

// What programs could talk to, and whether they did.
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

// On every kind of socket that a program may reach others by: in the folder `outside` and, as one kind, in `inside`.
class Listeners {
 public:
  Listeners(const std::string& outside, const std::string& inside, const std::string& name) {
    fs::create_directories(outside);
    fs::create_directories(inside);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    tcp_ = listener(AF_INET, SOCK_STREAM, any, sizeof any);
    udp_ = listener(AF_INET, SOCK_DGRAM, any, sizeof any);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = htons(static_cast<std::uint16_t>(port_of(tcp_)));
    tcp6_ = listener(AF_INET6, SOCK_STREAM, six, sizeof six);
    stream_ = unix_listener(SOCK_STREAM, outside + "/socket");
    work_stream_ = unix_listener(SOCK_STREAM, inside + "/socket");
    datagrams_ = unix_listener(SOCK_DGRAM, outside + "/datagrams");
    sockaddr_un abstract{};
    abstract.sun_family = AF_UNIX;
    std::memcpy(abstract.sun_path + 1, name.data(), name.size());
    abstract_ = listener(AF_UNIX, SOCK_STREAM, abstract,
                         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size()));
    mkfifo((outside + "/fifo").c_str(), 0666);
    fifo_ = open((outside + "/fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  }
  ~Listeners() {
    for (const int descriptor : {tcp_, tcp6_, udp_, stream_, work_stream_, datagrams_, abstract_, fifo_})
      ::close(descriptor);
  }
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  int tcp_port() const { return port_of(tcp_); }
  int udp_port() const { return port_of(udp_); }

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

  int tcp_ = -1, tcp6_ = -1, udp_ = -1, stream_ = -1, work_stream_ = -1, datagrams_ = -1, abstract_ = -1, fifo_ = -1;
};

}  // namespace facet::tools::test
