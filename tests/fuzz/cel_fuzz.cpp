// libFuzzer's door to fuzz::read_expression(); see scripts/fuzz.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/entries.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  stellwerk::fuzz::read_expression({reinterpret_cast<const char*>(data), size});
  return 0;
}
