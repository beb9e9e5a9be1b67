#pragma once
// What only the whole workflow shows, by noun. Each tells what it finds in the report of the context.

#include <functional>
#include <set>
#include <vector>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {

/// How a state is left, or entered again.
enum class Way { event, timer, done, failed, leave };

struct Passage {
  Way way = Way::event;
  int work = -1;  ///< of done, failed and leave: the work that ends
  int to = -1;
  Place place;
};

/// Every way out of the state that names a target: its own events and timers, those of the top level and the schedules while it waits,
/// the endings of its work and of what is done in place.
void each_way(const Definition& definition, int from, const std::function<void(const Passage&)>& visit);

/// Every step of the works, those within `parallel` and `each` too.
void each_step(const std::vector<Step>& steps, const std::function<void(const Step&)>& visit);
/// The attributes that effects write.
void add_written(std::set<int>& attributes, const std::vector<LocalEffect>& effects);
/// The attributes that an expression reads, through computed ones too.
void add_read(std::set<int>& attributes, const Definition& definition, const cel::Program& program);
/// Marks the transitions of timers that the mass-action guard counts (mass.cpp).
void mark_counted(Definition& definition);
/// True when the expression reads the slot itself.
[[nodiscard]] bool reads(const cel::Program& program, int slot);

// --- checks_ways.cpp
void check_reachable(Context& context);
void check_confirmed(Context& context);
// --- checks_endings.cpp: what waits for ever, what ends nowhere
void check_wake_ups(Context& context);
void check_endings(Context& context);
// --- checks_timers.cpp
void check_required(Context& context);
void check_guards(Context& context);
void check_schedules(Context& context);
// --- checks_steps.cpp
void check_parallel(Context& context);
void check_approvals(Context& context);

}  // namespace stellwerk::workflows::loading
