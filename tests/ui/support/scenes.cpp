#include "tests/ui/support/scenes.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QImage>
#include <QLinearGradient>
#include <QPainter>
#include <cmath>

namespace facet::ui::test {
namespace {

const char kRichMarkdown[] = R"(# Moving the office

The plan sets the move for **14 March**; the budget is *300 EUR*, of which `120` are spent. The [checklist](https://example.org/checklist) is kept by Maria Berg.

## What is left to do

1. Order the boxes, at least forty
   - small ones for books
   - large ones for everything else
     - with handles
2. Tell the landlord ~~by fax~~ by letter
3. Book the van

- [x] Keys counted
- [ ] Meter readings

> Everything that is not labelled on Friday stays where it is.
>
> – the plan, section 2

| Room | Boxes | Done |
|:-----|------:|:----:|
| Kitchen | 12 | yes |
| Archive, with the shelves along the wall | 118 | no |
| Reception | 4 | yes |

### How the boxes were counted

```python
from pathlib import Path

def count_boxes(folder: Path) -> int:
    """Adds up what the lists say."""
    total = 0
    for path in sorted(folder.glob("*.txt")):  # one list per room
        total += int(path.read_text().split(":")[1])
    return total
```

Run it in the folder of the lists:

```sh
python3 count.py --folder ~/move  # prints 134
```

---

Raw HTML such as <b>this</b> is shown as it is, and an image ![floor plan](https://example.org/plan.png) is only a link.
)";

// On the picture that paint_room makes.
const char kPlaces[] = R"(There are four things to be seen in the room:

```json
[
  {"box_2d": [140, 80, 520, 360], "label": "window"},
  {"box_2d": [620, 420, 900, 860], "label": "sofa"},
  {"box_2d": [450, 470, 600, 560], "label": "lamp"},
  {"point": [700, 200], "label": "ball"}
]
```

The lamp stands behind the sofa.)";

const char kThought[] =
    "The user asks about the move. The file plan.txt is in the folder, so I read it first and then count the boxes "
    "from "
    "the lists.";

const char kOpenCode[] =
    "One line per list is enough. This reads every list and adds up the numbers:\n\n```cpp\n#include "
    "<filesystem>\n\nint "
    "main() {\n  int total = 0;  // of all rooms\n  for (const auto& entry : "
    "std::filesystem::directory_iterator(\".\")) {\n    total += count(entry";

std::int64_t now_ms() {
  return QDateTime::currentMSecsSinceEpoch();
}

agent::Call read_plan() {
  return sample_call("read_file", R"({"path": "plan.txt"})", agent::CallState::Succeeded,
                     "owner: Maria Berg\ndeadline: 14 March\nbudget: 300 EUR\nspent: 120 EUR\n", 12);
}

agent::Call secret_call() {
  agent::Call call = sample_call("read_file", R"({"path": "/home/maria/letters/landlord.txt"})",
                                 agent::CallState::Succeeded, "Dear Sir or Madam,\n", 8);
  agent::Approval approval;
  approval.reason = "The file is outside the folders of this conversation.";
  approval.effect_text = "Read /home/maria/letters/landlord.txt";
  approval.scope = "/home/maria/letters";
  approval.offers_always = true;
  call.approval = approval;
  return call;
}

constexpr const char* kBudgetDiff =
    "@@ -3,6 +3,7 @@\n deadline: 14 March\n \n Budget\n-movers: 300 EUR\n+movers: 340 EUR\n+boxes: 25 EUR\n cleaning: "
    "90 EUR\n \n Left to do";

agent::Call edit_call() {
  agent::Call call = sample_call(
      "edit_file",
      R"({"path": "plan.txt", "old_text": "movers: 300 EUR", "new_text": "movers: 340 EUR\nboxes: 25 EUR"})",
      agent::CallState::Succeeded, std::string("changed plan.txt:\n") + kBudgetDiff, 8);
  agent::Approval approval;
  approval.reason = "This changes files.";
  approval.effect_text = std::string("Change /home/maria/move/plan.txt\n") + kBudgetDiff;
  approval.scope = "/home/maria/move";
  approval.offers_always = true;
  call.approval = approval;
  return call;
}

// Of the picture that paint_desktop makes, wherever the attachments are.
const std::string kDesktopHash(64, '5');

agent::Call screen_call() {
  agent::Call call =
      sample_call("take_screenshot", "{}", agent::CallState::Succeeded, "What screen 1 (1920 x 1080) shows:", 240);
  agent::AttachmentPart& picture = call.pictures.emplace_back();
  picture.name = "screen 1.png";
  picture.media_type = "image/png";
  picture.sha256 = kDesktopHash;
  agent::AttachedMedia& media = picture.media.emplace();
  media.width = 1920;
  media.height = 1080;
  media.budget = 1120;
  media.pieces = {{.width = 1920, .height = 1080, .tokens = 1102}};
  return call;
}

void ask(ScriptedAgent& agent, const std::string& question, ScriptedAgent::Script script) {
  agent.set_script(std::move(script));
  agent.submit(agent::UserTurn{0, question, {}, {"/home/maria/move"}});
}

ScriptedAgent::Script tool_script() {
  return {
      agent::ThoughtPart{kThought},
      agent::CallPart{sample_call("list_files", R"({"path": "."})", agent::CallState::Succeeded,
                                  "archive.txt\nkitchen.txt\nplan.txt\nreception.txt\n", 4)},
      agent::CallPart{sample_call("search_files", R"({"pattern": "archive", "path": "."})", agent::CallState::Succeeded,
                                  "archive.txt:1: boxes: 118\nplan.txt:6: the archive goes first\n", 31)},
      agent::CallPart{sample_call("read_file", R"({"path": "archive-2023.txt"})", agent::CallState::Failed,
                                  "error: no such file: archive-2023.txt", 2)},
      agent::CallPart{sample_call("run_command", R"({"command": "wc -l *.txt"})", agent::CallState::Denied, "", 0)},
      agent::CallPart{sample_call("read_file", R"({"path": "archive.txt", "first_line": 1, "last_line": 40})",
                                  agent::CallState::Running, "", 0)}};
}

}  // namespace

QString rich_markdown() {
  return QString::fromUtf8(kRichMarkdown);
}

agent::ModelChanged practice_model() {
  agent::ModelChanged model;
  model.ready = true;
  model.name = "Practice model";
  model.description =
      "The practice model is tiny: it lists, reads and searches files and answers from them, nothing more. Open a "
      "Gemma 4 model to talk about anything.";
  model.device = "CPU, 2 threads";
  model.path = "built-in";
  model.context_length = 8192;
  model.built_in = true;
  return model;
}

agent::Call sample_call(const std::string& tool, const std::string& arguments, agent::CallState state,
                        const std::string& result, std::int64_t took_ms) {
  agent::Call call;
  call.tool = tool;
  call.arguments_json = arguments;
  call.state = state;
  call.result = result;
  call.details_json = "{}";
  call.started_ms = now_ms();
  call.finished_ms = took_ms == 0 ? 0 : call.started_ms + took_ms;
  return call;
}

QStringList scene_names() {
  return {"start", "chat",    "tools",  "approval", "diff",      "streaming", "reading", "error", "search",
          "long",  "loading", "places", "files",    "recording", "memory",    "plan",    "screen"};
}

void write_long_conversation(ScriptedAgent& agent, int turns) {
  std::string answer;
  for (int line = 0; line < 6; ++line)
    answer += "The list of room " + std::to_string(line) + " names the boxes.\n\n";
  agent.set_script({agent::TextPart{answer}});
  agent.submit(agent::UserTurn{0, "Go through the rooms.", {}, {}});
  const agent::ConversationId conversation = std::get<agent::TurnFinished>(agent.events().back()).conversation;
  for (int turn = 1; turn < turns; ++turn) {
    agent.submit(agent::UserTurn{conversation, "And room " + std::to_string(turn) + "?", {}, {}});
  }
}

namespace {

QImage paint_room(const QSize& size) {
  QImage image(size, QImage::Format_RGB32);
  QPainter painter(&image);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.scale(size.width() / 1000.0, size.height() / 1000.0);
  QLinearGradient wall(0, 0, 0, 780);
  wall.setColorAt(0, QColor(222, 214, 200));
  wall.setColorAt(1, QColor(196, 184, 166));
  painter.fillRect(QRectF(0, 0, 1000, 780), wall);
  painter.fillRect(QRectF(0, 780, 1000, 220), QColor(136, 104, 78));
  painter.fillRect(QRectF(80, 140, 280, 380), QColor(250, 250, 246));
  QLinearGradient sky(0, 150, 0, 510);
  sky.setColorAt(0, QColor(120, 176, 226));
  sky.setColorAt(1, QColor(214, 232, 244));
  painter.fillRect(QRectF(92, 160, 256, 340), sky);
  painter.fillRect(QRectF(216, 160, 8, 340), QColor(250, 250, 246));
  painter.setBrush(QColor(92, 70, 58));
  painter.drawRect(QRectF(510, 560, 8, 120));
  painter.setBrush(QColor(244, 206, 120));
  painter.drawPolygon(QPolygonF({{490, 450}, {540, 450}, {560, 600}, {470, 600}}));
  painter.setBrush(QColor(58, 96, 112));
  painter.drawRoundedRect(QRectF(420, 620, 440, 200), 24, 24);
  painter.setBrush(QColor(72, 116, 134));
  painter.drawRoundedRect(QRectF(430, 720, 420, 180), 20, 20);
  painter.setBrush(QColor(206, 74, 60));
  painter.drawEllipse(QPointF(200, 700), 26, 46);
  return image;
}

// A desktop with a document and a question of the printer.
QImage paint_desktop() {
  QImage image(1920, 1080, QImage::Format_RGB32);
  QPainter painter(&image);
  painter.setRenderHint(QPainter::Antialiasing);
  QLinearGradient ground(0, 0, 1920, 1080);
  ground.setColorAt(0, QColor(36, 62, 92));
  ground.setColorAt(1, QColor(86, 122, 134));
  painter.fillRect(image.rect(), ground);
  painter.setPen(Qt::NoPen);
  const auto window = [&](const QRectF& place, const QString& title) {
    painter.setBrush(QColor(248, 248, 246));
    painter.drawRoundedRect(place, 14, 14);
    painter.setBrush(QColor(226, 228, 228));
    painter.drawRoundedRect(QRectF(place.topLeft(), QSizeF(place.width(), 56)), 14, 14);
    painter.setPen(QColor(52, 56, 60));
    painter.drawText(QRectF(place.left(), place.top(), place.width(), 56), Qt::AlignCenter, title);
    painter.setPen(Qt::NoPen);
  };
  QFont font = painter.font();
  font.setPixelSize(26);
  painter.setFont(font);
  window(QRectF(140, 90, 1180, 860), "annual report.odt");
  painter.setBrush(QColor(176, 180, 182));
  for (int line = 0; line < 17; ++line)
    painter.drawRoundedRect(QRectF(220, 200 + line * 42, line % 5 == 4 ? 560 : 1020, 14), 7, 7);
  window(QRectF(900, 420, 760, 320), "Printer");
  painter.setPen(QColor(40, 44, 48));
  painter.drawText(QRectF(950, 510, 660, 90), Qt::AlignLeft | Qt::TextWordWrap,
                   "There is no paper of size A4 in tray 2. Fill the tray, then try again.");
  painter.setPen(Qt::NoPen);
  painter.setBrush(QColor(54, 110, 190));
  painter.drawRoundedRect(QRectF(1420, 650, 200, 60), 10, 10);
  painter.setPen(Qt::white);
  painter.drawText(QRectF(1420, 650, 200, 60), Qt::AlignCenter, "Try again");
  return image;
}

// As facet-media and a model would describe it.
agent::AttachmentDescribed described_picture(const QString& name, const QSize& size, std::uint32_t budget,
                                             std::int64_t tokens, double shrinking) {
  agent::AttachmentDescribed described;
  described.file.name = name.toStdString();
  described.tokens = tokens;
  described.milliseconds = tokens * 9;
  agent::AttachedMedia& media = described.file.media.emplace();
  media.width = static_cast<std::uint32_t>(size.width());
  media.height = static_cast<std::uint32_t>(size.height());
  media.budget = budget;
  media.shrinking = shrinking;
  media.pieces = {{.width = media.width, .height = media.height, .tokens = tokens}};
  described.costs = {{0, tokens, tokens * 9, shrinking}};
  for (const std::uint32_t each : {70U, 140U, 280U, 560U, 1120U})
    described.costs.push_back({each, each - 6, (each - 6) * 9, 1920.0 / 48 / std::sqrt(each * 1.78)});
  return described;
}

}  // namespace

void finish_scene(const QString& name, ScriptedAgent& agent) {
  if (name != "plan") return;
  agent::ConversationId conversation = 0;
  for (const agent::Event& event : agent.events())
    if (const auto* started = std::get_if<agent::TurnStarted>(&event)) conversation = started->conversation;
  agent.submit(agent::SetThinking{conversation, 2048});
  agent.tell(agent::PlanChanged{conversation,
                                {{"Read the list of the archive", agent::PlanStatus::Completed},
                                 {"Count the boxes, with a margin of ten percent", agent::PlanStatus::InProgress},
                                 {"Find a van that is large enough", agent::PlanStatus::Pending},
                                 {"Write the result into move.txt", agent::PlanStatus::Pending}}});
}

QStringList prepare_files(const QString& name, const QString& folder, ScriptedAgent& agent) {
  const QSize room(1920, 1080);
  const auto save = [&](const QString& file) {
    const QString path = QDir(folder).filePath(file);
    return paint_room(room).save(path) ? path : QString();
  };
  if (name == "places") {
    agent.describe("living room.png", described_picture("living room.png", room, 280, 264, 1.82));
    return {save("living room.png")};
  }
  if (name == "screen") {
    QDir(folder).mkdir("attachments");
    paint_desktop().save(QDir(folder).filePath("attachments/" + QString::fromStdString(kDesktopHash)), "PNG");
    return {};
  }
  if (name != "files") return {};
  agent.describe("living room.png", described_picture("living room.png", room, 280, 264, 1.82));
  agent::AttachmentDescribed torn = described_picture("scan.png", room, 1120, 1100, 0.91);
  torn.problem = "Of scan.png a part is damaged and can not be seen; get the file again, or save it anew.";
  torn.file.media->remark = "a part is damaged";
  agent.describe("scan.png", torn);
  agent.describe_slowly("interview.mkv", 0.37);
  const QString slow = QDir(folder).filePath("interview.mkv");
  if (!QFile(slow).open(QIODevice::WriteOnly)) return {};
  return {save("living room.png"), save("scan.png"), slow};
}

void write_history(ScriptedAgent& agent) {
  const std::pair<const char*, const char*> past[] = {
      {"What is the deadline in plan.txt?", "The deadline is 14 March (plan.txt)."},
      {"Summarise the minutes of the last meeting", "Three decisions were made; the move is the first of them."},
      {"How many boxes does the archive need?", "The archive needs 118 boxes (archive.txt)."},
      {"Find the telephone number of the landlord", "I could not find the telephone number in letter.txt."}};
  for (const auto& [question, answer] : past) {
    ask(agent, question, {agent::CallPart{read_plan()}, agent::TextPart{answer}});
  }
}

void write_recording(ScriptedAgent& agent) {
  constexpr std::int64_t kSecond = 16000;
  const auto check = [](const Status& done) {
    if (!done.ok()) qFatal("%s", done.error().message.c_str());
  };
  const auto id_of = [](const Result<std::int64_t>& made) {
    if (!made.ok()) qFatal("%s", made.error().message.c_str());
    return *made;
  };
  agent::TranscriptStore& store = agent.store().transcripts();
  const agent::TranscriptId id =
      id_of(store.create({"/home/maria/Recordings/board meeting.m4a", "board meeting.m4a", 48'200'000, 0},
                         "Board meeting, 12 March", "Gemma 4 E4B", ""));
  check(store.set_duration(id, 3'742'000));
  check(store.set_state(id, agent::TranscriptState::Running));
  const std::pair<std::int64_t, const char*> spoken[] = {
      {4,
       "Good morning everybody, and thank you for coming at such short notice. We have three points today: the move, "
       "the budget of the archive, and the date of the next meeting."},
      {29,
       "The move is planned for the 14th of March. Maria has ordered 40 boxes, the van is booked, and the landlord "
       "knows."},
      {52, "Does the archive need more than that?"},
      {58,
       "Yes. I counted again last week, and with the shelves along the wall it comes to 118 boxes, so the 300 euros "
       "will not be enough."},
      {83, "Then we should ask for"},
      {104,
       "I would suggest that we decide on it now and write to them today, so that nobody has to wait for the next "
       "meeting. Are there any objections?"}};
  for (const auto& [second, text] : spoken) {
    agent::Segment segment;
    segment.begin = segment.speech_begin = second * kSecond;
    segment.end = segment.speech_end = (second + 6) * kSecond;
    segment.text = text;
    if (second == 83) segment.remark = agent::SegmentRemark::Repeated;
    segment.id = id_of(store.add_segment(id, segment));
    agent.tell(agent::SegmentAdded{id, segment});
  }
  agent.tell_of(id);
  agent.tell(agent::TranscriptProgress{id, 1'415'000, 3'742'000, 412'000});
}

void write_memory(ScriptedAgent& agent) {
  const std::pair<const char*, agent::ConversationId> kept[] = {
      {"Maria's daughter Ida is allergic to nuts.", 1},
      {"Letters to the landlord are signed “Maria Berg, 2nd floor”.", 4},
      {"Dates are written as 14 March, without the year when it is this one, and amounts with the currency behind "
       "them: "
       "300 EUR.",
       0},
      {"The van of the move is booked with Ferdinand, telephone 030 901 820.", 1},
      {"Answers should be short.", 2}};
  for (const auto& [text, conversation] : kept)
    if (const auto added = agent.store().add_memory(text, conversation); !added.ok())
      qFatal("%s", added.error().message.c_str());
  agent.tell(agent::MemoryChanged{});
}

QString prepare_scene(const QString& name, ScriptedAgent& agent) {
  if (name == "loading") {
    agent::ModelChanged model;
    model.name = "gemma-4-E4B-it-Q4_K_M";
    agent.load_model(model);
    return {};
  }
  agent.load_model(practice_model());
  if (name == "recording") {
    write_recording(agent);
    return {};
  }
  if (name == "memory") {
    write_memory(agent);
    return {};
  }
  if (name == "plan") {
    agent::ModelChanged model = practice_model();
    model.thinks = true;
    agent.load_model(model);
    agent.leave_open();
    agent.set_script({agent::CallPart{sample_call("update_plan", "{}", agent::CallState::Succeeded,
                                                  "The plan is shown to the user.", 3)},
                      agent::CallPart{read_plan()}, agent::TextPart{"The list names 118 boxes. Next I "}});
    return "How many boxes and which van do we need? Write it into move.txt.";
  }
  if (name == "chat") {
    agent.set_script({agent::ThoughtPart{kThought}, agent::CallPart{read_plan()}, agent::TextPart{kRichMarkdown}});
    return "What is planned for the move, and what is left to do?";
  }
  if (name == "tools") {
    agent.leave_open();
    agent.set_script(tool_script());
    return "Which lists are there, and what do they say about the archive?";
  }
  if (name == "approval") {
    agent.set_script({agent::CallPart{secret_call()}, agent::TextPart{"You asked for the keys (landlord.txt)."}});
    return "What did I write to the landlord?";
  }
  if (name == "diff") {
    agent.set_script({agent::CallPart{edit_call()}, agent::TextPart{"The plan has the new prices (plan.txt)."}});
    return "Movers cost 340 EUR now, and put 25 EUR for boxes into the plan.";
  }
  if (name == "streaming") {
    agent.leave_open();
    agent.set_script({agent::TextPart{kOpenCode}});
    return "How do I count the boxes?";
  }
  if (name == "reading") {
    agent.read_prompt(1240, 3300);
    return "What does the annual report say about the archive?";
  }
  if (name == "error") {
    agent.set_ending(agent::Finish::Failed, "The model ran out of memory.");
    agent.set_script({agent::TextPart{"The report begins with"},
                      agent::NoticePart{agent::Severity::Error,
                                        "The model ran out of memory while it was reading. A smaller model or a "
                                        "shorter file helps."}});
    return "What is in the annual report?";
  }
  if (name == "screen") {
    agent.set_script(
        {agent::CallPart{screen_call()},
         agent::TextPart{"The printer has no A4 paper in **tray 2**. Fill it and press *Try again*, at the "
                         "lower right of the small window (screen 1)."}});
    return "What does the window say that came up just now, and what should I do?";
  }
  if (name == "places") {
    agent.set_script({agent::TextPart{kPlaces}});
    return "What is in this room, and where?";
  }
  if (name == "long") {
    write_long_conversation(agent, 1000);
    agent.set_script({agent::TextPart{"That was all."}});
  }
  return {};
}

}  // namespace facet::ui::test
