#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tests/tools/walls/attempts.h"

#ifndef AF_VSOCK
#define AF_VSOCK 40
#endif

namespace facet::tools::attempts {
namespace {

sockaddr_in internet(const char* address, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, address, &out.sin_addr);
  return out;
}

struct UnixAddress {
  sockaddr_un address{};
  socklen_t length = 0;
};

UnixAddress at_path(const std::string& path) {
  UnixAddress out;
  out.address.sun_family = AF_UNIX;
  std::strncpy(out.address.sun_path, path.c_str(), sizeof out.address.sun_path - 1);
  out.length = sizeof out.address;
  return out;
}

UnixAddress at_name(const std::string& name) {
  UnixAddress out;
  out.address.sun_family = AF_UNIX;
  std::memcpy(out.address.sun_path + 1, name.data(), name.size());
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return out;
}

template <typename Address>
bool connects(int descriptor, const Address& address, socklen_t length = sizeof(Address)) {
  return connect(descriptor, reinterpret_cast<const sockaddr*>(&address), length) == 0;
}

// Under way is enough: the packet has left.
bool begins_to_connect(const char* address, int port) {
  const int any = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const sockaddr_in to = internet(address, port);
  return connects(any, to) || errno == EINPROGRESS;
}

bool sends(const char* address, int port) {
  const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  setsockopt(any, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
  const sockaddr_in to = internet(address, port);
  return sendto(any, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 1;
}

bool connects_to(const UnixAddress& to, int type = SOCK_STREAM) {
  const int any = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  return any >= 0 && connects(any, to.address, to.length);
}

bool opens(int family, int type, int protocol = 0) {
  return socket(family, type | SOCK_CLOEXEC, protocol) >= 0;
}

std::string of_user(const char* name) {
  return "/run/user/" + std::to_string(getuid()) + "/" + name;
}

}  // namespace

std::vector<Attempt> socket_attempts() {
  return {
      {"connect to this machine", true,
       [](const World& w) {
         return begins_to_connect("127.0.0.1", w.tcp_port) &&
                connects(socket(AF_INET, SOCK_STREAM, 0), internet("127.0.0.1", w.tcp_port));
       }},
      {"connect to this machine by version 6", true,
       [](const World& w) {
         sockaddr_in6 to{};
         to.sin6_family = AF_INET6;
         to.sin6_addr = in6addr_loopback;
         to.sin6_port = htons(static_cast<std::uint16_t>(w.tcp_port));
         return connects(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), to);
       }},
      {"connect by another address of this machine", true,
       [](const World& w) {
         return connects(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), internet("127.8.9.10", w.tcp_port));
       }},
      {"connect by the address of no machine", true,
       [](const World& w) {
         return connects(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), internet("0.0.0.0", w.tcp_port));
       }},
      {"connect to another machine", false, [](const World&) { return begins_to_connect("203.0.113.1", 443); }},
      {"connect to the network's own machine", false, [](const World&) { return begins_to_connect("10.0.0.1", 80); }},
      {"connect to the machine's description", false,
       [](const World&) { return begins_to_connect("169.254.169.254", 80); }},
      {"connect by several paths", true,
       [](const World& w) {
         return connects(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 262 /* IPPROTO_MPTCP */),
                         internet("127.0.0.1", w.tcp_port));
       }},
      {"connect with the first data", false,
       [](const World& w) {
         const sockaddr_in to = internet("127.0.0.1", w.tcp_port);
         const int any = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
         return sendto(any, "x", 1, MSG_FASTOPEN, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 1;
       }},
      // In a network of its own a datagram to nobody is sent as well; what arrives outside tells.
      {"send to this machine", false,
       [](const World& w) {
         (void)sends("127.0.0.1", w.udp_port);
         return false;
       }},
      {"ask for a name", false, [](const World&) { return sends("8.8.8.8", 53); }},
      {"send to all", false, [](const World&) { return sends("255.255.255.255", 9); }},
      {"send to a group", false, [](const World&) { return sends("224.0.0.251", 5353); }},
      {"a raw socket", false, [](const World&) { return opens(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
      {"a raw socket of version 6", false, [](const World&) { return opens(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6); }},
      {"a socket of packets", false, [](const World&) { return opens(AF_PACKET, SOCK_RAW, htons(3)); }},
      {"a socket of the kernel's routes", true, [](const World&) { return opens(AF_NETLINK, SOCK_RAW, 0); }},
      {"a socket of the kernel's events", true, [](const World&) { return opens(AF_NETLINK, SOCK_DGRAM, 15); }},
      {"a socket of the kernel's audit", false, [](const World&) { return opens(AF_NETLINK, SOCK_RAW, 9); }},
      {"a socket of virtual machines", false,
       [](const World&) {
         struct {
           unsigned short family = AF_VSOCK, reserved = 0;
           unsigned port = 1024, machine = 2;
           unsigned char rest[4] = {};
         } to;
         return connects(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0), to);
       }},
      {"a socket of ciphers", false, [](const World&) { return opens(AF_ALG, SOCK_SEQPACKET); }},
      {"a socket of keys", false, [](const World&) { return opens(AF_KEY, SOCK_RAW, 2); }},
      {"a socket of radio", false, [](const World&) { return opens(AF_BLUETOOTH, SOCK_RAW, 1); }},
      {"a socket of vehicles", false, [](const World&) { return opens(AF_CAN, SOCK_RAW, 1); }},
      {"a socket of clusters", false, [](const World&) { return opens(AF_TIPC, SOCK_STREAM); }},
      {"a socket of phones", false, [](const World&) { return opens(AF_RXRPC, SOCK_DGRAM, AF_INET); }},
      {"a socket of rings", false, [](const World&) { return opens(44 /* AF_XDP */, SOCK_RAW); }},
      {"a socket of amateurs", false, [](const World&) { return opens(AF_AX25, SOCK_DGRAM); }},
      {"a socket of streams of messages", false, [](const World&) { return opens(AF_INET, SOCK_SEQPACKET, 132); }},
      {"connect to a file", true, [](const World& w) { return connects_to(at_path(w.outside + "/socket")); }},
      {"connect to a file in the folder", true,
       [](const World& w) { return connects_to(at_path(w.work + "/socket")); }},
      {"send to a file", true,
       [](const World& w) {
         const UnixAddress to = at_path(w.outside + "/datagrams");
         const int any = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
         return sendto(any, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to.address), to.length) == 1;
       }},
      {"connect to a name", true, [](const World& w) { return connects_to(at_name(w.abstract_name)); }},
      {"take a name", true,
       [](const World& w) {
         const UnixAddress to = at_name(w.abstract_name + "-taken");
         const int any = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
         return bind(any, reinterpret_cast<const sockaddr*>(&to.address), to.length) == 0;
       }},
      {"turn a pair of datagram sockets to a file", true,
       [](const World& w) {
         int pair[2];
         if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
         const UnixAddress to = at_path(w.outside + "/datagrams");
         return connects(pair[0], to.address, to.length) && send(pair[0], "x", 1, 0) == 1;
       }},
      {"send to a file by a pair of sockets", false,
       [](const World& w) {
         int pair[2];
         if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
         const UnixAddress to = at_path(w.outside + "/datagrams");
         return sendto(pair[0], "x", 1, 0, reinterpret_cast<const sockaddr*>(&to.address), to.length) == 1;
       }},
      {"turn a pair of stream sockets to a file", false,
       [](const World& w) {
         int pair[2];
         if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return false;
         const UnixAddress to = at_path(w.outside + "/socket");
         return connects(pair[0], to.address, to.length);
       }},
      {"turn a pair of message sockets to a name", false,
       [](const World& w) {
         int pair[2];
         if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
         close(pair[1]);
         const UnixAddress to = at_name(w.abstract_name);
         return connects(pair[0], to.address, to.length);
       }},
      {"a pair of sockets that look like raw ones", false,
       [](const World& w) {
         int pair[2];
         if (socketpair(AF_UNIX, SOCK_RAW | SOCK_CLOEXEC, 0, pair) != 0) return false;
         const UnixAddress to = at_path(w.outside + "/datagrams");
         return connects(pair[0], to.address, to.length) && send(pair[0], "x", 1, 0) == 1;
       }},
      {"talk to the X server", false, [](const World&) { return connects_to(at_path("/tmp/.X11-unix/X0")); }},
      {"talk to the X server by its name", false,
       [](const World&) { return connects_to(at_name("/tmp/.X11-unix/X0")); }},
      {"talk to the compositor", false, [](const World&) { return connects_to(at_path(of_user("wayland-0"))); }},
      {"talk to the user's bus", false, [](const World&) { return connects_to(at_path(of_user("bus"))); }},
      {"talk to the system's bus", false,
       [](const World&) { return connects_to(at_path("/run/dbus/system_bus_socket")); }},
      {"talk to docker", false, [](const World&) { return connects_to(at_path("/var/run/docker.sock")); }},
      {"talk to containerd", false,
       [](const World&) { return connects_to(at_path("/run/containerd/containerd.sock")); }},
      {"talk to systemd", false, [](const World&) { return connects_to(at_path("/run/systemd/private")); }},
      {"write into the journal", false,
       [](const World&) {
         return connects_to(at_path("/run/systemd/journal/socket"), SOCK_DGRAM) ||
                connects_to(at_path("/dev/log"), SOCK_DGRAM);
       }},
      {"talk to the sound server", false, [](const World&) { return connects_to(at_path(of_user("pipewire-0"))); }},
      {"find the agent of ssh", false, [](const World&) { return std::getenv("SSH_AUTH_SOCK") != nullptr; }},
      {"find the bus in the environment", false,
       [](const World&) { return std::getenv("DBUS_SESSION_BUS_ADDRESS") != nullptr; }},
      {"find the display in the environment", false,
       [](const World&) { return std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr; }},
      {"talk to the agent of gpg", false,
       [](const World& w) { return connects_to(at_path(w.home + "/.gnupg/S.gpg-agent")); }},
  };
}

}  // namespace facet::tools::attempts
