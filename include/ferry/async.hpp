// The asynchronous API, whole: sessions under any completion token, and the values that they take and return.
#pragma once

#include <ferry/async_get_all.hpp>
#include <ferry/async_session.hpp>
#include <ferry/form.hpp>
#include <ferry/json.hpp>
#include <ferry/multipart.hpp>
#include <ferry/version.hpp>
