#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

#include "core/text_file.hpp"

namespace stellwerk {

BOOST_AUTO_TEST_SUITE(text_file)

BOOST_AUTO_TEST_CASE(gives_every_byte_and_says_what_cannot_be_read) {
  const auto folder = std::filesystem::temp_directory_path() / "stellwerk_text_file_test";
  std::filesystem::create_directories(folder);
  const std::string bytes{"a\r\nb\0c", 6};
  std::ofstream{folder / "some", std::ios::binary} << bytes;
  std::ofstream{folder / "none", std::ios::binary};
  BOOST_TEST(read_text_file((folder / "some").string()).value() == bytes);
  BOOST_TEST(read_text_file((folder / "none").string()).value() == "");
  const auto of_folder = read_text_file(folder.string());
  BOOST_REQUIRE(!of_folder);
  BOOST_TEST(of_folder.error().message == folder.string() + " is a folder; name a file in it");
  const auto missing = read_text_file((folder / "missing").string());
  BOOST_REQUIRE(!missing);
  BOOST_TEST(missing.error().message == "cannot read " + (folder / "missing").string() + ": No such file or directory");
  std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk
