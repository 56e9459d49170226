#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "agent/protocol.h"

// The words by which rows hold the enumerations of the protocol. The schema checks that there are no others.
namespace facet::agent {

template <typename Enum>
struct Names;

template <>
struct Names<Role> {
  static constexpr std::array<std::string_view, 2> kAll = {"user", "assistant"};
};
template <>
struct Names<Finish> {
  static constexpr std::array<std::string_view, 5> kAll = {"streaming", "done", "length", "stopped", "failed"};
};
template <>
struct Names<Severity> {
  static constexpr std::array<std::string_view, 3> kAll = {"information", "warning", "error"};
};
template <>
struct Names<CallState> {
  static constexpr std::array<std::string_view, 7> kAll = {
      "preparing", "awaiting_approval", "running", "succeeded", "failed", "denied", "stopped"};
};
template <>
struct Names<Decision> {
  static constexpr std::array<std::string_view, 5> kAll = {"pending", "allow_once", "allow_in_conversation",
                                                           "allow_always_here", "deny"};
};
template <>
struct Names<Effect> {
  static constexpr std::array<std::string_view, 6> kAll = {"read",    "write",      "execute",
                                                           "network", "see_screen", "keep"};
};

template <>
struct Names<PlanStatus> {
  static constexpr std::array<std::string_view, 3> kAll = {"pending", "in_progress", "completed"};
};

template <>
struct Names<MediaKind> {
  static constexpr std::array<std::string_view, 3> kAll = {"picture", "sound", "video"};
};
template <>
struct Names<TranscriptState> {
  static constexpr std::array<std::string_view, 5> kAll = {"waiting", "running", "stopped", "done", "failed"};
};
template <>
struct Names<SegmentRemark> {
  static constexpr std::array<std::string_view, 4> kAll = {"none", "repeated", "overlong", "empty"};
};
template <>
struct Names<BudgetChoice> {
  static constexpr std::array<std::string_view, 2> kAll = {"by_content", "by_user"};
};

template <typename Enum>
constexpr std::string_view name_of(Enum value) {
  return Names<Enum>::kAll[static_cast<std::size_t>(value)];
}

template <typename Enum>
constexpr std::optional<Enum> from_name(std::string_view name) {
  for (std::size_t i = 0; i < Names<Enum>::kAll.size(); ++i)
    if (Names<Enum>::kAll[i] == name) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace facet::agent
