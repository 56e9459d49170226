#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/media.h"

namespace facet::agent {

// What one screen showed at one moment.
struct ScreenPicture {
  std::string name;
  // Where the screen lies among the others, in the units of the window system.
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  engine::RgbImage picture;  // its pixels, of which a unit may have more than one
};

struct ScreenCapture {
  std::vector<ScreenPicture> screens;
  // Somebody has chosen what is to be seen already, with what the desktop has for that: one picture, and its place
  // means nothing.
  bool is_chosen = false;
};

// What shows the screens of the user's machine to the window, when the user asks for it. Belongs to the thread of the
// window, and never keeps it waiting.
class ScreenSource {
 public:
  virtual ~ScreenSource() = default;

  // `take` is called once, at once or later, in the thread that has called. Error::Code::Stopped: the user did not want
  // it after all. Precondition: nothing is under way.
  using Taker = std::function<void(Result<ScreenCapture>)>;
  virtual void capture(Taker take) = 0;
  // Nothing is taken any more of what is under way.
  virtual void cancel() = 0;
};

}  // namespace facet::agent
