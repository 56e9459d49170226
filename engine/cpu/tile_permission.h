#pragma once

namespace facet::engine {

// Whether this processor has AMX with products of 8-bit integers and the system lets this process use it. Linux wants
// to be asked before, since tiles make what it saves of a thread 8 KiB larger; so this asks, for the whole process.
bool may_use_tiles();

}  // namespace facet::engine
