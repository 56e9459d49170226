#pragma once

#include <memory>

#include "agent/screen_source.h"

namespace facet::tools::capture {

// What fits the session that this program runs in. Null where there are no screens to be seen.
std::unique_ptr<agent::ScreenSource> own_screen_source();

// Whether only the desktop itself can see the screens: `platform` is the toolkit's, `session` and `display` are
// XDG_SESSION_TYPE and WAYLAND_DISPLAY.
bool needs_portal(const char* platform, const char* session, const char* display);

}  // namespace facet::tools::capture
