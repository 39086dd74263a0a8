// The blocking session, compiled once for all that link ferry::ferry.
#include <ferry/blocking/session.hpp>
