#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/attachment_folder.h"
#include "agent/media_source.h"
#include "agent/protocol.h"
#include "engine/base/result.h"

namespace facet::agent {

// Files on their way into questions: what they are, and their content where a model can be told it at once. Belongs to
// the agent thread.
class Attachments {
 public:
  // Without a source pictures, sounds and videos are files like others.
  Attachments() : folder_({}) {}
  // `transcript_of` gives what was said in a recording, or nothing where that is not known.
  using TranscriptOf = std::function<std::string(const std::string& path)>;
  Attachments(std::shared_ptr<MediaSource> source, AttachmentFolder folder, TranscriptOf transcript_of = {})
      : source_(std::move(source)), folder_(std::move(folder)), transcript_of_(std::move(transcript_of)) {}

  // A file as the user attached it: where it is, what it is, its SHA-256, and its text where that is short enough to be
  // read by the model at once. The text of a recording is its transcript, or the beginning of that. Media are copied. A file that is not there, or media that can not be decoded, are an
  // error in one sentence. `budget` as in UserTurn::budgets.
  Result<AttachmentPart> read(const std::string& path, std::uint32_t budget = 0, std::stop_token stop = {});

  // As far as the model is told of it, at once: a file that is too long to be read by the model is not read here
  // either, and media are decoded the first time alone.
  Result<AttachmentPart> glance(const std::string& path, std::uint32_t budget = 0, std::stop_token stop = {});

  // What tells a media file apart from the same one written anew, where it is not known yet what the file is; nothing
  // where that is known, or the file is none that has to be decoded. Decodes nothing.
  std::optional<std::string> undescribed(const std::string& path) const;
  // What was found out elsewhere of a file in this state.
  void keep(const std::string& state, Result<AttachedMedia> media);
  // Lets a failure go that another try might not meet.
  void forget_passing_failure(const std::string& state);

  // The same media with another budget.
  Result<AttachedMedia> with_budget(const AttachedMedia& media, std::uint32_t budget) const;

  const AttachmentFolder& folder() const { return folder_; }
  // Null where media are files like others.
  MediaSource* source() const { return source_.get(); }

 private:
  Status describe(AttachmentPart& part, std::uint32_t budget, const std::stop_token& stop);

  std::shared_ptr<MediaSource> source_;  // also used by the model that reads from it
  AttachmentFolder folder_;
  TranscriptOf transcript_of_;
  // With budgets by content; or why it can not be decoded.
  std::map<std::string, Result<AttachedMedia>> described_;
};

}  // namespace facet::agent
