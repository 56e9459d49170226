#pragma once

#include <cstdint>
#include <string>
#include <vector>

// A video is shown to a model as pictures with the time in front of each. Which of its frames those are, and how the
// time is written; what follows the time is the prompt of a picture.
namespace facet::engine {

inline constexpr std::uint32_t kVideoFrames = 32;
inline constexpr double kUnknownFrameRate = 24;  // frames in a second of a video that does not say

// floor(i * total / wanted) for i = 0 to wanted - 1; every frame of a video that has no more than that. Frames are
// counted as they come, whatever time lies between them. Precondition: at least one is wanted.
std::vector<std::uint64_t> sampled_frames(std::uint64_t total, std::uint32_t wanted = kVideoFrames);

// When a frame is shown, in a video with evenly spaced frames: frame / rate. A rate that is no positive number counts
// as unknown. Where the file says when each frame is shown, that is the time to write.
double frame_seconds(std::uint64_t frame, double frames_per_second);

// "mm:ss", both rounded down; minutes may exceed 59 and 99. A time before the start, or none at all, is "00:00".
std::string stamp_text(double seconds);

// What stands before the markers of the picture with this place in its video: the stamp and a space, with a space
// before that parts it from the picture in front.
std::string frame_lead(std::size_t place, double seconds);

}  // namespace facet::engine
