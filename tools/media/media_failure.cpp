#include "tools/media/media_failure.h"

#include <cstring>
#include <string_view>

#include "engine/base/printable.h"
#include "engine/media.h"
#include "tools/text.h"

namespace facet::tools::media {
namespace {

using Code = Error::Code;

std::string coding_of(const FailureMessage& message) {
  return printable(std::string_view(message.name, strnlen(message.name, kNameBytes)));
}

// The engine's own sentence, which says the size and the limit, speaks of "this picture".
Error too_large(const std::string& name, const FailureMessage& message) {
  const Status status = engine::check_image_size(message.width, message.height);
  const std::string reason = status.ok() ? "It is too large." : status.error().message;
  return {Code::InvalidInput, name + " can not be shown to the model. " + reason};
}

}  // namespace

std::string in_quotes(const std::string& name) {
  return "'" + plainly(name) + "'";
}

Error failed(const std::string& plain_name, const FailureMessage& message) {
  const std::string name = in_quotes(plain_name);
  switch (message.failure) {
    case Failure::NotMedia:
      return {Code::InvalidInput,
              name + " is damaged, or no picture, sound or video that Facet knows; choose another file."};
    case Failure::NoPicture:
      return {Code::InvalidInput, name + " is no picture but sound or video; attach it as that."};
    case Failure::NoSound:
      return {Code::InvalidInput, "There is no sound in " + name + "; choose another file."};
    case Failure::NoVideo:
      return {Code::InvalidInput, "There is no video in " + name + "; choose another file."};
    case Failure::TooLarge:
      return too_large(name, message);
    case Failure::TooMuchData:
      return {Code::InvalidInput, name + " is too large for a picture; save it smaller and try again."};
    case Failure::Damaged:
      return {Code::CorruptFile, name + " is damaged and can not be decoded; try another copy of it."};
    case Failure::Unsupported:
      return {Code::Unsupported,
              name + " is coded as " + coding_of(message) +
                  ", which can not be decoded here; save it in another format, such as JPEG or MP4."};
    case Failure::OutOfMemory:
      return {Code::OutOfMemory, name + " takes too much memory to decode; save it smaller and try again."};
    case Failure::Unreadable:
      return {Code::Io, name + " can not be read from its disk; copy it elsewhere and try again."};
    case Failure::NotConfined:
      return {Code::Denied, name +
                                " was not opened because this system does not let Facet confine the program that "
                                "decodes (seccomp is missing); Facet decodes nothing without it."};
  }
  return ended(plain_name, Ending::Nonsense);
}

Error ended(const std::string& plain_name, Ending ending) {
  const std::string name = in_quotes(plain_name);
  switch (ending) {
    case Ending::Crashed:
      return {Code::CorruptFile, name +
                                     " made the decoder crash, which did no harm; the file is probably damaged, so "
                                     "try another copy of it."};
    case Ending::TookTooLong:
      return {Code::CorruptFile, name + " took too long to decode; it may be damaged, or too large for this machine."};
    case Ending::WasKilled:
      return {Code::OutOfMemory, "The system ended the decoder of " + name +
                                     ", probably for lack of memory; close other programs and try again."};
    case Ending::Nonsense:
      return {Code::CorruptFile, name +
                                     " made the decoder answer nonsense, which was discarded; the file is probably "
                                     "damaged, so try another copy of it."};
    case Ending::Stopped:
      return {Code::Stopped, "Decoding " + name + " was stopped."};
  }
  return {Code::Internal, name + " could not be decoded."};
}

}  // namespace facet::tools::media
