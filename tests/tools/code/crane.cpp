#include "crane.h"

#include <utility>

namespace port::cranes {
namespace {

constexpr Load kEmpty = 0.0;

bool too_heavy(Load load, Load limit) {
  return load > limit;
}

}  // namespace

Crane::~Crane() = default;

void Crane::lift(Load load) {
  lift(load, {});
}

// Lifts, and says when it is done.
void Crane::lift(Load load, const std::function<void(Load)>& done) {
  struct Guard {
    bool active = true;
  };
  if (too_heavy(load, limit_)) return;
  auto report = [&](Load lifted) { if (done) done(lifted); };
  report(load);
}

bool Crane::operator==(const Crane& other) const {
  return name_ == other.name_;
}

}  // namespace port::cranes

#if defined(_WIN32)
int wmain() { return 0; }
#else
extern "C" {
int* crane_table(int size);
}
#endif

int main(int argc, char** argv) try {
  return argc > 1 ? *argv[1] : 0;
} catch (...) {
  return 1;
}
