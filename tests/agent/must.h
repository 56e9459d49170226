#pragma once

#include <QtGlobal>
#include <utility>

#include "engine/base/result.h"

namespace facet {

// The value of a result that a test takes for granted; the error ends the test program with its sentence.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) qFatal("%s", result.error().message.c_str());
  return std::move(result).value();
}

inline void must(const Status& status) {
  if (!status.ok()) qFatal("%s", status.error().message.c_str());
}

}  // namespace facet
