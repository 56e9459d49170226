#pragma once

namespace facet::app {

// Opens the window. Options: --model, --threads, --data. Returns the exit status.
int run_desktop(int argc, char** argv);

}  // namespace facet::app
