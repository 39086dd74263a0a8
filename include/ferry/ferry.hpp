// The blocking API, whole: sessions, one-shot calls, and the values that they take and return.
#pragma once

#include <ferry/api.hpp>
#include <ferry/form.hpp>
#include <ferry/json.hpp>
#include <ferry/multipart.hpp>
#include <ferry/session.hpp>
#include <ferry/version.hpp>
