#pragma once

#include <string>

#include "engine/base/result.h"
#include "tools/media/protocol.h"

// What a person is told when a file can not be decoded: one sentence with the file's name and what can be done.
namespace facet::tools::media {

// A name in quotation marks, with what can not be seen written out.
std::string in_quotes(const std::string& name);

// What the program says. It is not trusted to say more than which of the failures it is.
Error failed(const std::string& name, const FailureMessage& message);

// How the program ended without an answer.
enum class Ending { Crashed, TookTooLong, WasKilled, Nonsense, Stopped };
Error ended(const std::string& name, Ending ending);

}  // namespace facet::tools::media
