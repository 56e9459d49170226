#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace facet {

// What went wrong, as one sentence for a person: what happened and, where there is something to do, what can be done.
struct Error {
  // DeviceLost: the device that computes has forgotten everything; opened again it may well work.
  enum class Code {
    InvalidInput,
    NotFound,
    CorruptFile,
    Unsupported,
    OutOfMemory,
    DeviceLost,
    Io,
    Denied,
    Stopped,
    Internal
  };

  Code code = Code::Internal;
  std::string message;

  // The same error with the place that met it in front, for use where an error crosses a layer.
  Error with_context(const std::string& context) const { return {code, context + ": " + message}; }
};

// A value or the reason why there is none. Nothing in the project throws; every operation that can fail returns this.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Precondition of the accessors: ok() is true, for error() false.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace facet

#define FACET_CONCAT_INNER(a, b) a##b
#define FACET_CONCAT(a, b) FACET_CONCAT_INNER(a, b)

// Leaves the function with the error of `expression`, if it has one.
#define FACET_RETURN_IF_ERROR(expression)                        \
  do {                                                           \
    if (auto facet_status = (expression); !facet_status.ok())    \
      return facet_status.error();                               \
  } while (false)

// `FACET_ASSIGN_OR_RETURN(auto file, open(path));` declares `file`, or leaves the function with the error.
#define FACET_ASSIGN_OR_RETURN(declaration, expression)                                       \
  auto FACET_CONCAT(facet_result_, __LINE__) = (expression);                                  \
  if (!FACET_CONCAT(facet_result_, __LINE__).ok()) return FACET_CONCAT(facet_result_, __LINE__).error(); \
  declaration = std::move(FACET_CONCAT(facet_result_, __LINE__)).value()
