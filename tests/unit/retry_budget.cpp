// The budget that all calls of a session share.

#include "catch.hpp"

#include <ferry/retry_budget.hpp>

#include <atomic>
#include <thread>
#include <vector>

using ferry::Retry;
using ferry::detail::retry_budget;

namespace {

int take_all(retry_budget& budget, const Retry& rules) {
    int taken = 0;
    while (taken < 1000 && budget.take(rules)) ++taken;
    return taken;
}

}  // namespace

TEST_CASE("a reserve of retries is free", "[retry][B6]") {
    retry_budget budget;
    CHECK(take_all(budget, {}) == 10);
    CHECK(take_all(budget, {.budget_reserve = 12}) == 2);
    CHECK(take_all(budget, {}) == 0);
}

TEST_CASE("beyond the reserve, retries are a share of the requests", "[retry][B6]") {
    const Retry rules;
    retry_budget budget;
    take_all(budget, rules);
    for (int i = 0; i < 4; ++i) budget.deposit(rules);
    CHECK(take_all(budget, rules) == 0);
    budget.deposit(rules);
    CHECK(take_all(budget, rules) == 1);

    int retries = 0;
    for (int i = 0; i < 1000; ++i) {
        budget.deposit(rules);
        retries += budget.take(rules);
    }
    CHECK(retries == 200);
}

TEST_CASE("good times earn no more than the reserve", "[retry][B6]") {
    const Retry rules;
    retry_budget budget;
    for (int i = 0; i < 100'000; ++i) budget.deposit(rules);
    CHECK(take_all(budget, rules) == 10);
    for (int i = 0; i < 100'000; ++i) budget.deposit(rules);
    CHECK(take_all(budget, rules) == 10);
}

TEST_CASE("a budget can be nothing but the reserve, or be switched off", "[retry][B6]") {
    retry_budget budget;
    const Retry strict{.budget = 0.0, .budget_reserve = 1};
    CHECK(take_all(budget, strict) == 1);
    for (int i = 0; i < 1000; ++i) budget.deposit(strict);
    CHECK(take_all(budget, strict) == 0);
    CHECK(take_all(budget, {.budget = {}}) == 1000);
    CHECK(take_all(budget, {.budget_reserve = 4'000'000'000}) == 1000);
}

TEST_CASE("threads share a budget to the last token", "[retry][B6][threads]") {
    const Retry rules{.budget = 0.5, .budget_reserve = 100};
    retry_budget budget;
    CHECK(take_all(budget, rules) == 100);
    std::atomic<int> retries{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 10'000; ++i) {
                budget.deposit(rules);
                if (i % 5 == 0) retries += budget.take(rules);
            }
        });
    for (auto& t : threads) t.join();
    // 8,000 are asked for and 20,000 paid for, so only the first few find nothing.
    CHECK(retries <= 8000);
    CHECK(retries > 7900);
    take_all(budget, rules);
    for (int i = 0; i < 200; ++i) budget.deposit(rules);
    CHECK(take_all(budget, rules) == 100);
}
