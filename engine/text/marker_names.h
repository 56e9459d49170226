#pragma once

#include <array>
#include <string_view>

// The special tokens of Gemma 4 by their strings. Files disagree about their types, so the strings decide.
namespace facet::engine {

inline constexpr std::string_view kBeginOfSequence = "<bos>";

// Without these a prompt can not be written or an answer not be read.
inline constexpr std::array<std::string_view, 14> kTextMarkers = {
    "<bos>",   "<eos>",      "<|tool>",          "<tool|>",          "<|tool_call>", "<tool_call|>", "<|turn>",
    "<turn|>", "<|channel>", "<|tool_response>", "<tool_response|>", "<|\"|>",       "<|think|>",    "<channel|>"};
inline constexpr std::array<std::string_view, 10> kOtherMarkers = {
    "<pad>", "<unk>", "<mask>", "<|image>", "<|audio>", "<|image|>", "<|audio|>", "<image|>", "<audio|>", "<|video|>"};

// An answer ends with one of these; a sampled `<|turn>` can only be a runaway.
inline constexpr std::array<std::string_view, 4> kEndMarkers = {"<eos>", "<turn|>", "<|tool_response>", "<|turn>"};

// A model never has a reason to say these, and some do: placeholders in the middle of words, for example.
inline constexpr std::array<std::string_view, 15> kNeverSaid = {
    "<pad>",    "<bos>",    "<unk>",     "<mask>",    "<|tool>",  "<tool|>",  "<tool_response|>", "<|think|>",
    "<|image>", "<|audio>", "<|image|>", "<|audio|>", "<image|>", "<audio|>", "<|video|>"};

}  // namespace facet::engine
