#include "agent/call_runner.h"

#include <algorithm>
#include <exception>

#include "agent/attachment.h"
#include "agent/call_pictures.h"
#include "agent/own_state.h"
#include "agent/schema.h"
#include "agent/transcript.h"
#include "agent/utf8.h"

namespace facet::agent {

namespace {

// A tool cuts its own result and says how to read on; this is the fence behind it.
constexpr std::size_t kCutNoticeBytes = 200;
// A name is shown in a card and repeated to the model, so a runaway one is cut.
constexpr std::size_t kMaxNameBytes = 100;

std::string as_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What is cut goes to `whole`, where it is not already.
std::string capped(std::string content, std::size_t limit, std::string& whole) {
  content = to_utf8(content);
  if (content.size() <= limit) return content;
  const std::string_view kept = utf8_prefix(content, limit - std::min(limit, kCutNoticeBytes));
  std::string cut = std::string(kept) + "\n[cut: these are the first " + std::to_string(kept.size()) + " of " +
                    std::to_string(content.size()) + " bytes]";
  if (whole.empty()) whole = std::move(content);
  return cut;
}

// Libraries beneath a tool may throw; for us that is a failing tool.
template <typename T, typename Function>
T without_exceptions(Function function, T (*failure)(std::string)) {
  try {
    return function();
  } catch (const std::exception& exception) {
    return failure(exception.what());
  } catch (...) {
    return failure("an unknown exception");
  }
}

Result<PlannedEffect> planning_failure(std::string cause) {
  return Error{Error::Code::Internal, "the tool failed: " + std::move(cause)};
}

ToolResult running_failure(std::string cause) {
  return ToolResult::failure("the tool failed: " + std::move(cause));
}

}  // namespace

CallRunner::CallRunner(ConversationId conversation, Store& store, const StoreReader& reader, const TurnOptions& options,
                       const TurnHooks& hooks, PartWriter& writer)
    : conversation_(conversation), store_(store), reader_(reader), options_(options), hooks_(hooks), writer_(writer) {}

Status CallRunner::run(const ParsedCall& parsed, const std::string& hint, const std::stop_token& stop) {
  Call call = new_call(parsed);
  FACET_RETURN_IF_ERROR(writer_.begin_call(call));
  FACET_ASSIGN_OR_RETURN(Answer outcome, answer(parsed, call, stop));
  outcome.content += hint;
  return finish(call, std::move(outcome));
}

Status CallRunner::record(const ParsedCall& parsed, CallState state, const std::string& result) {
  Call call = new_call(parsed);
  FACET_RETURN_IF_ERROR(writer_.begin_call(call));
  return finish(call, {.state = state, .content = result});
}

Call CallRunner::new_call(const ParsedCall& parsed) const {
  Call call;
  call.tool = parsed.name.empty() ? "unknown" : utf8_prefix(to_utf8(parsed.name), kMaxNameBytes);
  call.arguments_json = as_text(parsed.arguments);
  // What could not be read is kept as it was written, for the user to see.
  call.details_json = parsed.problem.empty() ? "{}" : as_text({{"raw", parsed.raw}});
  call.started_ms = hooks_.now_ms();
  return call;
}

Status CallRunner::finish(Call& call, Answer answer) {
  call.state = answer.state;
  call.result = std::move(answer.content);
  if (!answer.details.empty()) call.details_json = as_text(answer.details);
  call.finished_ms = hooks_.now_ms();
  return writer_.finish_call(call);
}

const Tool* CallRunner::find(const std::string& name) const {
  const auto found =
      std::find_if(options_.tools.begin(), options_.tools.end(), [&](const Tool& tool) { return tool.name == name; });
  return found == options_.tools.end() ? nullptr : &*found;
}

Result<CallRunner::Answer> CallRunner::answer(const ParsedCall& parsed, Call& call, const std::stop_token& stop) {
  const auto failure = [](const std::string& sentence) {
    return Answer{.state = CallState::Failed, .content = "error: " + sentence};
  };
  if (!parsed.problem.empty()) return failure(parsed.problem);
  const Tool* tool = find(parsed.name);
  if (tool == nullptr) {
    std::string names;
    for (const Tool& known : options_.tools)
      names += (names.empty() ? "" : ", ") + known.name;
    return failure("there is no tool " + call.tool + (names.empty() ? "" : "; the tools are " + names));
  }
  const Result<Json> arguments = check_arguments(tool->parameters, parsed.arguments);
  if (!arguments.ok()) return failure(arguments.error().message);
  call.arguments_json = as_text(*arguments);

  ToolContext context;
  FACET_ASSIGN_OR_RETURN(const auto conversation, reader_.conversation(conversation_));
  if (conversation) context.folders = conversation->folders;
  context.stop = stop;
  context.conversation = conversation_;
  context.result_limit_bytes = result_limit_bytes_;
  const auto plan = [&] {
    return without_exceptions<Result<PlannedEffect>>([&] { return tool->plan(*arguments, context); }, planning_failure);
  };
  const auto planned = plan();
  if (!planned.ok()) return failure(planned.error().message);

  FACET_ASSIGN_OR_RETURN(const Permission permission, authorize(*planned, call, stop));
  if (!permission.is_given) return Answer{.state = permission.refusal_state, .content = permission.refusal};
  // Only what was shown runs: the world may have changed while the user was reading.
  if (call.approval.has_value()) {
    const auto again = plan();
    if (!again.ok()) return failure(again.error().message);
    if (*again != *planned) return failure("what this would do has changed since it was shown; nothing was done");
  }
  context.outside_allowed = !planned->inside_folders;
  return carry_out(*tool, *arguments, *planned, std::move(context), call);
}

Result<CallRunner::Permission> CallRunner::authorize(const PlannedEffect& planned, Call& call,
                                                     const std::stop_token& stop) {
  FACET_ASSIGN_OR_RETURN(std::vector<Grant> grants, reader_.grants());
  std::erase_if(grants,
                [&](const Grant& grant) { return grant.conversation != 0 && grant.conversation != conversation_; });
  const Verdict verdict = decide(planned, grants, options_.own_places);
  if (verdict.kind == Verdict::Kind::Forbid) return Permission{.refusal = "error: " + verdict.reason};
  const auto is_allowed = [&allowed = options_.allowed_effects](Effect effect) {
    return std::find(allowed.begin(), allowed.end(), effect) != allowed.end();
  };
  const bool all_allowed = !verdict.asks_always && is_allowed(planned.effect) &&
                           std::all_of(planned.further.begin(), planned.further.end(), is_allowed);
  if (verdict.kind == Verdict::Kind::Allow || all_allowed) return Permission{.is_given = true, .refusal = {}};
  return ask(planned, verdict, call, stop);
}

Result<CallRunner::Permission> CallRunner::ask(const PlannedEffect& planned, const Verdict& verdict, Call& call,
                                               const std::stop_token& stop) {
  Approval& approval = call.approval.emplace();
  approval.reason = verdict.reason;
  approval.effect_text = planned.text;
  approval.scope = verdict.scope;
  approval.offers_always = verdict.offers_always;
  FACET_ASSIGN_OR_RETURN(approval.id, store_.add_approval(call.id, approval));
  call.state = CallState::AwaitingApproval;
  FACET_RETURN_IF_ERROR(writer_.change_call(call));

  const std::int64_t asked_ms = hooks_.now_ms();
  const std::optional<Decision> decision = hooks_.ask(approval, stop);
  waited_ms_ += hooks_.now_ms() - asked_ms;
  if (!decision) return Permission{.refusal_state = CallState::Stopped, .refusal = "error: stopped by the user"};
  approval.decision = *decision;
  FACET_RETURN_IF_ERROR(store_.settle_approval(approval.id, *decision));
  const bool for_all = *decision == Decision::AllowAlwaysHere && approval.offers_always;
  if (!approval.scope.empty() && (for_all || *decision == Decision::AllowInConversation)) {
    const auto grant = store_.add_grant(planned.effect, approval.scope, for_all ? 0 : conversation_);
    if (!grant.ok()) return grant.error();
  }
  if (*decision == Decision::Deny || *decision == Decision::Pending)
    return Permission{.refusal = "error: the user did not allow this"};
  return Permission{.is_given = true, .refusal = {}};
}

// The model is told how to read on, where it can.
Status CallRunner::keep(const Call& call, std::string whole, std::string& content) {
  whole = to_utf8(whole);
  whole.resize(utf8_prefix(whole, kMaxKeptBytes).size());
  FACET_RETURN_IF_ERROR(store_.keep_output(call.id, whole));
  if (find(kReadEarlier) != nullptr)
    content += "\n[" + std::string(kReadEarlier) + " with \"call\": " + std::to_string(call.id) +
               " shows all of it, part by part]";
  return {};
}

Result<CallRunner::Answer> CallRunner::carry_out(const Tool& tool, const Json& arguments, const PlannedEffect& planned,
                                                 ToolContext context, Call& call) {
  call.state = CallState::Running;
  FACET_RETURN_IF_ERROR(writer_.change_call(call));

  const auto show_progress = [&](std::string_view line) {
    writer_.show_progress(call, as_text({{"progress", to_utf8(line)}}));
  };
  const auto work = [&](const ToolProgress& progress) {
    context.progress = progress;
    return without_exceptions<ToolResult>([&] { return tool.run(arguments, planned, context); }, running_failure);
  };
  ToolResult result = tool.run_in_agent ? run_in_agent(tool, arguments) : hooks_.run_tool(work, show_progress);
  if (!result.failed && !result.pictures.empty()) take_pictures(result, call, context.stop);

  Answer answer{.content = capped(std::move(result.content), context.result_limit_bytes, result.whole)};
  if (!result.whole.empty()) FACET_RETURN_IF_ERROR(keep(call, std::move(result.whole), answer.content));
  if (result.details.is_object()) answer.details = std::move(result.details);
  answer.state = !result.failed                  ? CallState::Succeeded
                 : context.stop.stop_requested() ? CallState::Stopped
                                                 : CallState::Failed;
  return answer;
}

ToolResult CallRunner::run_in_agent(const Tool& tool, const Json& arguments) const {
  OwnState own(conversation_, store_, hooks_.send);
  return without_exceptions<ToolResult>([&] { return tool.run_in_agent(arguments, own); }, running_failure);
}

// A result whose pictures could not be kept is none.
void CallRunner::take_pictures(ToolResult& result, Call& call, const std::stop_token& stop) {
  Result<std::vector<AttachmentPart>> pictures = keep_pictures(result.pictures, options_.attachments, hooks_, stop);
  if (pictures.ok()) {
    call.pictures = *std::move(pictures);
    return;
  }
  result = ToolResult::failure(stop.stop_requested() ? "stopped by the user" : pictures.error().message);
  if (options_.attachments == nullptr) return;
  if (const auto used = reader_.media_in_use(); used.ok()) options_.attachments->folder().remove_others(*used);
}

}  // namespace facet::agent
