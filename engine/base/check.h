#pragma once

#include <cstdio>
#include <cstdlib>

// Ends the process on a mistake of our own. Input and file contents must never be able to reach a failing check.
#define FACET_CHECK(condition, ...)                                                          \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: check failed: %s", __FILE__, __LINE__, #condition);       \
      __VA_OPT__(std::fprintf(stderr, " (" __VA_ARGS__); std::fprintf(stderr, ")");)         \
      std::fprintf(stderr, "\n");                                                            \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
