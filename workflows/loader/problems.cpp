// What each problem code means, for `stellwerk explain`.
#include <algorithm>
#include <array>

#include "workflows/definition.hpp"
#include "workflows/loader/problem_code.hpp"

namespace stellwerk::workflows {
namespace {

struct Explanation {
  std::string_view code, title, text;
};

constexpr std::array explanations{
    Explanation{"SW001", "not readable as YAML",
                "The file is not YAML 1.2. The place is where the reader lost the thread; the cause is often a line or two above: an indentation that does "
                "not fit its neighbours, a quote or bracket that is not closed, or a value with ': ', '{' or '${' in it that needs quotes."},
    Explanation{"SW002", "too large or too deep",
                "A file holds at most 256 KiB and nests at most 64 levels. Larger workflows are hard to read for people too: split them into several."},
    Explanation{"SW003", "characters that cannot be in a file",
                "Files are UTF-8 without control characters. Save the file as UTF-8; in quoted text, write control characters as escapes."},
    Explanation{"SW004", "anchors, aliases and tags", "The language has no anchors (&a), aliases (*a) and tags (!t): what a file says stands where it is read. Write the value out, or use 'defaults'."},
    Explanation{"SW005", "a key occurs twice", "The same key stands twice in one map. YAML readers differ in which one wins, so neither does: remove one or join them."},
    Explanation{"SW006", "several documents", "One file holds one document. Remove the line '---' and what follows, or make it a file of its own."},
    Explanation{"SW007", "a number that does not fit", "Whole numbers have 64 bits. If it is no number to calculate with, such as a telephone number, put it in quotes."},
    Explanation{code::unknown_key, "unknown key",
                "The map has a key that the language does not know here. Nothing is ignored in silence: a misspelt 'when' would mean 'always'. The hint names "
                "the key that is nearest, or those that are possible."},
    Explanation{code::missing_key, "a key is missing", "Something that has no sensible default is not there: the status of a state, the type of an attribute, the event of a 'send'."},
    Explanation{code::wrong_value, "a value of the wrong sort", "The key takes another sort of value: a list, a map, a word, true or false, a duration such as PT5M. Only true and false are booleans; yes, no, on and off are text."},
    Explanation{code::bad_name, "a name that cannot be used",
                "Names of states, steps, attributes, settings and events are lower-case words of letters, digits and '_', so that expressions can read them. "
                "Words that expressions use themselves (self, event, result, now …) and members that every actor has (id, state, status, customer) are taken. "
                "In a library a workflow or connector has the name of its file: actors ask for the one, publishing goes by the other."},
    Explanation{code::duplicate_name, "a name is used twice", "Two steps of a state, or two values of a list, have the same name. Results, undo and the journal go by name."},
    Explanation{code::wrong_language, "another version of the language", "The first key is 'language: 1'. It tells later versions of the program how to read the file, for as long as actors live by it."},
    Explanation{code::out_of_bounds, "out of bounds", "A number or duration is beyond what makes sense for its key. The message says the bounds."},
    Explanation{code::bad_extends, "a base that cannot be extended",
                "'extends' merges one base into the workflow: maps by key, lists and single values replaced. The base says 'abstract: true', extends nothing "
                "itself, and is extended only by workflows that are not abstract. What the base says can be replaced, never removed: 'null' in place of one of its keys is refused."},
    Explanation{code::missing_steps, "steps that nobody gives",
                "An abstract workflow may write 'steps: required' and leave them to the workflows that extend it. Each of them must then give these steps."},
    Explanation{code::unknown_type, "unknown type or format", "Types are string, int, bool, real, date, timestamp, duration, period, enum, list, map, ref, secret, url and any; formats of a string are hostname, email, ip and uuid."},
    Explanation{code::misplaced_type_key, "a key that says nothing about the type", "Each type has its own keys: 'format' and 'pattern' are for strings, 'of' and 'unique' for lists, 'kind' for references, 'min' and 'max' for numbers, strings, lists and durations."},
    Explanation{code::bad_default, "a default that does not fit", "The default is not a value of the declared type, or is beyond its bounds. Actors would be born with a value that no one may set. A secret has no default: everybody could read it in the file."},
    Explanation{code::contradictory_type, "a type that contradicts itself", "No value fits the type: 'min' is more than 'max', the enumeration is empty, the pattern is no regular expression."},
    Explanation{code::computed_attribute, "a computed attribute that is also written",
                "The value of an attribute with 'value' is reckoned in every decision. It cannot be set, saved into, edited, required at birth or have a default: whatever was written would be gone at once."},
    Explanation{code::computed_cycle, "computed from itself", "Computed attributes are reckoned one after the other, each after those it reads. One that reads itself, directly or through others, has no place in that order."},
    Explanation{code::unknown_state, "unknown state", "A transition, 'initial', 'leave' or 'confirmed_by' names a state that is not under 'states'."},
    Explanation{code::unknown_attribute, "unknown attribute", "'set' or 'save' names an attribute that is not under 'attributes', or 'create' one that is not under those of the workflow it names. Attributes are declared with a type before anything is written into them."},
    Explanation{code::undeclared_event, "undeclared event", "'on' names an event that is not under 'events', or 'send' one that no workflow of the receiver's kind declares, or takes from this kind of sender. The declaration says what the event carries and who may cause it."},
    Explanation{code::unknown_step, "unknown step", "'confirmed_by' names a step that its state does not have."},
    Explanation{code::unknown_role, "unknown role", "Roles are customer, reseller, staff and admin."},
    Explanation{code::unknown_status, "a status its kind does not have",
                "Lists, filters and reports go by status, so each shipped kind has a closed list. service: pending, active, suspended, terminated, cancelled; "
                "ticket: open, answered, customer_reply, closed; order: pending, completed, cancelled; invoice: draft, open, paid, void, written_off; "
                "domain: pending, active, expired, redemption, transferred_away, cancelled, deleted; customer: active, inactive, closed. The finer distinction is the state's own name."},
    Explanation{code::unknown_class, "unknown outcome class",
                "'on_error' goes by class of failure (rejected_customer, rejected_operator, conflict, gone, unclear, timeout) or by a code that the connector "
                "gives. This is neither: it is a misspelt class, or a class that is no failure."},
    Explanation{code::unknown_kind, "unknown kind", "The kind is nearly, but not quite, one that the product ships (customer, order, service, invoice, domain, ticket). Kinds of your own are free as long as they are not so close."},
    Explanation{code::unknown_base, "unknown base", "There is no workflow of the name that 'extends' gives, neither among those published nor among the files that are being read."},
    Explanation{code::bad_expression, "a mistake in an expression",
                "The expression cannot be parsed, names something that is not there at this place, or uses a value in a way its type does not allow. 'event' is "
                "there in transitions of that event; in steps, 'done' and 'failed' the event that began the run is 'run.event'; 'result' is there in 'save'; "
                "'error' in 'failed'; 'steps' knows the steps before this one. Keys that ask ('when', 'save', 'on_server', keys of 'after') hold the expression "
                "as it is; keys that give ('set', 'with') hold it in ${…}."},
    Explanation{code::wrong_type, "a value that does not fit", "The value can never be one of the declared type: text for a number, a word that the enumeration lacks, null for an attribute that always has a value."},
    Explanation{code::secret_leaks, "a secret would be seen",
                "A value of type secret may go into inputs and attributes that are declared secret, and nowhere else: not into texts, messages, notifications, "
                "conditions or other attributes, where lists, logs and other people see it. That holds for what a secret is in, too: 'event' alone would take it "
                "along, while 'event.note' does not."},
    Explanation{code::unreachable_state, "a state nothing leads to", "No transition, timer or ending leads from the initial state to this one. It is forgotten, or the way to it is."},
    Explanation{code::no_way_on, "a state that may wait for ever",
                "The state waits and has no 'after': if the event never comes, nobody notices. Give it a time limit, or say 'rest: true' where waiting for a "
                "person without limit is right."},
    Explanation{code::open_ending, "work without an ending", "A state with steps says in 'done' what follows when all are done, and in 'failed' what follows when one fails and what was done is undone ('failed: incident' holds the run for a person). Both lead to a state."},
    Explanation{code::wrong_sort_of_state, "a key for another sort of state", "A state waits ('on', 'after', 'rest'), works ('steps', 'done', 'failed', 'on' for interrupts) or is final (only 'entry'). The key belongs to another sort than the state."},
    Explanation{code::unconfirmed_path, "a way around the confirmation",
                "The state says 'confirmed_by': being in it is a statement about the world, such as 'the server is stopped', that only this step proves. Every way "
                "into it must be the 'done' of a run in which the step always runs, without 'when' and without passing over its failure. The step is a call or an action: an effect proves nothing."},
    Explanation{code::dead_candidate, "a candidate that is never tried", "Of several candidates the first whose 'when' holds is taken. One without 'when' always holds, so those after it are never reached."},
    Explanation{code::bad_interrupt, "an interrupt that is not one",
                "While steps run, an event either waits until they are done (no entry is needed for that) or interrupts them: then the transition says whether what "
                "was done is undone or kept ('interrupt: undo' or 'keep'), and where to go. In a state that waits there is nothing to interrupt, unless steps are done there in place."},
    Explanation{code::no_last_candidate, "an ending that may lead nowhere",
                "'done' and 'failed' of a working state list candidates, and each has a 'when'. Should none of them hold, the work is over and the actor has "
                "no state to be in. Put one without 'when' last: it says what happens otherwise."},
    Explanation{code::missing_require, "a timer that acts on another actor's word",
                "A timer leads to something that cannot be taken back or that shuts a customer out: an operation that destroys, or a suspension. When it "
                "happens depends on what another actor has told this one, such as an invoice that it is unpaid. That may have changed a moment ago, "
                "with the message still under way. 'require' is a condition over the other actor's own row; the row is locked and read again in the "
                "transaction that writes the decision, so that a customer who has just paid is not suspended. A condition over attributes of this actor alone reads no row and is none."},
    Explanation{code::misplaced_guard, "a guard where no timer fires",
                "'guard: mass' counts how many actors a timer would take the same way at nearly the same time, and asks a person before too many go. A command "
                "or message comes one by one, from someone who meant it. The guard belongs to transitions of 'after' and 'schedule'."},
    Explanation{code::unknown_operation, "unknown operation or action", "The step calls an operation that no loaded connector has, or an action that the product does not have."},
    Explanation{code::unknown_input, "unknown input", "The operation or action has no input of this name, or the event no field. It would be sent nowhere."},
    Explanation{code::missing_input, "a required input is missing", "The operation or action, or the operation that takes it back, cannot do without this input, and neither the step nor 'defaults.call' gives it; or a new actor is not given an attribute that it must be born with, or an event a field that it must have."},
    Explanation{code::no_undo, "nothing takes it back",
                "The operation creates or charges something. When a later step fails, it must be taken back, or a machine runs that nobody pays for. The operation "
                "names no undo, so the step must."},
    Explanation{code::bad_redo, "redo of a step that is not earlier", "'redo' goes back to a step before this one in the same state, to take another number or name."},
    Explanation{code::bad_step, "a step that is not one", "A step does one thing: 'call', 'action', effects ('set', 'notify', 'send', 'emit', 'create'), 'wait', 'approve', 'parallel', 'each' or 'leave'. Time limits and undo belong to calls; 'with' and 'retry' to calls and actions; 'save' to steps that give a result. Within 'parallel' and 'each' stand calls, actions and effects."},
    Explanation{code::saved_twice, "two branches write the same attribute",
                "The steps of 'parallel' end in any order, so which of the two values is left would be chance. Save into different attributes, or do the steps one after the other."},
    Explanation{code::idle_schedule, "a schedule that does not do what it says",
                "'at' reads 'now' or 'today', so that the moment moves on with the time and never comes; 'skipped: wait' waits for a 'when' that is not there; or a clock "
                "counts in a final state, where no timer runs."},
    Explanation{code::reserved_event, "an event whose name is taken",
                "A workflow with an 'approve' step has the commands 'approve' and 'reject', which answer it. An event of its own of that name could not be told from them."},
    Explanation{code::bad_schedule, "a schedule whose keys contradict each other",
                "A schedule has a time of its own: 'at' (a date, a moment or a list of them) or 'every' (a length of time, from the actor's birth). With 'counts_in' it is a clock instead: "
                "'at' is then how much time may be used up in those states, and 'every', 'per' and 'skipped' say nothing about it."},
    Explanation{code::misplaced_work, "steps where none can be done",
                "A transition with steps and without 'to' works in place: the state stays, and 'done' and 'failed' say what follows. That is possible in 'on', 'after' and 'schedule' while the actor "
                "waits. A transition with 'to' leaves the state, so there is no place to work in; 'done' and 'failed' without steps follow nothing."},
    Explanation{code::too_many, "more problems than are shown", "Of very many problems in one file the first 200 are shown, by place. The rest is counted: correct those, and look again."},
    Explanation{code::missing_server, "a call without a server",
                "An operation is carried out at a server: its connector file says how, the server's entry where, and with which account. The step has no "
                "'on_server', and 'defaults.call' has none either, so nobody could be asked. Write it on the step, or once for all calls. It is an expression that gives "
                "the server's id, most often an attribute { type: ref, kind: server } into which the action pool.place has saved it."},
    Explanation{code::unknown_workflow, "a workflow that cannot be created",
                "'create' names a workflow that is not there, that is of another kind than it says, or that is abstract. Without 'workflow' the kind is the name. Names are compared with "
                "the workflows that are checked in the same run, with one of that name beside the file, in the library or among those shipped, and at start with all that are published."},
    Explanation{code::unmarked_expression, "an expression written as text",
                "Keys that give ('set', 'with', 'actor', 'who') take what is written as it is: 'self.vmid' would be the nine letters, not the number. Within ${…} it is an expression. "
                "If the letters are really meant, write ${'self.vmid'}."},
    Explanation{"SW900", "unknown setting", "The settings file or the environment names a setting that does not exist. 'stellwerk config reference' lists all of them with their defaults and bounds."},
    Explanation{"SW901", "a setting with a wrong value", "The value is not of the sort the setting takes, or it is given twice, for example in a variable and in a file that another variable names."},
    Explanation{"SW902", "a setting out of bounds", "The value is beyond the bounds of the setting, which 'stellwerk config reference' lists."},
};

}  // namespace

std::string explain(std::string_view code) {
  const auto found = std::ranges::find(explanations, code, &Explanation::code);
  return found == explanations.end() ? std::string{} : std::string{found->text};
}

std::vector<std::pair<std::string, std::string>> problem_codes() {
  std::vector<std::pair<std::string, std::string>> codes;
  for (const auto& [code, title, text] : explanations) codes.emplace_back(code, title);
  return codes;
}

}  // namespace stellwerk::workflows
