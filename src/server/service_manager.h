// Tells whoever started this process how far it is: sd_notify(3), for a unit of Type=notify.
//
// A manager that wants to know names a socket in NOTIFY_SOCKET; else nothing is told. A message that does not
// arrive is the manager's to miss: it has timeouts.
//
// Thread-safety: any thread, while none changes the environment.

#pragma once

#include <string_view>

namespace remit::server {

inline constexpr std::string_view kReadyToServe = "READY=1";
inline constexpr std::string_view kStopping = "STOPPING=1";

void tell_service_manager(std::string_view state);

}  // namespace remit::server
