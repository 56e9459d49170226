#pragma once

#include "reference_conversations.h"

// Whole models that see and hear, from pixels and samples to logits.
namespace media_agreement {

using namespace reference_conversations;

// The pictures and sounds of a conversation as the engine encodes them; empty where one can not be drawn.
inline std::vector<std::shared_ptr<const MediaEmbedding>> encode(const Engine& engine,
                                                                 const Conversation& conversation) {
  const reference_projectors::Inputs inputs;
  std::vector<std::shared_ptr<const MediaEmbedding>> media;
  for (const json& item : conversation.details["items"]) {
    if (item["kind"] == "audio") {
      media.push_back(engine.encode(PcmAudio{inputs.samples(item["file"])}).value());
      continue;
    }
    const auto image = inputs.image(item["file"]);
    if (!image) return {};
    const auto encoded = engine.encode(*image, item["budget"].get<std::uint32_t>());
    if (!encoded.ok()) qFatal("%s", encoded.error().message.c_str());
    media.push_back(*encoded);
  }
  return media;
}

inline void agrees(int number, EngineOptions options) {
  const Conversation conversation = all().at(static_cast<std::size_t>(number));
  if (conversation.projector.isEmpty()) QSKIP("its projector is not there");
  options.projector = conversation.projector.toStdString();
  const auto engine = open(conversation.model, options);
  const auto media = encode(*engine, conversation);
  if (media.empty()) QSKIP("its picture has a palette");
  const auto items = with_media(conversation.tokens, conversation.details["items"], media);
  const auto sequence = engine->create_sequence();
  const std::vector<float> logits = evaluate(*sequence, items, conversation.tokens.size());
  const QString fault = disagreement(conversation, logits, conversation.details["tolerance"]);
  if (!fault.isEmpty()) QFAIL(qPrintable(fault));
}

}  // namespace media_agreement
