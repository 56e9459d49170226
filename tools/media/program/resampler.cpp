#include "tools/media/program/resampler.h"

#include <algorithm>
#include <cmath>

#include "engine/media.h"
#include "tools/media/program/answer.h"

namespace facet::tools::media {
namespace {

constexpr int kRate = static_cast<int>(engine::kSampleRate);
// Of the filter, in samples of the lower rate; twice what the library takes by itself.
constexpr int kFilterLength = 64;
constexpr int kMostRate = 1'000'000;

// Louder than full scale is possible in floats and in what was compressed; no number at all only in what is damaged.
float bounded(float sample) {
  return std::isfinite(sample) ? std::clamp(sample, -1.0F, 1.0F) : 0.0F;
}

}  // namespace

bool Resampler::take(const AVFrame& frame, std::vector<float>& to) {
  if (frame.nb_samples <= 0) return true;
  if (!is_same(frame)) {
    finish(to);
    if (!start(frame)) return false;
  }
  convert(const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples, to);
  return true;
}

// Once it has been emptied, the library's object is of no further use.
void Resampler::finish(std::vector<float>& to) {
  while (context_ && convert(nullptr, 0, to) > 0) {
  }
  context_.reset();
}

double Resampler::held() const {
  return context_ ? static_cast<double>(swr_get_delay(context_.get(), kRate)) : 0;
}

bool Resampler::is_same(const AVFrame& frame) const {
  return context_ && form_.rate == frame.sample_rate && form_.format == frame.format &&
         av_channel_layout_compare(&form_.layout, &frame.ch_layout) == 0;
}

bool Resampler::start(const AVFrame& frame) {
  context_.reset();
  if (frame.sample_rate <= 0 || frame.sample_rate > kMostRate || frame.ch_layout.nb_channels <= 0) return false;
  form_.rate = frame.sample_rate;
  form_.format = frame.format;
  if (av_channel_layout_copy(&form_.layout, &frame.ch_layout) < 0) fail(Failure::OutOfMemory);
  // A file that does not say what its channels are has the usual ones of that number.
  AVChannelLayout from = form_.layout;
  if (from.order == AV_CHANNEL_ORDER_UNSPEC) av_channel_layout_default(&from, from.nb_channels);
  AVChannelLayout mono{};
  av_channel_layout_default(&mono, 1);
  SwrContext* context = nullptr;
  if (swr_alloc_set_opts2(&context, &mono, AV_SAMPLE_FMT_FLT, kRate, &from, static_cast<AVSampleFormat>(frame.format),
                          frame.sample_rate, 0, nullptr) < 0)
    return false;
  context_.reset(context);
  av_opt_set_int(context, "filter_size", kFilterLength, 0);
  // Two channels that say the same are as loud together as each of them.
  av_opt_set_double(context, "rematrix_maxval", 1.0, 0);
  if (swr_init(context) >= 0) return true;
  context_.reset();
  return false;
}

int Resampler::convert(const std::uint8_t** from, int count, std::vector<float>& to) {
  const int room = swr_get_out_samples(context_.get(), count);
  if (room <= 0) return 0;
  const std::size_t before = to.size();
  to.resize(before + static_cast<std::size_t>(room));
  auto* place = reinterpret_cast<std::uint8_t*>(to.data() + before);
  const int made = swr_convert(context_.get(), &place, room, from, count);
  to.resize(before + static_cast<std::size_t>(std::max(made, 0)));
  std::transform(to.begin() + static_cast<std::ptrdiff_t>(before), to.end(),
                 to.begin() + static_cast<std::ptrdiff_t>(before), bounded);
  return made;
}

}  // namespace facet::tools::media
