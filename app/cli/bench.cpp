#include "engine/bench/bench.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/cli/command.h"
#include "app/cli/ids_file.h"
#include "app/devices/device_trials.h"
#include "app/models/model_folder.h"

namespace facet::app::cli {

namespace {

using engine::BenchOrder;
using engine::BenchReport;
using engine::median;
using engine::OperationTime;
using nlohmann::json;

// Null where there is nothing to say.
json number_or_null(const std::optional<double>& value) {
  return value ? json(*value) : json();
}

// Bytes per second that decode reads, as a share of what the machine can.
std::optional<double> bandwidth_fraction(const BenchReport& report) {
  const std::optional<double> speed = median(report.decode_tokens_per_s);
  if (!speed || report.read_bandwidth <= 0) return std::nullopt;
  return *speed * static_cast<double>(report.token_bytes.all()) / report.read_bandwidth;
}

json operations_json(const std::vector<OperationTime>& operations, std::uint64_t tokens) {
  json list = json::array();
  for (const OperationTime& time : operations)
    list.push_back({{"operation", time.operation},
                    {"detail", time.detail},
                    {"calls", time.calls},
                    {"ms_per_token", time.seconds * 1e3 / static_cast<double>(tokens)},
                    {"products_per_s", time.products / time.seconds},
                    {"weight_bytes_per_s", static_cast<double>(time.weight_bytes) / time.seconds}});
  return list;
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

template <typename... Values>
std::string line(const char* format, Values... values) {
  char text[200];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string spread(const std::vector<double>& runs) {
  const auto [least, most] = std::minmax_element(runs.begin(), runs.end());
  return line("%.2f tokens/s (%.2f to %.2f)", *median(runs), *least, *most);
}

std::string operations_text(const char* title, const std::vector<OperationTime>& operations, std::uint64_t tokens) {
  if (operations.empty()) return {};
  double total = 0;
  for (const OperationTime& time : operations)
    total += time.seconds;
  std::string text =
      line("\n%-16s %-44s %7s %9s %6s %7s %9s\n", title, "", "calls", "us/token", "share", "GB/s", "G mul/s");
  for (const OperationTime& time : operations) {
    text += line("%-16s %-44s %7llu %9.1f %5.1f%%", time.operation.c_str(), time.detail.c_str(),
                 static_cast<unsigned long long>(time.calls), time.seconds * 1e6 / static_cast<double>(tokens),
                 100 * time.seconds / total);
    if (time.products > 0) {
      text += time.weight_bytes == 0 ? line(" %7s", "")
                                     : line(" %7.2f", static_cast<double>(time.weight_bytes) / time.seconds / 1e9);
      text += line(" %9.1f", time.products / time.seconds / 1e9);
    }
    text += "\n";
  }
  return text;
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
  if (report.memory)
    text += line("  memory     %.0f MB at most, %.0f MB now, %.0f MB of it no file's\n",
                 static_cast<double>(report.memory->peak_bytes) / 1e6,
                 static_cast<double>(report.memory->resident_bytes) / 1e6,
                 static_cast<double>(report.memory->anonymous_bytes) / 1e6);
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

// The number of an option, or the sentence that says what it must be.
Result<std::uint32_t> count_of(const Arguments& arguments, const QString& name, std::uint32_t fallback,
                               std::uint32_t least, std::uint32_t most) {
  FACET_ASSIGN_OR_RETURN(const auto value, arguments.integer(name));
  if (!value) return fallback;
  if (*value >= least && *value <= most) return static_cast<std::uint32_t>(*value);
  return Error{Error::Code::InvalidInput, "-" + name.toStdString() + " takes a number from " + std::to_string(least) +
                                              " to " + std::to_string(most) + "."};
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
  return run_bench(order, [](std::string_view step) { std::fprintf(stderr, "%s ...\n", std::string(step).c_str()); });
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
  arguments.flag("ops", "Measure each operation, too, which costs some speed.");
  arguments.flag("json", "Print JSON.");
  if (const auto status = arguments.parse(words)) return *status;
  if (!arguments.positionals().empty())
    return arguments.usage_error("'" + arguments.positionals()[0] + "' is no option; a model is named with -m.");
  Result<BenchOrder> order = read_order(arguments);
  if (!order.ok()) return arguments.usage_error(order.error().message);
  const Result<BenchReport> report = measure(arguments, *order);
  if (!report.ok()) return fail(report.error());
  print(arguments.has("json") ? as_json(*order, *report).dump(2) + "\n" : as_text(*order, *report));
  return kSuccess;
}

}  // namespace facet::app::cli
