#include "agent/agent_loop.h"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/attachment_description.h"
#include "agent/clock.h"
#include "agent/grammar/reply_grammar.h"
#include "agent/meeting/recording_file.h"
#include "agent/plan.h"
#include "agent/turn_options.h"
#include "agent/unsent_prompt.h"

namespace facet::agent {

AgentLoop::AgentLoop(AgentOptions options, std::shared_ptr<const ReplyGrammar> grammar, std::unique_ptr<Store> store,
                     std::unique_ptr<StoreReader> reader, Channel<Letter>& letters, StopBoard& stops)
    : options_(std::move(options)),
      attachments_(options_.media, AttachmentFolder(AttachmentFolder::beside(options_.database)),
                   [this](const std::string& path) { return transcript_of(*reader_, path); }),
      turn_options_(turn_options(options_, attachments_)),
      store_(std::move(store)),
      reader_(std::move(reader)),
      letters_(letters),
      stops_(stops),
      slot_(
          options_.load_model, [this](ModelLoaded loaded) { letters_.send(std::move(loaded)); }, options_.on_event),
      transcriber_(*store_, *reader_, options_.sound,
                   {[this](TranscriberLetter letter) { letters_.send(std::move(letter)); }, options_.on_event}),
      describer_(
          options_.media, [this](AttachmentDecoded decoded) { letters_.send(std::move(decoded)); },
          // Progress that finds no room is left out.
          [this](AttachmentAdvanced advanced) { (void)letters_.try_send(std::move(advanced)); }) {
  turn_options_.tools = options_.tools;
  turn_options_.grammar = std::move(grammar);
  hooks_.send = options_.on_event;
  hooks_.ask = [this](const Approval& approval, const std::stop_token& stop) { return ask(approval, stop); };
  hooks_.run_tool = [this](const auto& work, const ToolProgress& progress) { return run_tool(work, progress); };
  hooks_.serve = [this] { serve(); };
  hooks_.now_ms = epoch_ms;
  hooks_.is_steered = [this] { return has_waiting_question(running_); };
}

void AgentLoop::run() {
  for (const std::string& problem : turn_options_.grammar->problems)
    options_.on_event(Notice{Severity::Information, problem});
  while (std::optional<Letter> letter = letters_.receive()) {
    open(*std::move(letter));
    for (work(); unsent_ && slot_.model() != nullptr; work())
      read_ahead(*std::exchange(unsent_, std::nullopt));
  }
  close();
}

// Ends as soon as there is something else to be done.
void AgentLoop::read_ahead(const UserTurn& question) {
  const bool is_empty = question.text.empty() && question.attachments.empty();
  TextModel& model = *slot_.model();
  const auto prompt = render_unsent(question, *reader_, model, turn_options_);
  if (!prompt) return;
  const auto estimate = [&] { return model.estimate_reading(question.conversation, prompt->whole); };
  const auto before = estimate();
  const StopBoard::Ticket ticket = stops_.add(StopBoard::kReadingAhead);
  const std::stop_token stop = stops_.token(ticket);
  const auto go_on = [&] {
    serve();
    return tasks_.empty() && !unsent_ && !letters_.is_closed();
  };
  const ReadAhead amount = is_empty ? ReadAhead::Little : ReadAhead::Everything;
  if (go_on()) model.read_ahead(question.conversation, prompt->beginning, amount, go_on, stop);
  if (go_on()) model.encode_ahead(prompt->whole, go_on, stop);
  stops_.remove(ticket);
  if (const auto now = estimate(); now && now != before && go_on()) send_estimate(question, *now);
}

void AgentLoop::open(Letter letter) {
  std::visit([this](auto& content) { handle(std::move(content)); }, letter);
}

void AgentLoop::handle(Op op) {
  std::visit([this](auto& content) { handle(std::move(content)); }, op);
}

// --- turns --------------------------------------------------------------------------------------------------------

void AgentLoop::handle(AskedTurn asked) {
  tasks_.emplace_back(WaitingTurn{std::move(asked), std::nullopt});
  begin_turns();
}

// The first that does not wait for its files.
std::deque<AgentLoop::Task>::iterator AgentLoop::next_task() {
  return std::find_if(tasks_.begin(), tasks_.end(), [](const Task& task) {
    const auto* waiting = std::get_if<WaitingTurn>(&task);
    return waiting == nullptr || waiting->begun;
  });
}

// A turn that was asked for while the model is being loaded waits for it.
void AgentLoop::work() {
  for (auto next = next_task(); next != tasks_.end() && !slot_.is_loading(); next = next_task()) {
    Task task = std::move(*next);
    tasks_.erase(next);
    if (auto* waiting = std::get_if<WaitingTurn>(&task)) {
      run_now(std::move(*waiting));
    } else {
      transcriber_.release_model();
      slot_.load(std::get<LoadModel>(task));
    }
  }
}

void AgentLoop::handle(ModelLoaded loaded) {
  slot_.install(std::move(loaded));
  const auto left_out = offer_tools(options_, slot_.model(), turn_options_);
  if (!left_out.ok()) {
    options_.on_event(Notice{Severity::Error, left_out.error().message});
  } else if (!left_out->empty()) {
    std::string names;
    for (const std::string& name : *left_out)
      names += (names.empty() ? "" : ", ") + name;
    options_.on_event(Notice{Severity::Information, "The context of " + slot_.model()->info().name +
                                                        " is small, so it can not use these tools: " + names + "."});
  }
  transcriber_.use(slot_.model(), slot_.problem());
}

void AgentLoop::close() {
  transcriber_.close();
  stops_.stop(/*conversation=*/0);
  describer_.stop_all();
  std::erase_if(tasks_, [](const Task& task) { return std::holds_alternative<LoadModel>(task); });
  while (!tasks_.empty()) {
    begin_turns();
    finish_stopped_turns();
  }
}

void AgentLoop::run_now(WaitingTurn waiting) {
  Turn& turn = *waiting.begun;
  running_ = turn.conversation.id;
  if (slot_.model() == nullptr && turn.problem.empty()) turn.problem = slot_.problem();
  const std::stop_token stop = stops_.token(waiting.asked.ticket);
  if (!stop.stop_requested()) note_model(turn.conversation);
  run_turn(std::move(turn), *store_, *reader_, slot_.model(), turn_options_, hooks_, stop);
  stops_.remove(waiting.asked.ticket);
  running_ = 0;
  begin_turns();
  finish_stopped_turns();
  remove_conversations();
}

// Stores and shows what has been asked, as far as no earlier turn of the same conversation is in the way and its files
// are known. Nothing is waited for by what was stopped.
void AgentLoop::begin_turns() {
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    auto* waiting = std::get_if<WaitingTurn>(&*task);
    const bool is_due =
        waiting != nullptr && !waiting->begun && !has_unfinished_turn(waiting->asked.question.conversation) &&
        (stops_.token(waiting->asked.ticket).stop_requested() || !await_descriptions(waiting->asked.question));
    task = is_due && !begin(*waiting) ? tasks_.erase(task) : std::next(task);
  }
}

bool AgentLoop::begin(WaitingTurn& waiting) {
  const UserTurn& question = waiting.asked.question;
  Result<Turn> turn = begin_turn(*store_, *reader_, question, &attachments_, stops_.token(waiting.asked.ticket));
  if (!turn.ok()) {
    options_.on_event(TurnFinished{question.conversation, 0, Finish::Failed, turn.error().message});
    stops_.remove(waiting.asked.ticket);
    return false;
  }
  // Before the event, which may be answered with a stop.
  stops_.set_conversation(waiting.asked.ticket, turn->conversation.id);
  if (question.conversation == 0) options_.on_event(ConversationChanged{turn->conversation});
  options_.on_event(TurnStarted{turn->conversation.id, turn->user, turn->assistant.id});
  waiting.begun = std::move(*turn);
  return true;
}

void AgentLoop::handle(const StopTurn&) {
  begin_turns();
  finish_stopped_turns();
}

// Turns that were stopped before their time came end at once, and nothing is decoded for them any more.
void AgentLoop::finish_stopped_turns() {
  std::vector<std::string> unwanted;
  for (auto task = tasks_.begin(); task != tasks_.end();) {
    auto* waiting = std::get_if<WaitingTurn>(&*task);
    if (waiting == nullptr || !waiting->begun || !stops_.token(waiting->asked.ticket).stop_requested()) {
      ++task;
      continue;
    }
    const std::vector<std::string>& files = waiting->asked.question.attachments;
    unwanted.insert(unwanted.end(), files.begin(), files.end());
    run_turn(std::move(*waiting->begun), *store_, *reader_, nullptr, turn_options_, hooks_,
             stops_.token(waiting->asked.ticket));
    stops_.remove(waiting->asked.ticket);
    task = tasks_.erase(task);
  }
  for (std::string& file : unwanted)
    handle(ForgetAttachment{std::move(file)});
}

bool AgentLoop::has_unfinished_turn(ConversationId conversation) const {
  if (conversation == 0) return false;
  return running_ == conversation || std::any_of(tasks_.begin(), tasks_.end(), [&](const Task& task) {
           const auto* waiting = std::get_if<WaitingTurn>(&task);
           return waiting != nullptr && waiting->begun && waiting->begun->conversation.id == conversation;
         });
}

bool AgentLoop::has_waiting_question(ConversationId conversation) const {
  return std::any_of(tasks_.begin(), tasks_.end(), [&](const Task& task) {
    const auto* waiting = std::get_if<WaitingTurn>(&task);
    return waiting != nullptr && waiting->asked.question.conversation == conversation &&
           !stops_.token(waiting->asked.ticket).stop_requested();
  });
}

// The conversation carries the name of the model that answered last.
void AgentLoop::note_model(Conversation& conversation) {
  const TextModel* model = slot_.model();
  if (model == nullptr || conversation.model == model->info().name) return;
  conversation.model = model->info().name;
  report(store_->set_model(conversation.id, conversation.model), conversation.id);
}

// --- what a running turn waits for --------------------------------------------------------------------------------

std::optional<Decision> AgentLoop::ask(const Approval& approval, const std::stop_token& stop) {
  if (options_.refuse_unanswered) return Decision::Deny;
  asked_ = approval.id;
  answer_.reset();
  while (!answer_) {
    std::optional<Letter> letter = letters_.receive(stop);
    if (!letter) break;
    open(*std::move(letter));
  }
  asked_ = 0;
  return std::exchange(answer_, std::nullopt);
}

// An answer that comes too late, or twice, meets nobody.
void AgentLoop::handle(const AnswerApproval& op) {
  if (op.approval == asked_ && op.decision != Decision::Pending) answer_ = op.decision;
}

void AgentLoop::handle(const RevokeGrant& op) {
  report(store_->revoke_grant(op.grant), PermissionsChanged{});
}

void AgentLoop::handle(const RemoveMemory& op) {
  report(op.memory == 0 ? store_->clear_memory() : store_->remove_memory(op.memory), MemoryChanged{});
}

ToolResult AgentLoop::run_tool(const std::function<ToolResult(const ToolProgress&)>& work,
                               const ToolProgress& progress) {
  ToolResult result;
  tool_has_ended_ = false;
  tool_progress_ = &progress;
  try {
    std::jthread worker([&] {
      // Progress that finds no room is left out.
      result = work([this](std::string_view line) { (void)letters_.try_send(ToolSpoke{std::string(line)}); });
      letters_.send(ToolEnded{});
    });
    while (!tool_has_ended_) {
      std::optional<Letter> letter = letters_.receive();
      if (!letter) break;  // closing; the tool has been told to stop
      open(*std::move(letter));
    }
  } catch (const std::system_error& error) {
    result = ToolResult::failure(std::string("no thread could be started for the tool: ") + error.what());
  }
  tool_progress_ = nullptr;
  return result;
}

void AgentLoop::handle(const ToolSpoke& spoke) {
  if (tool_progress_ != nullptr) (*tool_progress_)(spoke.line);
}

void AgentLoop::serve() {
  while (std::optional<Letter> letter = letters_.try_receive())
    open(*std::move(letter));
}

// --- conversations ------------------------------------------------------------------------------------------------

void AgentLoop::handle(const RenameConversation& op) {
  report(store_->rename_conversation(op.conversation, op.title), op.conversation);
}

void AgentLoop::handle(const SetFolders& op) {
  report(store_->set_folders(op.conversation, op.folders), op.conversation);
}

void AgentLoop::handle(const SetThinking& op) {
  report(store_->set_thinking(op.conversation, std::max<std::int64_t>(op.tokens, 0)), op.conversation);
}

void AgentLoop::handle(const SetPlan& op) {
  std::vector<PlanStep> plan = tidy_plan(op.steps);
  const Status done = store_->set_plan(op.conversation, plan, Store::PlanAuthor::User);
  if (!done.ok()) return options_.on_event(Notice{Severity::Error, done.error().message});
  options_.on_event(PlanChanged{op.conversation, std::move(plan)});
}

void AgentLoop::handle(EstimateReading op) {
  TextModel* const model = slot_.model();
  if (model == nullptr) return;
  to_estimate_.reset();
  if (await_descriptions(op.question)) return void(to_estimate_ = std::move(op.question));
  const auto prompt = render_unsent(op.question, *reader_, *model, turn_options_);
  if (!prompt) return;
  if (const auto estimate = model->estimate_reading(op.question.conversation, prompt->whole))
    send_estimate(op.question, *estimate);
  unsent_ = std::move(op.question);
}

// --- attached files -----------------------------------------------------------------------------------------------

// Whether there are files that have to be decoded before anything can be said of them; that is begun.
bool AgentLoop::await_descriptions(const UserTurn& question) {
  bool waits = false;
  for (const std::string& path : question.attachments) {
    const auto state = attachments_.undescribed(path);
    if (!state) continue;
    describer_.describe(path, *state);
    waits = true;
  }
  return waits;
}

void AgentLoop::handle(const DescribeAttachment& op) {
  const auto state = attachments_.undescribed(op.path);
  if (!state) return send_description(op);
  to_describe_.push_back(op);
  describer_.describe(op.path, *state);
  options_.on_event(AttachmentProgress{op.path, 0});
}

// A question that was sent still needs its files.
void AgentLoop::handle(const ForgetAttachment& op) {
  std::erase_if(to_describe_, [&](const DescribeAttachment& asked) { return asked.path == op.path; });
  const auto needs = [&](const UserTurn& question) {
    return std::count(question.attachments.begin(), question.attachments.end(), op.path) > 0;
  };
  if (to_estimate_ && needs(*to_estimate_)) to_estimate_.reset();
  const bool is_sent = std::any_of(tasks_.begin(), tasks_.end(), [&](const Task& task) {
    const auto* waiting = std::get_if<WaitingTurn>(&task);
    return waiting != nullptr && !waiting->begun && needs(waiting->asked.question);
  });
  if (!is_sent) describer_.stop(op.path);
}

void AgentLoop::handle(const AttachmentAdvanced& advanced) {
  options_.on_event(AttachmentProgress{advanced.path, advanced.done});
}

void AgentLoop::handle(AttachmentDecoded decoded) {
  attachments_.keep(decoded.state, decoded.media);
  const auto of_it = std::stable_partition(to_describe_.begin(), to_describe_.end(),
                                           [&](const DescribeAttachment& asked) { return asked.path != decoded.path; });
  const std::vector<DescribeAttachment> asked(of_it, to_describe_.end());
  to_describe_.erase(of_it, to_describe_.end());
  for (const DescribeAttachment& op : asked) {
    if (decoded.media.ok()) {
      handle(op);
    } else {
      options_.on_event(failed_description(op, decoded.media.error()));
    }
  }
  begin_turns();
  attachments_.forget_passing_failure(decoded.state);
  if (to_estimate_) handle(EstimateReading{*std::exchange(to_estimate_, std::nullopt)});
}

void AgentLoop::send_description(const DescribeAttachment& op) {
  Result<AttachmentPart> file = attachments_.glance(op.path, op.budget);
  const TextModel* const model = slot_.model();
  options_.on_event(file.ok() ? description_of(op, *std::move(file), attachments_, model)
                              : failed_description(op, file.error()));
}

void AgentLoop::send_estimate(const UserTurn& question, const ReadingEstimate& estimate) {
  options_.on_event(ReadingEstimated{question.conversation, estimate.tokens, estimate.milliseconds});
}

// Its turns were stopped when the operation was submitted; the one that is running needs a moment to end.
void AgentLoop::handle(const RemoveConversation& op) {
  to_remove_.push_back(op.conversation);
  finish_stopped_turns();
  remove_conversations();
}

void AgentLoop::remove_conversations() {
  const std::size_t before = to_remove_.size();
  std::erase_if(to_remove_, [this](ConversationId id) {
    if (has_unfinished_turn(id)) return false;
    if (const Status removed = store_->remove_conversation(id); removed.ok()) {
      options_.on_event(ConversationRemoved{id});
    } else {
      options_.on_event(Notice{Severity::Error, removed.error().message});
    }
    return true;
  });
  has_unused_copies_ = has_unused_copies_ || to_remove_.size() < before;
  if (has_unused_copies_) remove_attachments();
}

// What a store that can not be read would tell is not worth more than the copies. Of a picture that a running call has
// made nothing is stored yet.
void AgentLoop::remove_attachments() {
  if (running_ != 0) return;
  has_unused_copies_ = false;
  if (const auto used = reader_->media_in_use(); used.ok()) attachments_.folder().remove_others(*used);
}

void AgentLoop::report(const Status& done, const Event& news) {
  options_.on_event(done.ok() ? news : Event(Notice{Severity::Error, done.error().message}));
}

void AgentLoop::report(const Status& done, ConversationId id) {
  if (!done.ok()) return options_.on_event(Notice{Severity::Error, done.error().message});
  const auto conversation = reader_->conversation(id);
  if (!conversation.ok()) return options_.on_event(Notice{Severity::Error, conversation.error().message});
  if (*conversation) options_.on_event(ConversationChanged{**conversation});
}

}  // namespace facet::agent
