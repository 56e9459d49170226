#pragma once

#include <functional>
#include <string>
#include <vector>

namespace port::cranes {

class Crane;
using Load = double;

enum class State { Idle, Lifting };

// What a crane reports to.
struct Listener {
  virtual ~Listener() = default;
  virtual void moved(const Crane& crane, Load load) = 0;
};

/// Lifts loads.
/// One thread owns it.
class Crane final : public Listener, private std::vector<Load> {
 public:
  explicit Crane(std::string name, Load limit = 12.5)
      : name_(std::move(name)), limit_(limit) {}
  Crane(const Crane&) = delete;
  ~Crane() override;

  void lift(Load load);
  void lift(Load load, const std::function<void(Load)>& done);
  [[nodiscard]] Load limit() const noexcept { return limit_; }
  bool operator==(const Crane& other) const;
  explicit operator bool() const { return state_ == State::Idle; }
  void moved(const Crane& crane, Load load) override;

  // Where it stands.
  struct Place {
    int row = 0, column = 0;
  };

 private:
  std::string name_;
  Load limit_;
  State state_ = State::Idle;
  static constexpr int kMost = 3;
};

template <typename T, typename Compare = std::less<T>>
T heaviest(const std::vector<T>& loads, Compare compare = {}) {
  T best = loads.front();
  for (const T& load : loads)
    if (compare(best, load)) best = load;
  return best;
}

template <>
struct std::hash<Crane> {
  std::size_t operator()(const Crane& crane) const;
};

inline int crane_count = 0;

}  // namespace port::cranes
