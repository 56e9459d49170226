#include "agent/attachment_description.h"

#include <array>
#include <string>
#include <utility>

#include "agent/transcript.h"
#include "agent/untaken_media.h"

namespace facet::agent {

namespace {

// The budgets that the models were trained with, behind the one that is chosen by content.
constexpr std::array<std::uint32_t, 6> kBudgets = {0, 70, 140, 280, 560, 1120};

AttachmentDescribed::Cost cost_of(const AttachmentPart& file, const TextModel* model) {
  AttachmentDescribed::Cost cost;
  cost.shrinking = file.media->shrinking;
  cost.tokens = file.media->tokens();
  if (model == nullptr) return cost;
  const Senses senses{model->info().sees, model->info().hears, [](const AttachmentPart& part) { return part.path; }};
  cost.milliseconds = model->milliseconds_for(items_of(file, senses));
  return cost;
}

// What of it the model does not get, or that it gets more than it can take.
std::string problem_of(const AttachmentPart& file, const TextModel* model) {
  if (model == nullptr) return file.media->remark.empty() ? "" : "Of " + file.name + " " + file.media->remark + ".";
  std::string problem = untaken_sentence(file, model->info());
  const std::int64_t context = model->info().context_length;
  if (problem.empty() && context > 0 && file.media->tokens() >= context)
    problem = file.name + " has " + std::to_string(file.media->tokens()) + " tokens, and " + model->info().name +
              " can read " + std::to_string(context) + " at once.";
  return problem;
}

}  // namespace

AttachmentDescribed description_of(const DescribeAttachment& asked, AttachmentPart file, Attachments& attachments,
                                   const TextModel* model) {
  AttachmentDescribed described;
  described.path = asked.path;
  described.budget = asked.budget;
  if (file.media) {
    described.tokens = file.media->tokens();
    described.milliseconds = cost_of(file, model).milliseconds;
    described.problem = problem_of(file, model);
    for (const std::uint32_t each : kBudgets) {
      if (file.media->kind == MediaKind::Sound) break;
      // Decoded already, so nothing is decoded again.
      const auto other = attachments.glance(file.path, each);
      if (!other.ok() || !other->media) continue;
      AttachmentDescribed::Cost cost = cost_of(*other, model);
      cost.budget = each;
      described.costs.push_back(cost);
    }
  }
  described.file = std::move(file);
  return described;
}

AttachmentDescribed failed_description(const DescribeAttachment& asked, const Error& error) {
  AttachmentDescribed described;
  described.path = asked.path;
  described.budget = asked.budget;
  described.problem = error.message;
  described.can_be_sent = false;
  return described;
}

}  // namespace facet::agent
