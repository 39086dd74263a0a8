// The same program, compiled with ferry's headers alone.
#include "ferry.cpp"
