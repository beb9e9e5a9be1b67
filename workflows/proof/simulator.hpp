#pragma once
// A workflow to look at while it runs, in virtual time: by a script, or by hand.

#include <functional>
#include <memory>
#include <string>

#include "workflows/proof/tester.hpp"

namespace stellwerk::workflows::proof {

using Print = std::function<void(const std::string&)>;

/// Carries out the first case (or the `script`) and prints every decision with its time: state, changes, calls, timers, notices.
/// `expect` lines are compared too. True when every line could be carried out and every expectation holds.
[[nodiscard]] bool simulate(const Tests& script, const std::shared_ptr<const Definition>& definition, const Catalog& catalog, const Print& print);

/// By hand: one command a line, given by `read` (false: no more). Commands: send, answer, until, pass, remedy, crash, state,
/// edit, setting, timers, allowed, help, quit. False when the actor cannot be born.
[[nodiscard]] bool simulate_by_hand(const Tests& setup, const std::shared_ptr<const Definition>& definition, const Catalog& catalog, const std::function<bool(std::string&)>& read,
                                    const Print& print);

}  // namespace stellwerk::workflows::proof
