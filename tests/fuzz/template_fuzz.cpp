// libFuzzer's door to fuzz::read_template(); see scripts/fuzz.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/entries.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  stellwerk::fuzz::read_template({reinterpret_cast<const char*>(data), size});
  return 0;
}
