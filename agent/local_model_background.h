#pragma once

#include <memory>

#include "agent/text_model.h"

namespace facet::engine {
class Engine;
}  // namespace facet::engine

namespace facet::agent {

// The local engine as a BackgroundModel: a sequence of its own that takes its turns when no conversation wants one.
std::unique_ptr<BackgroundModel> open_in_background(const engine::Engine& engine);

}  // namespace facet::agent
