#pragma once
// Reading the lines of a script. Internal to this folder.

#include "workflows/loader/reader.hpp"
#include "workflows/proof/test_file.hpp"

namespace stellwerk::workflows::proof {

struct Reading {
  reading::Report& report;
  const Definition& definition;
  const Catalog& catalog;
  const Calendar& calendar;
};

/// Whose word a line may be.
[[nodiscard]] const std::vector<std::string>& roles();
[[nodiscard]] std::vector<std::string> operation_names(const Catalog& catalog);
/// `expect`: every name in it is one that could be there. Otherwise "none of them" would be true of a slip of the pen (expect_reader.cpp).
void check_expect(Reading& reading, const config::Yaml& expect);
[[nodiscard]] std::vector<Line> read_script(Reading& reading, const config::Yaml& yaml);
/// `answers` of the file and `answer` of a line: lists by operation or action.
[[nodiscard]] std::map<std::string, std::vector<Answer>> read_answers(Reading& reading, const config::Yaml& yaml);
/// Values of attributes by name: known, of their type, in their JSON form.
[[nodiscard]] Json read_attributes(Reading& reading, const config::Yaml& yaml, bool all_required, std::string_view key = "given");
[[nodiscard]] Json read_settings(Reading& reading, const config::Yaml& yaml);
/// Rows by kind, then by id.
[[nodiscard]] std::map<std::string, Row, std::less<>> read_rows(Reading& reading, const config::Yaml& yaml);
/// Values for these fields; what does not fit is told at its place.
[[nodiscard]] Json read_values(Reading& reading, const config::Yaml& yaml, const std::vector<Field>& fields, std::string_view what,
                               std::string_view key = "with");

}  // namespace stellwerk::workflows::proof
