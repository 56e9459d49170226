#include "tools/sandbox/program/failure.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace facet::tools::sandbox {

void send(const Report& report) {
  // One write, so that a report is whole or not there.
  const std::string text = written(report);
  // Facet may have gone.
  if (::send(kReportDescriptor, text.data(), text.size(), MSG_NOSIGNAL) < 0) _exit(1);
}

void give_up(const std::string& what) {
  const int reason = errno;
  send({Report::Kind::NotConfined, 0, what + ": " + std::strerror(reason)});
  _exit(1);
}

}  // namespace facet::tools::sandbox
