#pragma once

#include <QList>

#include "agent/screen_source.h"

class QScreen;

namespace facet::tools::capture {

// The screens of an X11 session, read from the root window. Answers at once.
class X11Screens : public agent::ScreenSource {
 public:
  void capture(Taker take) override;
  void cancel() override {}
};

// In the order in which they are counted: the primary one first, then from left to right and from top to bottom. What
// shows the same as another is left out. In the thread of the toolkit, as everything here.
QList<QScreen*> counted_screens();

// What one shows. An error where it can not be read, one sentence.
Result<agent::ScreenPicture> picture_of(QScreen& screen);

}  // namespace facet::tools::capture
