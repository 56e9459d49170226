#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

// What `facet-media`, the program that decodes, and Facet say to each other. Facet starts it for one file and one task:
//
//   facet-media TASK ARGUMENT MEMORY_BYTES CPU_SECONDS
//
// with the file as one descriptor and a pipe as another. The program answers with messages, each a header and as many
// bytes as that says. Both are of one build on one machine, so numbers are as the machine has them.
//
// The order, which the reader checks for the program may have been taken over by the file:
//   describe     Facts End
//   picture      Progress* Image Pixels+ End
//   sound        Facts (Progress | Samples)* End
//   frames       Facts (Progress | Image Pixels+)* End
//   confinement  Confinement End
// At any place Failure may stand, as the last message.
namespace facet::tools::media {

inline constexpr int kFileDescriptor = 0;
inline constexpr int kAnswerDescriptor = 3;

enum class MessageKind : std::uint32_t { Facts = 1, Progress, Image, Pixels, Samples, Confinement, End, Failure };

struct MessageHeader {
  std::uint32_t kind = 0;
  std::uint32_t bytes = 0;
};
// Of one message; pictures and sound come in pieces of at most this.
inline constexpr std::uint32_t kMostMessageBytes = 1U << 18U;

inline constexpr std::size_t kNameBytes = 32;

enum class MediaKind : std::uint32_t { Picture = 1, Sound, Video };

// What the file is. A picture has a size, a video too.
struct FactsMessage {
  std::uint32_t kind = 0;  // of MediaKind
  std::uint32_t has_sound = 0;
  std::uint32_t width = 0;  // as it is shown
  std::uint32_t height = 0;
  double seconds = -1;  // below 0 where the file does not say
  char format[kNameBytes] = {};
};

struct ProgressMessage {
  double part = 0;  // 0 to 1
};

// Its pixels follow, row by row, in Pixels messages.
struct ImageMessage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint32_t is_damaged = 0;
  std::uint32_t unused = 0;
  double seconds = 0;  // when a frame is shown
};

struct EndMessage {
  std::uint32_t is_damaged = 0;  // some of the sound or of the frames could not be decoded
};

// Whether what must be forbidden to the program is.
struct ConfinementMessage {
  std::uint32_t opens_files = 1;
  std::uint32_t opens_sockets = 1;
  std::uint32_t starts_programs = 1;
  std::uint32_t signals_others = 1;
  std::uint32_t is_alone_in_network = 0;  // in a network namespace of its own, which not every system grants
  std::uint32_t most_descriptors = 0;
};

enum class Failure : std::uint32_t {
  NotMedia = 1,  // nothing that is known
  NoPicture,     // a sound or a video where a picture was asked for
  NoSound,
  NoVideo,
  TooLarge,     // width and height say what the file claims
  TooMuchData,  // a picture file of more bytes than any picture needs
  Damaged,
  Unsupported,  // `name` is the coding that can not be decoded
  OutOfMemory,
  Unreadable,   // the disk does not give the bytes
  NotConfined,  // the system refuses what keeps the program from doing harm
};

struct FailureMessage {
  Failure failure = Failure::Damaged;
  std::uint32_t unused = 0;
  std::uint64_t width = 0;
  std::uint64_t height = 0;
  char name[kNameBytes] = {};
};

static_assert(std::is_trivially_copyable_v<FactsMessage> && std::is_trivially_copyable_v<FailureMessage> &&
              std::is_trivially_copyable_v<ConfinementMessage>);

}  // namespace facet::tools::media
