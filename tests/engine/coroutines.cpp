// The coroutine kernel: asks and answers, nested calls on a flat stack, exceptions, frames and buffers given back.

#include "catch.hpp"

#include <ferry/core/buffer.hpp>
#include <ferry/core/task.hpp>

#include <stdexcept>
#include <utility>

using namespace ferry::detail;

namespace {

using number = task<int>;

number ask() {
    auto a = co_await action{.what = action::kind::pull};
    co_return static_cast<int>(a.n);
}

number no_question() { co_return 1; }

number many_calls(int n) {
    int sum = 0;
    for (int i = 0; i < n; ++i) sum += co_await no_question();
    co_return sum;
}

number deep(int n) {
    if (n == 0) {
        auto found = co_await ask();
        co_return found;
    }
    auto below = co_await deep(n - 1);
    co_return below + 1;
}

number fails(bool before) {
    if (!before) co_await ask();
    throw std::runtime_error("no");
}

number catches() {
    int caught = 0;
    try {
        caught = co_await fails(false);
    } catch (const std::runtime_error&) {
        caught = 42;
    }
    co_return caught;
}

number survives() {
    int caught = 0;
    try {
        caught = co_await fails(true);
    } catch (const std::runtime_error&) {
        caught = 42;
    }
    co_return caught;
}

struct Counted {
    int* alive;
    explicit Counted(int& n) : alive(&n) { ++n; }
    Counted(const Counted&) = delete;
    ~Counted() { --*alive; }
};

number holds(int& alive, int depth) {
    Counted counted(alive);
    int found = 0;
    if (depth > 0) found = co_await holds(alive, depth - 1);
    else found = co_await ask();
    co_return found;
}

}  // namespace

TEST_CASE("an operation asks, is answered, and has a result", "[engine]") {
    operation<int> op(ask());
    auto* a = op.next();
    REQUIRE(a);
    CHECK(a->what == action::kind::pull);
    op.got() = {.n = 7};
    CHECK(op.next() == nullptr);
    CHECK(op.result() == 7);
}

TEST_CASE("an operation without a question ends at once", "[engine]") {
    operation<int> op(no_question());
    CHECK(op.next() == nullptr);
    CHECK(op.result() == 1);
}

TEST_CASE("calls that do not wait keep the stack flat", "[engine]") {
    operation<int> op(many_calls(300'000));
    CHECK(op.next() == nullptr);
    CHECK(op.result() == 300'000);
}

TEST_CASE("questions come out of any depth", "[engine]") {
    operation<int> op(deep(1000));
    REQUIRE(op.next());
    op.got() = {.n = 5};
    CHECK(op.next() == nullptr);
    CHECK(op.result() == 1005);
}

TEST_CASE("exceptions go to whoever awaits", "[engine]") {
    operation<int> caught(catches());
    REQUIRE(caught.next());
    caught.got() = {};
    CHECK(caught.next() == nullptr);
    CHECK(caught.result() == 42);

    operation<int> at_once(fails(true));
    CHECK(at_once.next() == nullptr);
    CHECK_THROWS_AS(at_once.result(), std::runtime_error);
}

TEST_CASE("an operation that is dropped destroys what it holds", "[engine][A13]") {
    int alive = 0;
    { operation<int> never_begun(holds(alive, 3)); }
    CHECK(alive == 0);
    {
        operation<int> waiting(holds(alive, 3));
        REQUIRE(waiting.next());
        CHECK(alive == 4);
    }
    CHECK(alive == 0);
}

TEST_CASE("with memory for its frames a chain begins each call at once, and comes to the same", "[engine][A13]") {
    frame_stack frames;
    frame_stack::scope scope(frames);
    {
        operation<int> op(many_calls(300'000), &frames);
        CHECK(op.next() == nullptr);
        CHECK(op.result() == 300'000);
    }
    {
        operation<int> op(deep(100), &frames);  // more than there is memory for
        REQUIRE(op.next());
        op.got() = {.n = 5};
        CHECK(op.next() == nullptr);
        CHECK(op.result() == 105);
    }
    {
        operation<int> op(catches(), &frames);
        REQUIRE(op.next());
        op.got() = {};
        CHECK(op.next() == nullptr);
        CHECK(op.result() == 42);
    }
    {
        operation<int> op(fails(true), &frames);
        CHECK(op.next() == nullptr);
        CHECK_THROWS_AS(op.result(), std::runtime_error);
    }
    int alive = 0;
    { operation<int> never_begun(holds(alive, 3), &frames); }
    {
        operation<int> waiting(holds(alive, 3), &frames);
        REQUIRE(waiting.next());
        CHECK(alive == 4);
    }
    CHECK(alive == 0);
}

TEST_CASE("what a call that begins at once throws goes to whoever awaits it", "[engine]") {
    frame_stack frames;
    frame_stack::scope scope(frames);
    operation<int> op(survives(), &frames);
    CHECK(op.next() == nullptr);
    CHECK(op.result() == 42);
}

namespace {

// Answers each action but every `waits`th with how many there were before it.
struct Counting final : performer {
    explicit Counting(std::size_t nth = 0) : waits(nth) {}
    bool perform(const action&, answer& got) override {
        got = {.n = asked++};
        return waits == 0 || asked % waits != 0;
    }
    std::size_t waits, asked = 0;
};

struct Failing final : performer {
    bool perform(const action&, answer&) override { throw std::runtime_error("no"); }
};

number asks_often(int n) {
    int sum = 0;
    for (int i = 0; i < n; ++i) {
        auto found = co_await ask();
        sum += found;
    }
    co_return sum;
}

}  // namespace

TEST_CASE("what can be performed at once does not stop the chain", "[engine]") {
    frame_stack frames;
    frame_stack::scope scope(frames);
    const bool with_frames = GENERATE(false, true);
    auto* memory = with_frames ? &frames : nullptr;
    {
        Counting driver;
        operation<int> op(asks_often(30'000), memory, &driver);
        CHECK(op.next() == nullptr);
        CHECK(op.result() == 30'000 / 2 * 29'999);
    }
    {
        Counting driver(3);
        operation<int> op(asks_often(10), memory, &driver);
        for (std::size_t stop : {3u, 6u, 9u}) {
            auto* a = op.next();
            REQUIRE(a);
            CHECK(a->what == action::kind::pull);
            CHECK(driver.asked == stop);
            op.got() = {.n = 1000};
        }
        CHECK(op.next() == nullptr);
        CHECK(op.result() == 3000 + 0 + 1 + 3 + 4 + 6 + 7 + 9);
    }
    {
        Failing driver;
        operation<int> op(deep(3), memory, &driver);
        CHECK(op.next() == nullptr);
        CHECK_THROWS_AS(op.result(), std::runtime_error);
    }
}

TEST_CASE("buffers are lent from what their thread has", "[engine]") {
    char* first = nullptr;
    {
        buffer b(small_buffer);
        first = b.data();
        CHECK(b.size() == small_buffer);
    }
    buffer again(small_buffer);
    CHECK(again.data() == first);
    buffer moved(std::move(again));
    CHECK(moved.data() == first);
    CHECK(again.data() == nullptr);
    CHECK(again.size() == 0);
    again = std::move(moved);
    CHECK(again.data() == first);
    buffer a(small_buffer), b(small_buffer), c(small_buffer), large(large_buffer);
    CHECK(large.size() == large_buffer);
    CHECK(a.data() != b.data());
    CHECK(b.data() != c.data());
}
