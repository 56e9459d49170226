#include "agent/prompt/declaration.h"

#include "agent/prompt/text_rules.h"
#include "agent/prompt/values.h"

namespace facet::agent {
namespace {

// A member, or null where there is none.
const Json& member(const Json& object, std::string_view key) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

// What Jinja takes for true.
bool truthy(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number()) return value.get<double>() != 0.0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();
}

std::string type_name(const Json& schema) {
  if (!schema.is_object() || !schema.contains("type")) return "";
  return upper_case(python_text(schema["type"]));
}

bool is_standard_keyword(std::string_view key) {
  return key == "description" || key == "type" || key == "properties" || key == "required" || key == "nullable";
}

// Commas between the fields of one property.
class Fields {
 public:
  explicit Fields(PieceWriter& out) : out_(out) {}
  PieceWriter& next(std::string_view name) {
    if (!first_) out_.markup(",");
    first_ = false;
    out_.markup(name);
    return out_;
  }

 private:
  PieceWriter& out_;
  bool first_ = true;
};

void write_string_list(PieceWriter& out, const Json& list) {
  out.markup("[");
  bool first = true;
  for (const Json& element : list) {
    if (!first) out.markup(",");
    first = false;
    write_string(out, python_text(element));
  }
  out.markup("]");
}

void write_properties(PieceWriter& out, const Json& properties, bool keywords_too);

void write_items_type(PieceWriter& out, const Json& type) {
  if (!type.is_array()) return write_string(out, upper_case(python_text(type)));
  Json names = Json::array();
  for (const Json& name : type)
    names.push_back(upper_case(python_text(name)));
  write_string_list(out, names);
}

void write_items(PieceWriter& out, const Json& items) {
  out.markup("{");
  Fields fields(out);
  for (const auto& [key, value] : sorted_members(items)) {
    if (value->is_null()) continue;
    fields.next("").data(key);
    out.markup(":");
    if (key == "properties") {
      out.markup("{");
      if (value->is_object()) write_properties(out, *value, /*keywords_too=*/true);
      out.markup("}");
    } else if (key == "required" && value->is_array()) {
      write_string_list(out, *value);
    } else if (key == "type") {
      write_items_type(out, *value);
    } else {
      write_value(out, *value, Keys::Delimited);
    }
  }
  out.markup("}");
}

void write_object_fields(Fields& fields, const Json& schema) {
  const Json& properties = member(schema, "properties");
  PieceWriter& out = fields.next("properties:{");
  if (properties.is_object()) {
    write_properties(out, properties, /*keywords_too=*/true);
  } else if (schema.is_object()) {
    // The template takes the object's other keywords for its properties.
    write_properties(out, schema, /*keywords_too=*/false);
  }
  out.markup("}");
  const Json& required = member(schema, "required");
  if (required.is_array() && !required.empty()) write_string_list(fields.next("required:"), required);
}

void write_property(PieceWriter& out, const Json& schema) {
  const std::string type = type_name(schema);
  Fields fields(out);
  if (truthy(member(schema, "description")))
    write_string(fields.next("description:"), python_text(member(schema, "description")));
  if (type == "STRING" && truthy(member(schema, "enum"))) write_value(fields.next("enum:"), member(schema, "enum"));
  const Json& items = member(schema, "items");
  if (type == "ARRAY" && items.is_object() && !items.empty()) write_items(fields.next("items:"), items);
  if (truthy(member(schema, "nullable"))) fields.next("nullable:true");
  if (type == "OBJECT") write_object_fields(fields, schema);
  write_string(fields.next("type:"), type);
}

void write_properties(PieceWriter& out, const Json& properties, bool keywords_too) {
  bool first = true;
  for (const auto& [name, schema] : sorted_members(properties)) {
    if (!keywords_too && is_standard_keyword(name)) continue;
    if (!first) out.markup(",");
    first = false;
    out.data(name);
    out.markup(":{");
    write_property(out, *schema);
    out.markup("}");
  }
}

void write_parameters(PieceWriter& out, const Json& parameters) {
  out.markup(",parameters:{");
  const Json& properties = member(parameters, "properties");
  if (properties.is_object() && !properties.empty()) {
    out.markup("properties:{");
    write_properties(out, properties, /*keywords_too=*/true);
    out.markup("},");
  }
  const Json& required = member(parameters, "required");
  if (required.is_array() && !required.empty()) {
    out.markup("required:");
    write_string_list(out, required);
    out.markup(",");
  }
  // Without a type the official template forgets the closing brace.
  if (!truthy(member(parameters, "type"))) return;
  out.markup("type:");
  write_string(out, type_name(parameters));
  out.markup("}");
}

void write_response(PieceWriter& out, const Json& response) {
  out.markup(",response:{");
  if (truthy(member(response, "description"))) {
    out.markup("description:");
    write_string(out, python_text(member(response, "description")));
    out.markup(",");
  }
  if (type_name(response) != "OBJECT") return;  // here too the brace is missing for any other type
  out.markup("type:");
  write_string(out, "OBJECT");
  out.markup("}");
}

}  // namespace

Status write_declaration(PieceWriter& out, const Json& tool) {
  const Json& function = member(tool, "function");
  const Json& name = member(function, "name");
  if (!name.is_string() || name.get_ref<const std::string&>().empty())
    return Error{Error::Code::InvalidInput, "A tool declaration has no function name."};
  out.markup("<|tool>declaration:");
  out.data(name.get_ref<const std::string&>());
  out.markup("{description:");
  // A description that is absent is written empty, one that is null as Python prints it.
  write_string(out, function.contains("description") ? python_text(member(function, "description")) : "");
  const Json& parameters = member(function, "parameters");
  if (parameters.is_object() && !parameters.empty()) write_parameters(out, parameters);
  if (function.contains("response")) write_response(out, member(function, "response"));
  out.markup("}<tool|>");
  return {};
}

}  // namespace facet::agent
