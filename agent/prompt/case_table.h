#pragma once

namespace facet::agent {

// The lower case of one code point by Unicode's simple mapping; the code point itself where it has none.
char32_t lower_code_point(char32_t code_point);

}  // namespace facet::agent
