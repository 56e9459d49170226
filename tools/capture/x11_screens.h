#pragma once

#include "agent/screen_source.h"

namespace facet::tools::capture {

// The screens of an X11 session, read from the root window. Answers at once.
class X11Screens : public agent::ScreenSource {
 public:
  void capture(Taker take) override;
  void cancel() override {}
};

}  // namespace facet::tools::capture
