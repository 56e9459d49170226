// Builds the walls around one command for Facet, which starts it: tools/sandbox/wall_plan.h.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include "tools/sandbox/program/failure.h"
#include "tools/sandbox/program/keeper.h"
#include "tools/sandbox/program/namespaces.h"

namespace facet::tools::sandbox {
namespace {

constexpr std::size_t kMostPlanBytes = std::size_t{16} << 20U;

WallPlan take_plan() {
  std::string text;
  char piece[16384];
  for (;;) {
    const ssize_t length = read(kPlanDescriptor, piece, sizeof piece);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    text.append(piece, static_cast<std::size_t>(length));
    if (text.size() > kMostPlanBytes) break;
  }
  close(kPlanDescriptor);
  const auto plan = read_plan(text);
  if (!plan) {
    errno = EINVAL;
    give_up("the plan of the walls");
  }
  return *plan;
}

// What the one who started this has left open by mistake.
void close_other_descriptors() {
  if (close_range(kReportDescriptor + 1, ~0U, 0) == 0) return;
  for (int i = kReportDescriptor + 1; i < 65536; ++i)
    close(i);
}

[[noreturn]] void run() {
  close_other_descriptors();
  const WallPlan plan = take_plan();
  const pid_t parent = getppid();
  // With Landlock alone nobody else ends the processes of the command.
  const bool ends_others = plan.wall == Wall::Landlock || plan.wall == Wall::None;
  if (prctl(PR_SET_PDEATHSIG, ends_others ? SIGTERM : SIGKILL) != 0) give_up("an end with Facet");
  if (getppid() != parent) _exit(1);
  // No terminal to type into. Bubblewrap's first process may lead a session already.
  setsid();
  if (plan.wall == Wall::Namespaces) {
    enter_namespaces(plan);
    arrange_places(plan);
  }
  keep(plan);
}

}  // namespace
}  // namespace facet::tools::sandbox

int main(int argc, char**) {
  using namespace facet::tools::sandbox;
  // Started by hand there is neither a plan nor anybody to report to.
  if (argc != 1 || fcntl(kPlanDescriptor, F_GETFD) < 0 || fcntl(kReportDescriptor, F_GETFD) < 0) {
    constexpr std::string_view kUsage = "facet-sandbox runs commands for Facet, which starts it; call facet instead.\n";
    return write(STDERR_FILENO, kUsage.data(), kUsage.size()) < 0 ? 3 : 2;
  }
  run();
}
