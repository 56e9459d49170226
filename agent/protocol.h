#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/meeting/transcript.h"

// The vocabulary of everything above the engine: what a conversation is made of, what can be asked of the agent
// (operations) and what it tells (events). Types only; plain data that can be copied between threads.
//
// Order of the events of one turn (those of another conversation may lie in between):
//
//   turn   = TurnStarted { run } { notice } TurnFinished     TurnFinished always, also after a stop or a failure
//          | TurnFinished                                    when the question itself could not be stored
//   run    = { CompactionProgress } { MediaProgress } { PromptProgress } { text } [ ContextChanged ] { call }
//   text   = PartStarted { PartDelta } PartFinished          a TextPart or a ThoughtPart
//   call   = PartStarted { CallChanged } PartFinished        a CallPart; the last CallChanged has a final state
//   notice = PartStarted PartFinished                        a NoticePart: why the turn ended without an answer
//
// Order of the events of one import, in which those of turns and of other imports may lie:
//
//   import = ImportRefused                                            nothing was begun
//          | TranscriptChanged                                        it was there already
//          | { TranscriptChanged } { run }                            Waiting, as long as it has to
//   run    = TranscriptChanged { SegmentAdded | TranscriptProgress } TranscriptChanged
//                                                                     Running; then Done, Stopped, Failed or Waiting
//
// While a call is in AwaitingApproval it carries the approval that wants an answer; a running call may change several
// times, each with its progress. Rows are the truth: whatever an event says has finished is already in the store, so
// an ending that the user should understand is a notice in the message and not only an error in TurnFinished.
namespace facet::agent {

using ConversationId = std::int64_t;
using MessageId = std::int64_t;
using PartId = std::int64_t;
using CallId = std::int64_t;
using ApprovalId = std::int64_t;
using MemoryId = std::int64_t;

// --- what a conversation is made of -----------------------------------------------------------------------------

// What a call may do. The policy decides by it. Keep changes nothing on the machine, only what Facet itself keeps and
// shows to the user, who can delete it.
enum class Effect { Read, Write, Execute, Network, SeeScreen, Keep };

enum class CallState { Preparing, AwaitingApproval, Running, Succeeded, Failed, Denied, Stopped };

inline bool is_final(CallState state) {
  return state == CallState::Succeeded || state == CallState::Failed || state == CallState::Denied ||
         state == CallState::Stopped;
}

enum class Decision { Pending, AllowOnce, AllowInConversation, AllowAlwaysHere, Deny };

// A question to the user. `effect_text` says what would really happen, with paths as the kernel will resolve them.
struct Approval {
  ApprovalId id = 0;
  std::string reason;          // why it asks: "The file is outside the folders of this conversation."
  std::string effect_text;     // what happens: "Read /etc/hosts"
  std::string scope;           // the folder in which it could be allowed from now on; empty: only this once
  bool offers_always = false;  // there for every conversation, and not for this one alone
  Decision decision = Decision::Pending;
};

// A standing permission: this effect beneath this folder, until it is revoked or its conversation is removed.
struct Grant {
  std::int64_t id = 0;
  Effect effect = Effect::Read;
  std::string folder;                // absolute, resolved
  ConversationId conversation = {};  // 0: for every one
  std::int64_t created_ms = 0;
};

// What a model is shown at once of a picture, a video or a sound.
struct MediaPiece {
  enum class Kind { Picture, Frame, Sound };

  Kind kind = Kind::Picture;
  std::uint32_t x = 0;  // pixels: of a picture the area that is meant, of a frame its size
  std::uint32_t y = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::int64_t number = 0;    // of a frame, among those of its video that are shown
  std::int64_t shown_ms = 0;  // of a frame: when it is shown
  std::int64_t begin = 0;     // of a sound, samples at 16000 a second
  std::int64_t end = 0;       // the first that does not belong to it
  std::int64_t tokens = 0;    // soft tokens that a model reads of it; of a sound some models one more

  bool operator==(const MediaPiece&) const = default;
};

enum class MediaKind { Picture, Sound, Video };
enum class BudgetChoice { ByContent, ByUser };

// A picture, a sound or a video, and how a model is shown it.
struct AttachedMedia {
  MediaKind kind = MediaKind::Picture;
  std::uint32_t width = 0;  // as it is shown
  std::uint32_t height = 0;
  std::int64_t duration_ms = 0;
  // How many soft tokens each picture or frame gets at most, and who says so.
  std::uint32_t budget = 0;
  BudgetChoice budget_choice = BudgetChoice::ByContent;
  // Of a picture that is shown in parts, row by row.
  std::uint32_t tile_columns = 1;
  std::uint32_t tile_rows = 1;
  // So many of its pixels become one that the model sees, along a side; above 1 it is shrunk.
  double shrinking = 1;
  std::vector<MediaPiece> pieces = {};
  std::string remark = {};  // what of it no model is shown, and why; the end of a sentence

  std::int64_t tokens() const {
    std::int64_t sum = 0;
    for (const MediaPiece& piece : pieces)
      sum += piece.tokens;
    return sum;
  }
  bool has_sound() const {
    return std::any_of(pieces.begin(), pieces.end(),
                       [](const MediaPiece& piece) { return piece.kind == MediaPiece::Kind::Sound; });
  }
  bool operator==(const AttachedMedia&) const = default;
};

// A file the user attached. `text` is its content where it is a text short enough to go into the prompt; a longer one
// is reached by the tools through `path`. Of media the agent keeps a copy (agent/attachment_folder.h).
struct AttachmentPart {
  std::string name;
  std::string path;
  std::string media_type;
  std::int64_t bytes = 0;
  std::string sha256;
  std::string text;
  std::optional<AttachedMedia> media = {};
};

struct Call {
  CallId id = 0;
  std::string tool;
  std::string arguments_json;
  CallState state = CallState::Preparing;
  std::string result;                    // what the model is told
  std::string details_json;              // what the window may show besides; an object
  std::vector<AttachmentPart> pictures;  // that it has made, for the model; copies of the agent's, without a path
  std::optional<Approval> approval;
  std::int64_t started_ms = 0;   // since the epoch
  std::int64_t finished_ms = 0;  // 0 while it runs
};

struct TextPart {
  std::string text;
};
struct ThoughtPart {
  std::string text;
};
struct CallPart {
  Call call;
};
enum class Severity { Information, Warning, Error };
struct NoticePart {
  Severity severity = Severity::Information;
  std::string text;
};

using PartContent = std::variant<TextPart, ThoughtPart, CallPart, AttachmentPart, NoticePart>;

struct Part {
  PartId id = 0;
  int ordinal = 0;
  PartContent content;
  int run = 0;  // which run of the model in this turn wrote it, from 0: calls of one run were asked for together
};

enum class Role { User, Assistant };

// How a message ended. `Streaming` in a stored row means that the process ended while it was being written.
enum class Finish { Streaming, Done, Length, Stopped, Failed };

struct Message {
  MessageId id = 0;
  ConversationId conversation = 0;
  Role role = Role::User;
  Finish finish = Finish::Done;
  std::int64_t created_ms = 0;
  std::vector<Part> parts;
};

// A step of a plan that the model has written down and follows, and that the user may change at any time.
enum class PlanStatus { Pending, InProgress, Completed };
struct PlanStep {
  std::string text;
  PlanStatus status = PlanStatus::Pending;

  bool operator==(const PlanStep&) const = default;
};

struct Conversation {
  ConversationId id = 0;
  std::string title;
  std::string model;
  std::vector<std::string> folders;  // the tools may read inside these without asking
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  // How many tokens a model may think before each thing that it says or does; 0: it does not think.
  std::int64_t thinking_tokens = 0;
  std::vector<PlanStep> plan = {};
};

// A fact about the user, or a wish of theirs, that is kept for later conversations. No prompt has it by itself: a model
// asks for it with a tool.
struct Memory {
  static constexpr std::int64_t kMostCharacters = 1000;  // of its text
  static constexpr std::int64_t kMostEntries = 500;

  MemoryId id = 0;
  std::string text;                  // no two are the same
  ConversationId conversation = {};  // in which it was kept; 0 when that is gone
  std::int64_t created_ms = 0;
};

// The record of one run of the model inside a turn.
struct Step {
  std::int64_t id = 0;
  MessageId message = 0;
  std::string model;
  std::string backend;
  std::uint64_t seed = 0;
  std::string sampling_json;
  std::string prompt_sha256;  // of the exact prompt text
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t prefill_ms = 0;
  std::int64_t decode_ms = 0;
  std::string finish_reason;
  std::int64_t thinking_tokens = 0;       // as in Conversation, when it ran
  std::vector<std::int32_t> tokens = {};  // what it wrote; empty from a model that knows no ids
};

// How the beginning of a conversation is told to the model since there was no room for all of it. The rows stay.
struct Compaction {
  ConversationId conversation = 0;
  MessageId answer = 0;         // the one that was being written
  MessageId summarised_to = 0;  // the messages up to this one are told as the summary; 0: none
  std::string summary;
  CallId results_to = 0;  // the results of the calls up to this one are left out; 0: none

  bool operator==(const Compaction&) const = default;
};

// --- operations --------------------------------------------------------------------------------------------------

struct UserTurn {
  ConversationId conversation = 0;  // 0 begins a new one
  std::string text;
  std::vector<std::string> attachments;  // paths
  std::vector<std::string> folders;      // for a new conversation
  // How closely a model looks at an attached picture or the frames of a video: soft tokens by path. Chosen by what it
  // shows where nothing is said.
  std::map<std::string, std::uint32_t> budgets = {};
  std::int64_t thinking_tokens = 0;  // for a new conversation
};
inline std::uint32_t budget_of(const UserTurn& turn, const std::string& path) {
  const auto chosen = turn.budgets.find(path);
  return chosen == turn.budgets.end() ? 0 : chosen->second;
}
struct StopTurn {
  ConversationId conversation = 0;  // 0 stops every turn
};
struct AnswerApproval {
  ApprovalId approval = 0;
  Decision decision = Decision::Deny;
};
// Takes a standing permission back. Answered by a PermissionsChanged.
struct RevokeGrant {
  std::int64_t grant = 0;
};
// Answered by a MemoryChanged.
struct RemoveMemory {
  MemoryId memory = 0;  // 0 removes everything
};
struct RenameConversation {
  ConversationId conversation = 0;
  std::string title;
};
struct RemoveConversation {
  ConversationId conversation = 0;
};
struct SetFolders {
  ConversationId conversation = 0;
  std::vector<std::string> folders;
};
// As Conversation::thinking_tokens; holds from the next turn on.
struct SetThinking {
  ConversationId conversation = 0;
  std::int64_t tokens = 0;
};
// The user's own hand in the plan; the model is told of it with the next result or the next question. Answered by a
// PlanChanged.
struct SetPlan {
  ConversationId conversation = 0;
  std::vector<PlanStep> steps;
};
// How long the model would read before it answers this, which is not sent. Answered by a ReadingEstimated; then what
// stands before the question is read while there is nothing else to be done, and answered once more. Of what stands
// before an empty question only a little is read, so that the model is ready when somebody asks.
struct EstimateReading {
  UserTurn question;
};
// What a file would be as an attachment; answered by an AttachmentDescribed, and before that, where the file has to be
// decoded, by AttachmentProgress. 0 as in UserTurn::budgets.
struct DescribeAttachment {
  std::string path;
  std::uint32_t budget = 0;
};
// Nobody wants to know any more what a file would be, and what is under way for that ends. Nothing answers.
struct ForgetAttachment {
  std::string path;
};
// Turns a recording, sound or video, into a transcript. What was stopped or interrupted goes on where it was; what was
// transcribed by the same model before is there already, unless `again` says to begin anew.
struct ImportRecording {
  std::string path;
  std::string language = {};  // that is spoken, as people call it; empty: any
  bool again = false;
};
struct StopTranscription {
  TranscriptId transcript = 0;
};
struct ResumeTranscription {
  TranscriptId transcript = 0;
};
struct RenameTranscript {
  TranscriptId transcript = 0;
  std::string title;
};
struct RemoveTranscript {
  TranscriptId transcript = 0;
};
// A path of a model file, or "built-in".
struct LoadModel {
  std::string model;
};

using Op = std::variant<UserTurn, StopTurn, AnswerApproval, RevokeGrant, RemoveMemory, RenameConversation,
                        RemoveConversation, SetFolders, SetThinking, SetPlan, EstimateReading, DescribeAttachment,
                        ForgetAttachment, ImportRecording, StopTranscription, ResumeTranscription, RenameTranscript,
                        RemoveTranscript, LoadModel>;

// --- events ------------------------------------------------------------------------------------------------------

struct ConversationChanged {  // new, renamed, with other folders or thinking otherwise
  Conversation conversation;
};
// By the model or by the user.
struct PlanChanged {
  ConversationId conversation = 0;
  std::vector<PlanStep> plan;
};
struct ConversationRemoved {
  ConversationId conversation = 0;
};
struct TurnStarted {
  ConversationId conversation = 0;
  Message user;             // complete
  MessageId assistant = 0;  // the message that is about to grow
};
struct PromptProgress {
  ConversationId conversation = 0;
  std::int64_t done = 0;
  std::int64_t total = 0;
};
// Pictures and sounds that the model has not seen or heard before are encoded before it reads.
struct MediaProgress {
  ConversationId conversation = 0;
  std::int64_t done = 0;
  std::int64_t total = 0;
};
struct PartStarted {
  ConversationId conversation = 0;
  MessageId message = 0;
  Part part;
};
struct PartDelta {
  ConversationId conversation = 0;
  MessageId message = 0;
  PartId part = 0;
  std::string text;  // to be appended
};
struct PartFinished {
  ConversationId conversation = 0;
  MessageId message = 0;
  Part part;  // complete, as stored
};
struct CallChanged {
  ConversationId conversation = 0;
  MessageId message = 0;
  PartId part = 0;
  Call call;
};
struct ContextChanged {
  ConversationId conversation = 0;
  std::int64_t used_tokens = 0;
  std::int64_t context_length = 0;
  // Of what is used: the system text and the declarations of the tools. Of what is not: kept free for an answer.
  std::int64_t system_tokens = 0;
  std::int64_t tool_tokens = 0;
  std::int64_t reserved_tokens = 0;
};
// The model writes down what was said so far, because the context is filling up.
struct CompactionProgress {
  ConversationId conversation = 0;
  std::int64_t done = 0;  // tokens, of so many at most
  std::int64_t total = 0;
};
// An answer to an EstimateReading; belongs to no turn.
struct ReadingEstimated {
  ConversationId conversation = 0;
  std::int64_t tokens = 0;                   // that would have to be read
  std::optional<std::int64_t> milliseconds;  // nothing while the model's speed is not known
};
// A standing permission was taken back. That one was given is seen in the approval of its call.
struct PermissionsChanged {};
// Something was kept in memory or removed from it; belongs to no turn.
struct MemoryChanged {};
// A file that is to be described is being decoded, how far; belongs to no turn.
struct AttachmentProgress {
  std::string path;  // as was asked
  double done = 0;   // of 1
};
// An answer to a DescribeAttachment; belongs to no turn.
struct AttachmentDescribed {
  // What a budget comes to, by the model that is open.
  struct Cost {
    std::uint32_t budget = 0;  // 0: chosen by content
    std::int64_t tokens = 0;
    std::optional<std::int64_t> milliseconds;  // to encode and read it; nothing while that is not known
    double shrinking = 1;

    bool operator==(const Cost&) const = default;
  };

  std::string path;                               // as was asked; where it leads is the file's own
  AttachmentPart file;                            // empty when it can not be sent
  std::uint32_t budget = 0;                       // as was asked
  std::int64_t tokens = 0;                        // of media
  std::optional<std::int64_t> milliseconds = {};  // of media, as in Cost
  std::vector<Cost> costs;                        // of pictures and videos, for every budget
  std::string problem;  // one sentence: why it can not be sent, or what the model will not get of it
  bool can_be_sent = true;
};
struct TurnFinished {
  ConversationId conversation = 0;
  MessageId message = 0;
  Finish finish = Finish::Done;
  std::string error;  // one sentence when finish is Failed
};
struct TranscriptChanged {  // new, renamed, or in another state
  Transcript transcript;
};
struct TranscriptRemoved {
  TranscriptId transcript = 0;
};
struct SegmentAdded {
  TranscriptId transcript = 0;
  Segment segment;
};
// Up to where a recording is written down.
struct TranscriptProgress {
  TranscriptId transcript = 0;
  std::int64_t done_ms = 0;
  std::int64_t total_ms = 0;            // 0 where nobody knows
  std::optional<std::int64_t> left_ms;  // that it will probably take
};
struct ImportRefused {
  std::string path;
  std::string error;  // one sentence
};
// The state of the model that answers. `ready` false with `error` empty means that it is being loaded.
struct ModelChanged {
  bool ready = false;
  std::string name;         // "Practice model"
  std::string description;  // one line: what it is and how to get a real one
  std::string device;       // "CPU, 2 threads, AVX2"
  std::string path;
  std::int64_t context_length = 0;
  bool built_in = false;
  bool sees = false;
  bool hears = false;
  bool thinks = false;
  std::string error;
};
struct Notice {
  Severity severity = Severity::Information;
  std::string text;
};

using Event =
    std::variant<ConversationChanged, PlanChanged, ConversationRemoved, TurnStarted, MediaProgress, PromptProgress,
                 PartStarted, PartDelta, PartFinished, CallChanged, ContextChanged, CompactionProgress,
                 PermissionsChanged, MemoryChanged, ReadingEstimated, AttachmentProgress, AttachmentDescribed,
                 TurnFinished, TranscriptChanged, TranscriptRemoved, SegmentAdded, TranscriptProgress, ImportRefused,
                 ModelChanged, Notice>;

}  // namespace facet::agent
