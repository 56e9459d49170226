#include "ui/models/window_model.h"

#include <QFileInfo>
#include <system_error>
#include <utility>

#include "agent/attachment_folder.h"

namespace facet::ui {
namespace {

std::vector<std::string> to_strings(const QStringList& list) {
  std::vector<std::string> strings;
  for (const QString& each : list)
    strings.push_back(each.toStdString());
  return strings;
}

QStringList to_list(const std::vector<std::string>& strings) {
  QStringList list;
  for (const std::string& each : strings)
    list << QString::fromStdString(each);
  return list;
}

bool says(const agent::Message& message, const std::string& text) {
  for (const agent::Part& part : message.parts) {
    const auto* said = std::get_if<agent::TextPart>(&part.content);
    if (said != nullptr && said->text == text) return true;
  }
  return text.empty();
}

}  // namespace

WindowModel::WindowModel(WindowContext context, QObject* parent)
    : QObject(parent),
      context_(std::move(context)),
      pictures_(context_.decode_picture),
      blank_(std::make_unique<TranscriptModel>(0)),
      transcript_(blank_.get()),
      new_folders_(to_list(context_.default_folders)) {
  load_conversations();
}

WindowModel::~WindowModel() = default;

// The database comes into being on another thread, so opening it is tried until it is there.
agent::StoreReader* WindowModel::reader() {
  if (reader_ != nullptr || context_.database.empty()) return reader_.get();
  std::error_code ignored;
  if (!std::filesystem::exists(context_.database, ignored)) return nullptr;
  auto opened = agent::StoreReader::open(context_.database);
  if (opened.ok()) reader_ = std::move(opened).value();
  return reader_.get();
}

void WindowModel::load_conversations() {
  if (conversations_loaded_ || reader() == nullptr) return;
  auto found = reader_->conversations();
  auto recordings = reader_->transcripts();
  if (!found.ok() || !recordings.ok()) return;
  conversations_loaded_ = true;
  // Who was told no folder goes on with that of the last conversation.
  if (new_folders_.isEmpty() && !found->empty()) new_folders_ = to_list(found->front().folders);
  conversations_.reset(std::move(found).value(), std::move(recordings).value());
}

QString WindowModel::title() const {
  const agent::Conversation* conversation = conversations_.find(current_);
  if (conversation == nullptr || conversation->title.empty()) return tr("New conversation");
  return QString::fromStdString(conversation->title).simplified();
}

QStringList WindowModel::folders() const {
  const agent::Conversation* conversation = conversations_.find(current_);
  return conversation == nullptr ? new_folders_ : to_list(conversation->folders);
}

void WindowModel::submit(agent::Op op) {
  context_.submit(std::move(op));
}

void WindowModel::report(const Error& error) {
  emit noticePosted(static_cast<int>(agent::Severity::Error), QString::fromStdString(error.message));
}

std::unique_ptr<TranscriptModel> WindowModel::load_transcript(agent::ConversationId conversation) {
  auto transcript = std::make_unique<TranscriptModel>(conversation);
  if (conversation == 0 || reader() == nullptr) return transcript;
  auto messages = reader_->messages(conversation);
  if (!messages.ok()) {
    report(messages.error());
    return transcript;
  }
  // No turn runs in it, so what is still marked as growing was left behind by a process that ended.
  for (agent::Message& message : *messages) {
    if (message.finish == agent::Finish::Streaming) message.finish = agent::Finish::Stopped;
  }
  transcript->reset(std::move(messages).value());
  transcript->set_context(last_context(transcript->messages()));
  return transcript;
}

// What the last run of the model took of the context; the limit is that of the model that is loaded now.
TranscriptModel::Context WindowModel::last_context(const std::vector<agent::Message>& messages) const {
  if (messages.empty()) return {};
  auto steps = reader_->steps(messages.back().id);
  if (!steps.ok() || steps->empty()) return {};
  return {steps->back().prompt_tokens + steps->back().completion_tokens, 0};
}

TranscriptModel* WindowModel::kept_transcript(agent::ConversationId conversation) {
  const auto found = transcripts_.find(conversation);
  return found == transcripts_.end() ? nullptr : found->second.get();
}

void WindowModel::load_details() {
  details_ = {};
  if (current_ == 0 || reader() == nullptr) return;
  auto stored = reader_->conversation(current_);
  if (!stored.ok()) return report(stored.error());
  if (*stored) details_ = **std::move(stored);
}

void WindowModel::show_transcript(agent::ConversationId conversation) {
  current_ = conversation;
  load_details();
  conversations_.set_current(conversation);
  if (conversation == 0) {
    blank_ = std::make_unique<TranscriptModel>(0);
    transcript_ = blank_.get();
  } else {
    if (kept_transcript(conversation) == nullptr) transcripts_[conversation] = load_transcript(conversation);
    transcript_ = kept_transcript(conversation);
  }
  emit currentChanged();
  forget_idle_transcripts();
}

void WindowModel::forget_idle_transcripts() {
  std::erase_if(transcripts_,
                [this](const auto& entry) { return entry.first != current_ && !entry.second->turn().running; });
}

void WindowModel::open(agent::ConversationId conversation) {
  show_recording(nullptr);
  if (conversation == current_ && conversation != 0) return;
  show_transcript(conversation);
}

void WindowModel::open_recording(agent::TranscriptId recording) {
  if (reader() == nullptr || (recording_ != nullptr && recording_->transcript().id == recording)) return;
  auto transcript = reader_->transcript(recording);
  if (!transcript.ok()) return report(transcript.error());
  if (!*transcript) return;
  auto segments = reader_->segments(recording);
  if (!segments.ok()) return report(segments.error());
  show_recording(std::make_unique<RecordingModel>(**std::move(transcript), std::move(segments).value()));
}

void WindowModel::show_recording(std::unique_ptr<RecordingModel> recording) {
  if (recording == nullptr && recording_ == nullptr) return;
  // Views look at the old one until they are told.
  const std::unique_ptr<RecordingModel> old = std::exchange(recording_, std::move(recording));
  emit recordingChanged();
}

void WindowModel::import_recording(const QString& path) {
  importing_ << QFileInfo(path).canonicalFilePath();
  submit(agent::ImportRecording{path.toStdString()});
}

// Whether the event is of recordings alone.
bool WindowModel::fold_recording(const agent::Event& event) {
  if (recording_ != nullptr) recording_->fold(event);
  if (const auto* refused = std::get_if<agent::ImportRefused>(&event)) {
    importing_.removeAll(QFileInfo(QString::fromStdString(refused->path)).canonicalFilePath());
    emit noticePosted(static_cast<int>(agent::Severity::Error), QString::fromStdString(refused->error));
    return true;
  }
  if (const auto* removed = std::get_if<agent::TranscriptRemoved>(&event)) {
    if (recording_ != nullptr && recording_->transcript().id == removed->transcript) show_recording(nullptr);
    return true;
  }
  const auto* changed = std::get_if<agent::TranscriptChanged>(&event);
  if (changed != nullptr && importing_.removeAll(QString::fromStdString(changed->transcript.path)) > 0)
    open_recording(changed->transcript.id);
  return changed != nullptr || std::holds_alternative<agent::SegmentAdded>(event) ||
         std::holds_alternative<agent::TranscriptProgress>(event);
}

std::vector<WindowModel::Permission> WindowModel::permissions() {
  std::vector<Permission> permissions;
  if (reader() == nullptr) return permissions;
  const auto grants = reader_->grants();
  if (!grants.ok()) report(grants.error());
  for (const agent::Grant& grant : grants.ok() ? *grants : std::vector<agent::Grant>()) {
    Permission& permission = permissions.emplace_back(Permission{grant, {}});
    permission.conversation = title_of(grant.conversation);
  }
  return permissions;
}

QString WindowModel::title_of(agent::ConversationId conversation) {
  if (conversation == 0 || reader() == nullptr) return {};
  const auto found = reader_->conversation(conversation);
  return found.ok() && *found ? QString::fromStdString((*found)->title).simplified() : QString();
}

std::vector<WindowModel::Remembered> WindowModel::memories() {
  std::vector<Remembered> remembered;
  if (reader() == nullptr) return remembered;
  const auto found = reader_->memories();
  if (!found.ok()) report(found.error());
  for (const agent::Memory& memory : found.ok() ? *found : std::vector<agent::Memory>())
    remembered.push_back({memory, title_of(memory.conversation)});
  return remembered;
}

std::set<agent::MemoryId> WindowModel::memories_with(const QString& words) {
  std::set<agent::MemoryId> ids;
  if (reader() == nullptr) return ids;
  const auto found = words.trimmed().isEmpty() ? reader_->memories()
                                               : reader_->search_memories(words.toStdString(), agent::WordMatch::All);
  if (!found.ok()) report(found.error());
  for (const agent::Memory& memory : found.ok() ? *found : std::vector<agent::Memory>())
    ids.insert(memory.id);
  return ids;
}

void WindowModel::search(const QString& query) {
  if (query.trimmed().isEmpty() || reader() == nullptr) {
    search_results_.reset({});
    return;
  }
  auto hits = reader_->search(query.toStdString());
  if (hits.ok()) {
    search_results_.reset(std::move(hits).value());
  } else {
    report(hits.error());
  }
}

agent::UserTurn WindowModel::turn_of(const QString& text, const QStringList& attachments,
                                     const Budgets& budgets) const {
  agent::UserTurn turn;
  turn.conversation = current_;
  turn.text = text.toStdString();
  turn.attachments = to_strings(attachments);
  for (auto budget = budgets.begin(); budget != budgets.end(); ++budget)
    turn.budgets[budget.key().toStdString()] = budget.value();
  if (current_ == 0) turn.folders = to_strings(new_folders_);
  if (current_ == 0) turn.thinking_tokens = new_thinking_tokens_;
  return turn;
}

void WindowModel::estimate(const QString& text, const QStringList& attachments, const Budgets& budgets) {
  submit(agent::EstimateReading{turn_of(text, attachments, budgets)});
}

void WindowModel::describe(const QString& path, quint32 budget) {
  submit(agent::DescribeAttachment{path.toStdString(), budget});
}

void WindowModel::forget(const QString& path) {
  submit(agent::ForgetAttachment{path.toStdString()});
}

QString WindowModel::place_of(const agent::AttachmentPart& file) const {
  const agent::AttachmentFolder folder(agent::AttachmentFolder::beside(context_.database));
  return QString::fromStdString(folder.find(file));
}

void WindowModel::send(const QString& text, const QStringList& attachments, const Budgets& budgets) {
  agent::UserTurn turn = turn_of(text, attachments, budgets);
  sending_[current_] = turn.text;
  submit(std::move(turn));
}

void WindowModel::stop() {
  submit(agent::StopTurn{current_});
}

void WindowModel::rename(agent::ConversationId conversation, const QString& title) {
  submit(agent::RenameConversation{conversation, title.toStdString()});
}

void WindowModel::remove(agent::ConversationId conversation) {
  submit(agent::RemoveConversation{conversation});
}

void WindowModel::set_folders(const QStringList& folders) {
  if (current_ == 0) {
    new_folders_ = folders;
    emit descriptionChanged();
  } else {
    submit(agent::SetFolders{current_, to_strings(folders)});
  }
}

void WindowModel::set_thinking(qint64 tokens) {
  if (current_ == 0) {
    new_thinking_tokens_ = tokens;
    emit descriptionChanged();
  } else {
    submit(agent::SetThinking{current_, tokens});
  }
}

void WindowModel::set_plan(const std::vector<agent::PlanStep>& steps) {
  if (current_ != 0) submit(agent::SetPlan{current_, steps});
}

void WindowModel::load_model(const QString& model) {
  submit(agent::LoadModel{model.toStdString()});
}

void WindowModel::refuse_sending(agent::ConversationId conversation) {
  if (sending_.erase(conversation) > 0) emit sendRefused(conversation);
}

void WindowModel::refuse_all() {
  while (!sending_.empty())
    refuse_sending(sending_.begin()->first);
}

// Which of the messages that were handed over has begun this turn; none when another program did.
std::optional<agent::ConversationId> WindowModel::where_written(const agent::TurnStarted& event) const {
  if (sending_.contains(event.conversation)) return event.conversation;
  const auto fresh = sending_.find(0);
  if (fresh != sending_.end() && says(event.user, fresh->second)) return 0;
  return std::nullopt;
}

// A turn may begin in a conversation that is not on the screen, or in one that this window has just asked for.
void WindowModel::follow_started_turn(const agent::TurnStarted& event) {
  const std::optional<agent::ConversationId> written_in = where_written(event);
  if (kept_transcript(event.conversation) == nullptr) {
    transcripts_[event.conversation] = load_transcript(event.conversation);
  }
  kept_transcript(event.conversation)->fold(event);
  if (!written_in) return;
  sending_.erase(*written_in);
  if (*written_in == 0 && current_ == 0) show_transcript(event.conversation);
  emit sendAccepted(*written_in);
}

void WindowModel::fold(const agent::Event& event) {
  load_conversations();
  conversations_.fold(event);
  if (fold_recording(event)) return;
  if (const auto* started = std::get_if<agent::TurnStarted>(&event)) {
    follow_started_turn(*started);
    return;
  }
  for (const auto& [id, transcript] : transcripts_)
    transcript->fold(event);
  if (const auto* changed = std::get_if<agent::ConversationChanged>(&event)) {
    if (changed->conversation.id != current_) return;
    const std::vector<agent::PlanStep> plan = details_.plan;
    details_ = changed->conversation;
    details_.plan = plan;
    emit descriptionChanged();
  } else if (const auto* plan = std::get_if<agent::PlanChanged>(&event)) {
    if (plan->conversation != current_) return;
    details_.plan = plan->plan;
    emit descriptionChanged();
  } else if (const auto* removed = std::get_if<agent::ConversationRemoved>(&event)) {
    if (removed->conversation == current_) show_transcript(0);
  } else if (const auto* model = std::get_if<agent::ModelChanged>(&event)) {
    model_ = *model;
    if (!model->error.empty()) refuse_all();
    emit modelChanged();
  } else if (const auto* notice = std::get_if<agent::Notice>(&event)) {
    if (notice->severity == agent::Severity::Error) refuse_all();
    emit noticePosted(static_cast<int>(notice->severity), QString::fromStdString(notice->text));
  } else if (const auto* described = std::get_if<agent::AttachmentDescribed>(&event)) {
    emit attachmentDescribed(*described);
  } else if (std::holds_alternative<agent::PermissionsChanged>(event)) {
    emit permissionsChanged();
  } else if (std::holds_alternative<agent::MemoryChanged>(event)) {
    emit memoryChanged();
  } else if (const auto* progress = std::get_if<agent::AttachmentProgress>(&event)) {
    emit attachmentProgressed(*progress);
  } else if (const auto* estimate = std::get_if<agent::ReadingEstimated>(&event)) {
    emit readingEstimated(estimate->conversation, estimate->milliseconds);
  } else if (const auto* finished = std::get_if<agent::TurnFinished>(&event)) {
    forget_idle_transcripts();
    // A turn that ends before it has started is a message that could not be stored.
    if (sending_.contains(finished->conversation)) {
      refuse_sending(finished->conversation);
      emit noticePosted(static_cast<int>(agent::Severity::Error), QString::fromStdString(finished->error));
    }
  }
}

}  // namespace facet::ui
