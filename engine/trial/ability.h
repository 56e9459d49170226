#pragma once

#include <string>

namespace facet::engine {

// Seconds that the products of one token take, measured: of a token that is decoded by itself, and of one of many that
// are read at once. 0: nobody has measured them.
struct TokenCost {
  double decode = 0;
  double prefill = 0;

  bool is_known() const;
};

// What a device can do with a model, beside what the CPU can: measured by turns in the same process, so that whatever
// else the machine does slows down both.
struct Ability {
  TokenCost device;
  TokenCost cpu;

  bool is_known() const { return device.is_known() && cpu.is_known(); }
};

// How many times as fast as on the CPU alone a turn is done, when `part` (0 to 1) of the products are the device's and
// the CPU has the others; 0 when nobody knows. A turn reads a few hundred tokens and answers with fewer, so both
// figures count.
double speedup(const Ability& ability, double part);

// "decodes in 12.3 ms and reads in 1.2 ms a token, the CPU in 45.0 ms and 4.1 ms"; empty when nobody knows.
std::string describe(const Ability& ability);

}  // namespace facet::engine
