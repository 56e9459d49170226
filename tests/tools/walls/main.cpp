// Tries to leave a wall: tests/tools/walls/attempts.h. For each attempt it prints a line, "refused: NAME" or "done:
// NAME".

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/tools/walls/attempts.h"

namespace facet::tools::attempts {
namespace {

// Each in a process of its own, for some would end the program, and some would never end.
bool is_done(const Attempt& attempt, const World& world) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(5);
    _exit(attempt.succeeds(world) ? 42 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

void try_all(const std::vector<Attempt>& attempts, const World& world, bool freely) {
  for (const Attempt& attempt : attempts) {
    if (freely && !attempt.can_be_tried_freely) continue;
    std::printf("%s: %s\n", is_done(attempt, world) ? "done" : "refused", attempt.name);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace facet::tools::attempts

// facet-attempts (walled|free) BASE TCP-PORT UDP-PORT NAME VICTIM SHARED-MEMORY QUEUE
int main(int argc, char** argv) {
  using namespace facet::tools::attempts;
  if (argc != 9) return 2;
  const bool freely = std::string(argv[1]) == "free";
  const std::string base = argv[2];
  World world;
  world.outside = base + "/outside";
  world.home = base + "/home";
  world.work = base + "/work";
  world.tcp_port = std::atoi(argv[3]);
  world.udp_port = std::atoi(argv[4]);
  world.abstract_name = argv[5];
  world.victim = std::atoi(argv[6]);
  world.keeper = getppid();
  world.shared_memory = std::atoi(argv[7]);
  world.message_queue = std::atoi(argv[8]);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  for (const auto& attempts : {file_attempts(), secret_attempts(), socket_attempts(), process_attempts(),
                               kernel_attempts(), device_attempts()})
    try_all(attempts, world, freely);
  std::printf("all tried\n");
  return 0;
}
