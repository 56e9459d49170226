#pragma once

#include "reference_conversations.h"

// Whole models that see and hear, from pixels and samples to logits.
namespace facet::engine::media_agreement {

using reference_conversations::all;
using reference_conversations::Conversation;
using reference_conversations::disagreement;
using reference_conversations::evaluate;
using reference_conversations::open;
using reference_conversations::with_media;
using reference_projectors::json;

// Those whose projector is there and whose pictures can be drawn.
inline void add_rows() {
  const reference_projectors::Inputs inputs;
  QTest::addColumn<int>("number");
  const auto conversations = all();
  for (std::size_t i = 0; i < conversations.size(); ++i) {
    bool can_encode = !conversations[i].projector.isEmpty();
    for (const json& item : conversations[i].details["items"])
      can_encode = can_encode && (item["kind"] == "audio" || inputs.image(item["file"]));
    if (can_encode) QTest::newRow(conversations[i].id.c_str()) << static_cast<int>(i);
  }
}

// The pictures and sounds of a conversation as the engine encodes them.
inline std::vector<std::shared_ptr<const MediaEmbedding>> encode(const Engine& engine,
                                                                 const Conversation& conversation) {
  const reference_projectors::Inputs inputs;
  std::vector<std::shared_ptr<const MediaEmbedding>> media;
  for (const json& item : conversation.details["items"]) {
    if (item["kind"] == "audio") {
      media.push_back(engine.encode(PcmAudio{inputs.samples(item["file"])}).value());
      continue;
    }
    const auto encoded = engine.encode(*inputs.image(item["file"]), item["budget"].get<std::uint32_t>());
    if (!encoded.ok()) qFatal("%s", encoded.error().message.c_str());
    media.push_back(*encoded);
  }
  return media;
}

inline void agrees(int number, EngineOptions options) {
  const Conversation conversation = all().at(static_cast<std::size_t>(number));
  options.projector = conversation.projector.toStdString();
  const auto engine = open(conversation.model, options);
  const auto media = encode(*engine, conversation);
  const auto items = with_media(conversation.tokens, conversation.details["items"], media);
  const auto sequence = engine->create_sequence();
  const std::vector<float> logits = evaluate(*sequence, items, conversation.tokens.size());
  const QString fault = disagreement(conversation, logits, conversation.details["tolerance"]);
  if (!fault.isEmpty()) QFAIL(qPrintable(fault));
}

}  // namespace facet::engine::media_agreement
