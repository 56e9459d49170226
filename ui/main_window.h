#pragma once

#include <QImage>
#include <QMainWindow>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/protocol.h"
#include "agent/screen_source.h"

namespace facet::ui {

// What the window needs from outside. It sends operations, is fed events, and reads the store; it decides nothing.
struct WindowContext {
  std::function<void(agent::Op)> submit;
  std::filesystem::path database;            // read-only here
  std::vector<std::string> default_folders;  // for new conversations
  // Decodes a picture, or the first of a video, to at most so many pixels along a side; called on other threads. Null
  // image: it can not be decoded. Without it no pictures are shown.
  std::function<QImage(const std::string& path, int longest_side)> decode_picture = {};
  // Shows the screens, shared with who has connected it; null where they can not be seen.
  std::shared_ptr<agent::ScreenSource> screens = {};
};

class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  explicit MainWindow(WindowContext context, QWidget* parent = nullptr);
  ~MainWindow() override;

  // From any thread. Events are queued and folded into the models at most once per frame.
  void post_event(const agent::Event& event);

 protected:
  void closeEvent(QCloseEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void build_actions();
  void show_list(bool shown);
  void open_conversation(agent::ConversationId conversation, agent::MessageId message);
  void open_recording(agent::TranscriptId recording, agent::SegmentId segment);
  void choose_recording();

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace facet::ui
