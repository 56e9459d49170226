#pragma once

namespace facet::tools::media {

// From here on every system call that is not on the list of system_calls.cpp fails with EPERM, in this thread and those
// that it starts. False where the kernel has no such filters, or for a processor whose calls are not listed.
bool allow_only_harmless_calls();

}  // namespace facet::tools::media
