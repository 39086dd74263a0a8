// Which requests a session repeats after a failure, and when: a policy in the words of urllib3's Retry.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace ferry {

/// When to repeat a request. A session without one repeats only what an idle connection's end has spoiled.
///
/// A value: nothing in it changes while it is used, so one may serve any number of calls and threads. Each count says
/// how many retries a call may make for that reason; none is no limit, and `total` holds for all together.
///
/// A request that has not left this process may be repeated whatever its method. One that may have reached the server
/// is repeated only if its method is in `allowed_methods`, if it is marked `idempotent`, or if it carries
/// `Idempotency-Key`. When the retries are used up, the last response, or the last error, is the result.
///
/// Never repeated: wrong input, cancellation, `total_timeout`, `pool_timeout`, `pool_empty`, `pool_closed`, names that
/// do not exist, certificates that do not verify, responses over a limit.
struct Retry {
    std::optional<unsigned> total = 3;     ///< of all kinds together (urllib3's default is 10)
    std::optional<unsigned> connect = {};  ///< nothing was sent: no address for now, refused, timed out
    std::optional<unsigned> read = {};     ///< the connection failed or timed out when the request was on its way
    std::optional<unsigned> status = {};   ///< responses by their status
    std::optional<unsigned> other = {};    ///< the response was malformed

    std::vector<int> status_forcelist = {};                   ///< statuses that are always worth another try
    std::vector<int> retry_after_statuses = {413, 429, 503};  ///< those that are if they come with `Retry-After`
    std::vector<std::string> allowed_methods = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"};

    /// The n-th retry of a call waits for factor * 2^(n-1), at most `backoff_max`; with `jitter`, for a random part of
    /// that, so that clients which failed together do not come back together ("full jitter").
    std::chrono::milliseconds backoff_factor = std::chrono::milliseconds(500);
    std::chrono::milliseconds backoff_max = std::chrono::seconds(120);
    bool jitter = true;

    /// Wait as long as a `Retry-After` says, in seconds or as a date, but no longer than `retry_after_max`. One that is
    /// malformed or negative does not count; one of zero, or of the past, leaves the wait to the backoff.
    bool respect_retry_after_header = true;
    std::chrono::milliseconds retry_after_max = std::chrono::seconds(120);

    /// At most this share of a session's requests may be retries, so that a server in distress is not finished off;
    /// beyond it, requests fail at once. None is no limit. So many retries are free.
    std::optional<double> budget = 0.2;
    unsigned budget_reserve = 10;  ///< at least 1
};

/// No retries for this request, whatever its session does: `session.get(url, {.retry = ferry::no_retry})`. Only what an
/// idle connection's end has spoiled is still repeated.
inline const Retry no_retry{.total = 0};

}  // namespace ferry
