#pragma once
// The codes of problems in workflow files, by name. problems.cpp explains each; config's reader owns SW001 to SW009.

namespace stellwerk::workflows::code {

inline constexpr const char* unknown_key = "SW010";
inline constexpr const char* missing_key = "SW012";
inline constexpr const char* wrong_value = "SW013";
inline constexpr const char* bad_name = "SW014";
inline constexpr const char* duplicate_name = "SW015";
inline constexpr const char* wrong_language = "SW016";
inline constexpr const char* out_of_bounds = "SW017";
inline constexpr const char* bad_extends = "SW018";
inline constexpr const char* missing_steps = "SW019";

inline constexpr const char* unknown_type = "SW020";
inline constexpr const char* misplaced_type_key = "SW021";
inline constexpr const char* bad_default = "SW022";
inline constexpr const char* contradictory_type = "SW023";
inline constexpr const char* computed_attribute = "SW024";
inline constexpr const char* computed_cycle = "SW025";

inline constexpr const char* unknown_state = "SW030";
inline constexpr const char* unknown_attribute = "SW031";
inline constexpr const char* undeclared_event = "SW032";
inline constexpr const char* unknown_step = "SW033";
inline constexpr const char* unknown_role = "SW034";
inline constexpr const char* unknown_status = "SW035";
inline constexpr const char* unknown_class = "SW036";
inline constexpr const char* unknown_kind = "SW037";
inline constexpr const char* unknown_base = "SW038";

inline constexpr const char* bad_expression = "SW040";
inline constexpr const char* wrong_type = "SW041";
inline constexpr const char* secret_leaks = "SW042";

inline constexpr const char* unreachable_state = "SW050";
inline constexpr const char* no_way_on = "SW051";
inline constexpr const char* open_ending = "SW052";
inline constexpr const char* wrong_sort_of_state = "SW053";
inline constexpr const char* unconfirmed_path = "SW054";
inline constexpr const char* dead_candidate = "SW055";
inline constexpr const char* bad_interrupt = "SW056";
inline constexpr const char* no_last_candidate = "SW057";
inline constexpr const char* missing_require = "SW058";
inline constexpr const char* misplaced_guard = "SW059";

inline constexpr const char* unknown_operation = "SW060";
inline constexpr const char* unknown_input = "SW061";
inline constexpr const char* missing_input = "SW062";
inline constexpr const char* no_undo = "SW063";
inline constexpr const char* bad_redo = "SW064";
inline constexpr const char* bad_step = "SW065";
inline constexpr const char* saved_twice = "SW066";
inline constexpr const char* idle_schedule = "SW067";
inline constexpr const char* reserved_event = "SW068";
inline constexpr const char* bad_schedule = "SW069";
inline constexpr const char* misplaced_work = "SW070";
inline constexpr const char* too_many = "SW071";
inline constexpr const char* missing_server = "SW072";
inline constexpr const char* unknown_workflow = "SW073";
inline constexpr const char* unmarked_expression = "SW074";

}  // namespace stellwerk::workflows::code
