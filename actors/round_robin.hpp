#pragma once

namespace stellwerk::actors {

/// Looks at the entries of an ordered map in a circle, beginning behind `last`, until `visit` says that it has taken one; that becomes `last`.
/// False: none was taken. `visit` must not change the map.
template <class Map, class Visit>
bool round_robin(Map& map, typename Map::key_type& last, Visit visit) {
  const auto from = map.upper_bound(last);
  for (auto it = from; it != map.end(); ++it)
    if (visit(*it)) return last = it->first, true;
  for (auto it = map.begin(); it != from; ++it)
    if (visit(*it)) return last = it->first, true;
  return false;
}

}  // namespace stellwerk::actors
