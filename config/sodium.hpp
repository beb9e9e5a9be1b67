#pragma once
// The few lines every user of libsodium in this folder needs. Free of sodium.h itself.

#include <string>
#include <string_view>

namespace stellwerk::config {

/// Before the first call of the library; cheap afterwards. Any thread.
void start_sodium();

/// Overwrites the text, also the part beyond its end, and empties it.
void wipe(std::string& text) noexcept;

inline unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
inline const unsigned char* bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }
inline const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace stellwerk::config
