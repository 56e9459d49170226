#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

// What `facet-attempts` tries from behind a wall. Everything that it must not reach lies where
// tests/tools/walls_test.cpp has put it; the test looks at those places from outside, and this program says what it
// could do itself.
namespace facet::tools::attempts {

// Where everything is.
struct World {
  std::string outside;  // a folder that can not be changed
  std::string home;     // with secrets and start-up files
  std::string work;     // the folder that may be changed
  int tcp_port = 0;     // of listeners outside
  int udp_port = 0;
  std::string abstract_name;
  pid_t victim = 0;       // a process outside
  pid_t keeper = 0;       // the parent of this program
  int shared_memory = 0;  // SysV keys of things outside
  int message_queue = 0;
};

struct Attempt {
  const char* name = "";
  // Harmless also where no wall is: then it must succeed at least sometimes, or it proves nothing.
  bool can_be_tried_freely = false;
  // Whether it got what it must not get.
  std::function<bool(const World&)> succeeds;
};

std::vector<Attempt> file_attempts();
std::vector<Attempt> secret_attempts();
std::vector<Attempt> socket_attempts();
std::vector<Attempt> process_attempts();
std::vector<Attempt> kernel_attempts();
std::vector<Attempt> device_attempts();

// What the files with secrets hold.
inline constexpr char kSecret[] = "canary-4711";

std::string text_of(const std::string& path);
bool write_to(const std::string& path, int flags);

}  // namespace facet::tools::attempts
