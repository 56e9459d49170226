#include "engine/bench/bench.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/cli/bench_tables.h"
#include "app/cli/command.h"
#include "app/cli/ids_file.h"
#include "app/cli/media_input.h"
#include "app/devices/device_trials.h"
#include "app/models/model_folder.h"

namespace facet::app::cli {

namespace {

using engine::BenchOrder;
using engine::BenchReport;
using engine::median;
using nlohmann::json;

// Bytes per second that decode reads, as a share of what the machine can.
std::optional<double> bandwidth_fraction(const BenchReport& report) {
  const std::optional<double> speed = median(report.decode_tokens_per_s);
  if (!speed || report.read_bandwidth <= 0) return std::nullopt;
  return *speed * static_cast<double>(report.token_bytes.all()) / report.read_bandwidth;
}

json as_json(const BenchOrder& order, const BenchReport& report) {
  json all = {{"model", report.model.path.string()},
              {"size", report.model.size_label},
              {"formats", report.model.formats},
              {"device", report.device},
              {"threads", report.threads},
              {"prompt_tokens", order.prompt_tokens},
              {"new_tokens", order.new_tokens},
              {"depth", order.depth},
              {"repetitions", order.repetitions},
              {"load_ms", report.load_seconds * 1e3},
              {"prefill_tokens_per_s", number_or_null(median(report.prefill_tokens_per_s))},
              {"decode_tokens_per_s", number_or_null(median(report.decode_tokens_per_s))},
              {"prefill_runs", report.prefill_tokens_per_s},
              {"decode_runs", report.decode_tokens_per_s},
              {"read_bandwidth_bytes_per_s", report.read_bandwidth},
              {"bandwidth_fraction", number_or_null(bandwidth_fraction(report))},
              {"kernels_per_layer", number_or_null(report.kernels_per_layer)},
              {"held_experts", number_or_null(report.held_experts)},
              {"weight_bytes_per_token", report.token_bytes.weights},
              {"cache_bytes_per_token", report.token_bytes.cache},
              {"peak_rss_bytes", report.memory ? json(report.memory->peak_bytes) : json()},
              {"rss_bytes", report.memory ? json(report.memory->resident_bytes) : json()},
              {"rss_anonymous_bytes", report.memory ? json(report.memory->anonymous_bytes) : json()}};
  if (order.operations)
    all["operations"] = {{"prefill", operations_json(report.prefill_operations, report.prefilled_tokens)},
                         {"decode", operations_json(report.decode_operations, report.decoded_tokens)}};
  return all;
}

std::string spread(const std::vector<double>& runs) {
  const auto [least, most] = std::minmax_element(runs.begin(), runs.end());
  return line("%.2f tokens/s (%.2f to %.2f)", *median(runs), *least, *most);
}

std::string as_text(const BenchOrder& order, const BenchReport& report) {
  std::string text = report.model.name + " (" + report.model.formats + ")\n";
  text += "  device     " + report.device + "\n";
  text += line("  load       %.0f ms\n", report.load_seconds * 1e3);
  if (!report.prefill_tokens_per_s.empty())
    text += line("  prefill    %u tokens: ", order.prompt_tokens) + spread(report.prefill_tokens_per_s) + "\n";
  if (!report.decode_tokens_per_s.empty())
    text += line("  decode     %u tokens behind %u: ", order.new_tokens, order.depth) +
            spread(report.decode_tokens_per_s) + "\n";
  text += memory_text(report.memory);
  text += line("  bandwidth  %.2f GB/s", report.read_bandwidth / 1e9);
  if (const auto fraction = bandwidth_fraction(report))
    text += line("; a token reads %.1f MB of weights and %.1f MB of cache, so decode reaches %.1f %% of it",
                 static_cast<double>(report.token_bytes.weights) / 1e6,
                 static_cast<double>(report.token_bytes.cache) / 1e6, 100 * *fraction);
  text += "\n";
  if (report.held_experts)
    text += line("  experts    %.0f %% were held by the graphics device\n", 100 * *report.held_experts);
  if (report.kernels_per_layer) text += line("  kernels    %.1f for each layer and token\n", *report.kernels_per_layer);
  text += operations_text("Prefill", report.prefill_operations, report.prefilled_tokens);
  text += operations_text("Decode", report.decode_operations, report.decoded_tokens);
  return text;
}

// What the options ask for; every error is wrong usage.
Result<BenchOrder> read_order(const Arguments& arguments) {
  constexpr std::uint32_t kMostTokens = 1U << 20U;
  BenchOrder order;
  FACET_ASSIGN_OR_RETURN(order.prompt_tokens, count_of(arguments, "p", 512, 0, kMostTokens));
  FACET_ASSIGN_OR_RETURN(order.new_tokens, count_of(arguments, "n", 64, 0, kMostTokens));
  FACET_ASSIGN_OR_RETURN(order.depth, count_of(arguments, "d", 0, 0, kMostTokens));
  FACET_ASSIGN_OR_RETURN(order.repetitions, count_of(arguments, "r", 5, 1, 1000));
  if (order.prompt_tokens == 0 && order.new_tokens == 0)
    return Error{Error::Code::InvalidInput, "With -p 0 and -n 0 there is nothing to measure."};
  order.engine = arguments.engine();
  order.operations = arguments.has("ops");
  return order;
}

Result<BenchReport> measure(const Arguments& arguments, BenchOrder& order) {
  FACET_ASSIGN_OR_RETURN(const Paths paths, arguments.paths());
  order.model = resolve_model(paths, arguments.model());
  devices::choose_devices(paths, order.engine);
  order.open_model = [path = order.model] { return models::open_model_file(path); };
  if (arguments.has("ids-file")) {
    FACET_ASSIGN_OR_RETURN(order.tokens, read_ids_file(arguments.text("ids-file")));
  }
  return run_bench(order, show_step);
}

}  // namespace

int bench(const QStringList& words) {
  Arguments arguments("facet bench", "Measures how fast a model runs on this machine.");
  arguments.engine_options();
  arguments.option("p", "n", "Tokens of the prompt; 512 when left out, 0 for none.");
  arguments.option("n", "n", "Tokens to decode one by one; 64 when left out, 0 for none.");
  arguments.option("d", "n", "Tokens in front of those; 0 when left out.");
  arguments.option("r", "n", "Repetitions; 5 when left out.");
  arguments.option("ids-file", "file", "A JSON array of token ids to use in place of random ones.");
  arguments.option("image", "file",
                   "Measure how fast this picture is encoded, or one of a size like 1280x800; the text model stays out "
                   "of it.");
  arguments.option("image-budget", "n", "70, 140, 280, 560 or 1120 tokens for it; 280 when left out.");
  arguments.option("audio", "file", "Measure how fast this recording is encoded, or one of so many seconds.");
  projector_option(arguments);
  arguments.flag("grammar",
                 "Measure how long it takes to find the tokens that a grammar allows; only the vocabulary is read.");
  arguments.flag("ops", "Measure each operation, too, which costs some speed.");
  arguments.flag("json", "Print JSON.");
  if (const auto status = arguments.parse(words)) return *status;
  if (!arguments.positionals().empty())
    return arguments.usage_error("'" + arguments.positionals()[0] + "' is no option; a model is named with -m.");
  if (arguments.has("image") || arguments.has("audio")) return bench_encoders(arguments);
  for (const char* name : {"image-budget", "mmproj"})
    if (arguments.has(name)) return arguments.usage_error(std::string("--") + name + " goes with --image or --audio.");
  if (arguments.has("grammar")) return bench_grammar(arguments);
  Result<BenchOrder> order = read_order(arguments);
  if (!order.ok()) return arguments.usage_error(order.error().message);
  const Result<BenchReport> report = measure(arguments, *order);
  if (!report.ok()) return fail(report.error());
  print(arguments.has("json") ? as_json(*order, *report).dump(2) + "\n" : as_text(*order, *report));
  return kSuccess;
}

}  // namespace facet::app::cli
