// workflow.schema.json accepts what the loader accepts, and refuses the structural part of what it refuses.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "core/embedded.hpp"
#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;

/// Problems that show in the structure of the file alone. Others need names, types of expressions, or the whole.
const std::set<std::string> structural{"SW010", "SW012", "SW016", "SW017", "SW021", "SW024", "SW034", "SW052", "SW056", "SW065", "SW069", "SW070"};

/// Files whose structural problem the schema cannot see, and why.
const std::map<std::string, std::string> beyond{
    {"delay_above_its_maximum", "two durations must be compared"},
    {"computed_and_set", "the attribute is declared elsewhere"},
    {"clock_that_closes_before_it_opens", "two times of day must be compared"},
    {"interrupt_where_nothing_runs", "whether work is done in place in this state is said elsewhere"},
    {"language_comes_second", "keys have no order for a schema"},
};

class Schema {
 public:
  Schema() {
    const auto files = embedded_files();
    const auto file = std::ranges::find(files, "workflows/schema/workflow.schema.json", &EmbeddedFile::path);
    BOOST_REQUIRE(file != files.end());
    document_ = boost::json::parse(file->text);
    valijson::SchemaParser{valijson::SchemaParser::kDraft7}.populateSchema(valijson::adapters::BoostJsonAdapter{document_}, schema_);
  }

  /// Why the schema refuses it; empty: it does not.
  [[nodiscard]] std::string refusal(const Json& workflow) const {
    valijson::Validator validator{valijson::Validator::kStrongTypes};
    valijson::ValidationResults results;
    if (validator.validate(schema_, valijson::adapters::BoostJsonAdapter{workflow}, &results)) return {};
    valijson::ValidationResults::Error error;
    std::string why;
    while (results.popError(error)) {
      for (const auto& part : error.context) why += part;
      why += ": " + error.description + "\n";
    }
    return why.empty() ? "refused" : why;
  }

  [[nodiscard]] const Json& document() const { return document_; }

 private:
  Json document_;
  valijson::Schema schema_;
};

const Schema& schema() {
  static const Schema made;
  return made;
}

std::string refusal_of(const std::string& text) {
  const auto file = config::read_yaml("test.yaml", text);
  BOOST_REQUIRE(file);
  return schema().refusal(file->root.to_json());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schema_of_workflows)

BOOST_AUTO_TEST_CASE(accepts_every_shipped_workflow) {
  int seen = 0;
  for (const auto& file : embedded_files()) {
    if (!file.path.starts_with("workflows/library/") || file.path.ends_with(".test.yaml")) continue;
    ++seen;
    BOOST_TEST(refusal_of(std::string{file.text}) == "", file.path);
  }
  BOOST_TEST(seen >= 3);
}

BOOST_AUTO_TEST_CASE(accepts_every_construct_of_the_language) {
  const auto text = read_text(golden.parent_path() / "workflow_constructs.yaml");
  load(text);
  BOOST_TEST(refusal_of(text) == "");
}

BOOST_AUTO_TEST_CASE(accepts_the_bases_of_the_bad_files_that_have_no_mistake) {
  for (const auto* name : {"base", "concrete", "chained"}) {
    const auto why = refusal_of(read_text(golden / "bases" / (std::string{name} + ".yaml")));
    BOOST_TEST((why == "") == (std::string{name} != "chained"), name << ": " << why);  // chained is abstract and extends
  }
}

BOOST_AUTO_TEST_CASE(refuses_the_bad_files_whose_mistake_is_one_of_structure) {
  int refused = 0;
  for (const auto& path : bad_files()) {
    const auto text = read_text(path);
    const auto file = config::read_yaml("test.yaml", text);
    if (!file) continue;
    const auto loaded = load_workflow(path.filename().string(), text, catalog(), find_base);
    BOOST_REQUIRE(!loaded);
    const bool is_structural = std::ranges::any_of(loaded.error(), [](const auto& problem) { return structural.contains(problem.code); });
    if (!is_structural || beyond.contains(path.stem().string())) continue;
    ++refused;
    BOOST_TEST(schema().refusal(file->root.to_json()) != "", path.filename().string() << " is accepted, though " << rendered(loaded.error(), text));
  }
  BOOST_TEST(refused >= 50);
}

BOOST_AUTO_TEST_CASE(describes_every_key_for_editors) {
  const auto& definitions = schema().document().at("definitions").as_object();
  for (const auto& [key, value] : schema().document().at("properties").as_object()) {
    const auto& property = value.as_object();
    const auto* reference = property.if_contains("$ref");
    const bool is_section = property.empty();  // described in its two forms, for workflows that extend and those that do not
    const bool is_described = property.contains("description") || (reference && definitions.at(reference->as_string().subview(14)).as_object().contains("description"));
    BOOST_TEST((is_section || is_described || key == "defaults"), key);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
