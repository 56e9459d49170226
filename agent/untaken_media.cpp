#include "agent/untaken_media.h"

namespace facet::agent {

namespace {

// Why, and what can be done.
std::string way_out(const TextModelInfo& model) {
  if (!model.media_remark.empty()) return " (" + model.media_remark + ")";
  return "; open a model with a projector, an 'mmproj' file beside it";
}

}  // namespace

std::string untaken_sentence(const AttachmentPart& file, const TextModelInfo& model) {
  if (!file.media) return {};
  const bool is_sound = file.media->kind == MediaKind::Sound;
  const bool taken = is_sound ? model.hears : model.sees;
  if (taken) {
    if (!file.media->remark.empty()) return "Of " + file.name + " " + file.media->remark + ".";
    if (is_sound || model.hears || !file.media->has_sound()) return {};
    if (!file.text.empty())
      return model.name + " sees " + file.name + " but can not hear it, and reads its transcript instead.";
    return model.name + " sees " + file.name +
           " but can not hear it; import it as a recording with a model that hears, and its transcript is read "
           "instead.";
  }
  if (!model.hears && !file.text.empty())
    return model.name + " can not " + (is_sound ? "hear " : "see or hear ") + file.name +
           " and reads its transcript instead.";
  const bool hears_video = !is_sound && model.hears && file.media->has_sound();
  if (hears_video) return model.name + " hears " + file.name + " but can not see it" + way_out(model) + ".";
  return model.name + " can not " + (is_sound ? "hear " : "see ") + file.name + " and is only told where it is" +
         way_out(model) + ".";
}

std::string untaken_sentences(const Message& question, const TextModelInfo& model) {
  std::string all;
  for (const Part& part : question.parts) {
    const auto* file = std::get_if<AttachmentPart>(&part.content);
    const std::string sentence = file != nullptr ? untaken_sentence(*file, model) : std::string();
    if (!sentence.empty()) all += (all.empty() ? "" : " ") + sentence;
  }
  return all;
}

}  // namespace facet::agent
