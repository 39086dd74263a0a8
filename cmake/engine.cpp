// The engine of both sessions, compiled once for all that link ferry::ferry.
#include <ferry/engine/download.hpp>
#include <ferry/engine/events.hpp>
#include <ferry/engine/explain.hpp>
