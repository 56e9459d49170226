#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tools/all_tools.h"
#include "tools/capture/screen_source.h"
#include "tools/capture/screens_program.h"
#include "tools/planned_path.h"

namespace facet::tools {
namespace {

using agent::Json;
using agent::PlannedEffect;
using agent::ToolContext;
using agent::ToolResult;
using capture::ScreensProgram;
using capture::SeenScreen;

// Small text is what a screen is looked at for.
constexpr std::uint32_t kLeastBudget = 1120;

const char kDescription[] =
    "Take a picture of what the user's screen shows now, and see it. Without a number every screen is taken, a picture "
    "of each. Some desktops let the user choose what is seen instead.";

const char kByDesktop[] = "Take a picture of the screen; the desktop asks what it may show";

Json parameters() {
  return {{"type", "object"},
          {"properties",
           {{"screen",
             {{"type", "integer"},
              {"description", "Which screen, from 1, which is the main one; all of them when left out."},
              {"minimum", 1}}}}}};
}

// Who can see the screens of this session.
enum class Access { Display, Desktop, None };

Access access() {
  if (capture::needs_portal(nullptr, std::getenv("XDG_SESSION_TYPE"), std::getenv("WAYLAND_DISPLAY")))
    return Access::Desktop;
  const char* display = std::getenv("DISPLAY");
  return display != nullptr && *display != '\0' ? Access::Display : Access::None;
}

std::string size_of(const SeenScreen& screen) {
  return std::to_string(screen.width) + " x " + std::to_string(screen.height);
}

// "screen 1 (1920 x 1080) and screen 2 (2560 x 1440)"
std::string names_of(const std::vector<SeenScreen>& screens) {
  std::string names;
  for (std::size_t i = 0; i < screens.size(); ++i) {
    if (i > 0) names += i + 1 == screens.size() ? " and " : ", ";
    names += "screen " + std::to_string(screens[i].number) + " (" + size_of(screens[i]) + ")";
  }
  return names;
}

std::string description_of(const std::vector<SeenScreen>& screens) {
  return "Take a picture of " + names_of(screens);
}

int wanted_screen(const Json& arguments) {
  constexpr std::int64_t kMostScreens = 1000;
  return static_cast<int>(std::clamp<std::int64_t>(number_argument(arguments, "screen", 0), 0, kMostScreens));
}

Result<PlannedEffect> plan(const Json& arguments, const ToolContext& context, const ScreensProgram& program) {
  PlannedEffect planned;
  planned.effect = agent::Effect::SeeScreen;
  switch (access()) {
    case Access::None:
      return Error{Error::Code::Unsupported,
                   "there is no screen here that can be seen: neither DISPLAY nor WAYLAND_DISPLAY is set"};
    case Access::Desktop:
      planned.text = kByDesktop;
      return planned;
    case Access::Display:
      break;
  }
  FACET_ASSIGN_OR_RETURN(std::vector<SeenScreen> screens, program.list(context.stop));
  const int wanted = wanted_screen(arguments);
  const std::string all = names_of(screens);
  if (wanted != 0) std::erase_if(screens, [&](const SeenScreen& screen) { return screen.number != wanted; });
  if (screens.empty())
    return Error{Error::Code::NotFound, "there is no screen " + std::to_string(wanted) + ", but " + all};
  planned.text = description_of(screens);
  return planned;
}

// The pictures stand behind the words, in their order.
ToolResult seen(std::vector<SeenScreen> screens, bool is_chosen) {
  ToolResult result;
  if (is_chosen) {
    result.content = "What the user has chosen to show, " + size_of(screens.front()) + " pixels:";
  } else {
    result.content = "What " + names_of(screens) + (screens.size() == 1 ? " shows:" : " show, in this order:");
  }
  for (SeenScreen& screen : screens) {
    result.details["screens"].push_back(
        {{"number", screen.number}, {"width", screen.width}, {"height", screen.height}});
    const std::string name = is_chosen ? "screen.png" : "screen " + std::to_string(screen.number) + ".png";
    result.pictures.push_back({name, "image/png", std::move(screen.png), kLeastBudget});
  }
  return result;
}

ToolResult run(const Json& arguments, const PlannedEffect& planned, const ToolContext& context,
               const ScreensProgram& program) {
  const bool is_chosen = planned.text == kByDesktop;
  Result<std::vector<SeenScreen>> screens =
      is_chosen ? program.ask_desktop(context.stop) : program.take(wanted_screen(arguments), context.stop);
  if (context.stop.stop_requested()) return ToolResult::failure("stopped by the user");
  if (!screens.ok())
    return ToolResult::failure(screens.error().code == Error::Code::Stopped
                                   ? "the user has chosen not to show the screen"
                                   : screens.error().message);
  // What was seen is what was shown to the user.
  if (!is_chosen && description_of(*screens) != planned.text)
    return ToolResult::failure("the screens are not those any more that were shown; try again");
  return seen(*std::move(screens), is_chosen);
}

}  // namespace

agent::Tool take_screenshot_tool(const std::filesystem::path& program) {
  return {"take_screenshot",
          kDescription,
          parameters(),
          agent::Effect::SeeScreen,
          [screens = ScreensProgram(program)](const Json& arguments, const ToolContext& context) {
            return plan(arguments, context, screens);
          },
          [screens = ScreensProgram(program)](const Json& arguments, const PlannedEffect& planned,
                                              const ToolContext& context) {
            return run(arguments, planned, context, screens);
          }};
}

}  // namespace facet::tools
