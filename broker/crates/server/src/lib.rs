//! The shell: listeners, connections, handlers, disk threads, timers, HTTP.
