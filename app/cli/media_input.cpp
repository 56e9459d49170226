#include "app/cli/media_input.h"

#include <utility>

#include "app/models/model_folder.h"
#include "engine/encoders.h"
#include "engine/media/image_size.h"
#include "tools/media/media_reader.h"

namespace facet::app::cli {

Result<engine::RgbImage> read_picture(const std::filesystem::path& path) {
  FACET_ASSIGN_OR_RETURN(const auto file, tools::media::MediaFile::open(path.string()));
  const tools::media::MediaReader reader(tools::media::own_media_program());
  FACET_ASSIGN_OR_RETURN(tools::media::Picture picture, reader.picture(file));
  if (picture.is_damaged)
    return Error{Error::Code::CorruptFile,
                 "A part of the picture " + file.name + " is damaged; get the file again, or save it anew."};
  return std::move(picture.image);
}

Result<engine::PcmAudio> read_sound(const std::filesystem::path& path) {
  FACET_ASSIGN_OR_RETURN(const auto file, tools::media::MediaFile::open(path.string()));
  const tools::media::MediaReader reader(tools::media::own_media_program());
  return reader.sound(file);
}

void projector_option(Arguments& arguments) {
  arguments.option("mmproj", "file",
                   "The projector that makes the model see and hear; what is in the model or beside it when left out.");
}

Result<std::unique_ptr<engine::GgufFile>> open_projector_file(const Arguments& arguments) {
  if (arguments.has("mmproj")) return engine::GgufFile::open(arguments.text("mmproj"));
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  FACET_ASSIGN_OR_RETURN(auto model, models::open_model_file(resolve_model(paths, arguments.model())));
  return engine::projector_file_of(std::move(model));
}

Result<std::uint32_t> read_image_budget(const Arguments& arguments, const char* name, std::uint32_t fallback) {
  FACET_ASSIGN_OR_RETURN(const auto budget, arguments.integer(name));
  if (!budget) return fallback;
  for (const std::uint32_t known : engine::kImageBudgets)
    if (*budget == static_cast<std::int64_t>(known)) return known;
  return Error{Error::Code::InvalidInput, std::string("--") + name + " takes 70, 140, 280, 560 or 1120."};
}

}  // namespace facet::app::cli
