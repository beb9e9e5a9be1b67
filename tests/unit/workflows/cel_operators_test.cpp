#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/unit/workflows/cel_support.hpp"

using namespace cel_tests;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(cel_operators)

const std::vector<Row> values{
    {"7 / -2", "int -3"},
    {"-7 % 3", "int -1"},
    {"0x1F + 1", "int 32"},
    {"3u * 4u", "uint 12"},
    {"1.5 + .25", "double 1.75"},
    {"1e3", "double 1000"},
    {"-9223372036854775808", "int -9223372036854775808"},
    {"'a' + \"b\" + r'\\n'", "string ab\\n"},
    {"'''a\nb'''", "string a\nb"},
    {"'\\u00e9\\x41\\101\\U0001F600'", "string éAA😀"},
    {"b'\\xff' == b'\\377'", "bool true"},
    {"size(b'é')", "int 2"},
    {"[1, 2] + [3]", "list [1,2,3]"},
    {"{'a': 1, 'b': [true, null]}", "map {\"a\":1,\"b\":[true,null]}"},
    {"1 == 1.0 && 1u == 1", "bool true"},
    {"9007199254740993 == 9007199254740992.0", "bool false"},
    {"9223372036854775807 < 9223372036854775808.0", "bool true"},
    {"18446744073709551615u > -1", "bool true"},
    {"0.0 / 0.0 == 0.0 / 0.0", "bool false"},
    {"{1: 'a'}[1.0]", "string a"},
    {"[1, 2, 3][2u]", "int 3"},
    {"{'a': 1} == {'a': 1.0}", "bool true"},
    {"{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "bool true"},
    {"2 in [1, 2] && 'k' in {'k': 0} && !(3 in [1, 2])", "bool true"},
    {"true ? 1 : 2 / 0", "int 1"},
    {"false ? 1 : true ? 2 : 3", "int 2"},
    {"1 + 2 * 3 - 4 / 2 == 5", "bool true"},
    {"-(-3)", "int 3"},
    {"!!true", "bool true"},
    {"type(1) == int && type('') == string && type(type(1)) == type", "bool true"},
    {"{'content-type': 1}.`content-type`", "int 1"},
    {"'b' > 'a' && 'ab' > 'a'", "bool true"},
    {"1 // a comment\n + 1", "int 2"},
    {"[[1, 2], [3]][0][1]", "int 2"},
};

BOOST_DATA_TEST_CASE(gives_the_value_of_the_language_definition, data::make(values), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Row> failures{
    {"9223372036854775807 + 1", "error: integer overflow"},
    {"-9223372036854775808 - 1", "error: integer overflow"},
    {"-9223372036854775808 / -1", "error: integer overflow"},
    {"-9223372036854775808 % -1", "error: integer overflow"},
    {"-(-9223372036854775808)", "error: integer overflow"},
    {"0u - 1u", "error: unsigned integer overflow"},
    {"1 / 0", "error: division by zero"},
    {"1 % 0", "error: modulus by zero"},
    {"1u % 0u", "error: modulus by zero"},
    {"{'a': 1}.b", "error: no such key: 'b'"},
    {"{'a': 1}['b']", "error: no such key: 'b'"},
    {"[1][1]", "error: index out of range: 1"},
    {"[1][-1]", "error: index out of range: -1"},
    {"{'a': 1, 'a': 2}", "error: repeated key: 'a'"},
    {"dyn(1) + 's'", "error: no such overload: _+_(int, string)"},
    {"dyn('s') && true", "error: no such overload: _&&_(string)"},
    {"dyn(null) > 1", "error: no such overload: _>_(null_type, int)"},
    {"dyn(1) ? 2 : 3", "error: no such overload: _?_:_(int)"},
    {"dyn('x').y", "error: no such overload: string.y"},
    {"dyn(1).startsWith('x')", "error: no such overload: startsWith(int, string)"},
};

BOOST_DATA_TEST_CASE(fails_with_the_words_of_the_language_definition, data::make(failures), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Row> absorbed{
    {"x / 0 > 1 && false", "bool false"},
    {"false && x / 0 > 1", "bool false"},
    {"x / 0 > 1 || true", "bool true"},
    {"x / 0 > 1 || false", "error: division by zero"},
    {"x / 0 > 1 && true", "error: division by zero"},
    {"x / 0 > 1 || x.y || true", "bool true"},
    {"x / 0 > 1 || x.y == 1", "error: division by zero"},
    {"[1, 2].exists(e, e / (e - 1) > 1 || x / 0 == e)", "bool true"},
};

BOOST_DATA_TEST_CASE(absorbs_errors_only_when_the_other_operand_decides, data::make(absorbed), row) { BOOST_TEST(evaluated_with(row.expression, Value::of_int(4)) == row.result); }

const std::vector<Row> syntax{
    {"", "mistake: the expression ends where a value is expected"},
    {"1 +", "mistake: the expression ends where a value is expected"},
    {"(1", "mistake: the expression ends where ')' is expected"},
    {"1 2", "mistake: unexpected '2', expected an operator or the end"},
    {"a = b", "mistake: '=' is no operator; write == to compare"},
    {"a & b", "mistake: '&' is no operator; write &&"},
    {"'abc", "mistake: a string has no closing quote"},
    {"'a\nb'", "mistake: a string has no closing quote on its line"},
    {"'\\q'", "mistake: unknown escape; a backslash itself is written \\\\"},
    {"'\\ud800'", "mistake: the escape is no Unicode character"},
    {"let", "mistake: 'let' is a reserved word"},
    {"9223372036854775808", "mistake: the number is beyond the range of int"},
    {"99999999999999999999", "mistake: the number is beyond 64 bits"},
    {"1abc", "mistake: a number runs into a name"},
    {"f(1,)", "mistake: unexpected ')', expected an argument"},
    {"has(x)", "mistake: has() takes one member"},
    {"[1].all(1, true)", "mistake: argument 1 of all() must be the name of a variable"},
    {"[1].map(x)", "mistake: map() does not take 1 argument"},
    {"\xff", "mistake: the expression is not valid UTF-8"},
    {"#", "mistake: unexpected '#'"},
};

BOOST_DATA_TEST_CASE(names_the_mistake_of_a_malformed_expression, data::make(syntax), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Row> macros{
    {"[1, 2, 3].all(n, n > 0)", "bool true"},
    {"[1, 2, 3].exists_one(n, n > 2)", "bool true"},
    {"[1, 2, 3].map(n, n * n)", "list [1,4,9]"},
    {"[1, 2, 3].map(n, n > 1, n * n)", "list [4,9]"},
    {"[1, 2, 3].filter(n, n % 2 == 1)", "list [1,3]"},
    {"{'a': 1, 'b': 2}.map(k, k + '!')", "list [\"a!\",\"b!\"]"},
    {"{'a': 1}.all(k, v, k == 'a' && v == 1)", "bool true"},
    {"[5, 6].transformList(i, v, i + v)", "list [5,7]"},
    {"{'a': 1}.transformMap(k, v, v + 1)", "map {\"a\":2}"},
    {"[[1], [2, 3]].map(l, l.map(n, n + size(l)))", "list [[2],[4,5]]"},
    {"[1].map(n, [2].map(n, n + 1))", "list [[3]]"},
    {"has({'a': null}.a) && !has({}.a)", "bool true"},
    {"[].all(n, n / 0 == 1)", "bool true"},
};

BOOST_DATA_TEST_CASE(expands_macros, data::make(macros), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

BOOST_AUTO_TEST_SUITE_END()
