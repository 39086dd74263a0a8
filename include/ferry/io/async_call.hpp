// One asynchronous call: runs the engine with news of its actions, and completes a handler.
#pragma once

#include <ferry/core/of_this_thread.hpp>
#include <ferry/core/prefetch.hpp>
#include <ferry/engine/calls.hpp>
#include <ferry/engine/secured.hpp>
#include <ferry/io/async_driver.hpp>
#include <ferry/io/response_memory.hpp>

#include <asio/cancellation_type.hpp>
#include <asio/post.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

class async_call;

/// How a handler can be called: where we are, which is on the session's executor; at once if its executor lets us; or
/// only by way of its executor's queue.
enum class calling { here, at_once, later };

/// What is called when an operation of a call has ended: a handler, waiting.
class ending {
public:
    virtual ~ending() = default;
    /// Takes its results from the call, puts the call down, and has the handler called.
    virtual void operator()(async_call& c, std::error_code ec, calling how) = 0;
};

/// A call's memory serves one request after another. Its owner (a call under way, or a stream) says `release` once.
class async_call final : public async_driver, private performer, public std::enable_shared_from_this<async_call> {
public:
    async_call() = default;
    ~async_call() {
        engine_.reset();
        drop_ending();
    }

    // For the owner, while no operation is under way.

    std::string method, path;
    std::string_view piece;
    std::size_t count = 0;
    bool found = false;
    std::size_t place = 0;  // in the core

    request asked;
    Response response;
    std::optional<transfer> exchange;

    /// It lasts as long as the call is owned or something of it is outstanding.
    async_core* core() const noexcept { return core_; }

    /// Somebody owns it now. An overlay has defaults of its own.
    void take(async_core& core) noexcept { core_ = &core; }
    /// Something that operations refer to lasts as long as they.
    void attach(std::shared_ptr<void> beside) noexcept { beside_ = std::move(beside); }
    void take_defaults(std::shared_ptr<const session_defaults> of) noexcept { overlay_ = std::move(of); }

    /// Makes a request ready. What is wrong with it is told when it is started. `verb` must outlive the call.
    void prepare(std::string_view verb, std::string_view url) { prepare_with(verb, url, Options::none()); }
    void prepare(std::string_view verb, std::string_view url, Options&& with) {
        own_ = std::move(with);
        has_own_ = true;
        prepare_with(verb, url, own_);
    }
    bool refused() const noexcept { return refusal_ != nullptr; }

    /// Runs a part of the engine, `make()`, and then the ending. Its first steps happen in here; the ending does not.
    template <class Make, class Ending> void start(Make make, Ending&& e) {
        // A handler that is called elsewhere would leave the context without any work, and that stops it.
        const auto work = e.at_home() ? core_->work() : at_work();
        put_ending(std::forward<Ending>(e));
        start(make);
    }
    template <class Make> void start(Make make) {
        thrown_.reset();
        begin_running();
        if (!refusal_) {
            frame_stack::scope scope(frames_);
            engine_.emplace(make(), &frames_, static_cast<performer*>(this));
        }
        if (auto& token = asked_options().stop; token.stop_possible()) stop_.emplace(token, stopper{this, serial()});
        run_until_rest(calling::later);
    }
    /// Of a whole call, whose time begins now.
    void start_clock() noexcept { detail::start_clock(*exchange, look_at_clock()); }

    /// For an ending: it has what it wants.
    void put_down() noexcept {
        drop_ending();
        end_running();
    }
    /// Where a stream's response came from; empty if there is no memory for it.
    void tell_url() noexcept {
        try {
            response.url = asked.url;
        } catch (const std::bad_alloc&) {
            response.url.clear();
        }
    }
    /// The failure behind a code, for people; none if there is no memory for it.
    std::shared_ptr<const Error> error_of(std::error_code ec) noexcept {
        if (!ec) return nullptr;
        try {
            auto f = refusal_ ? *refusal_ : failed(*exchange, ec);
            if (thrown_) f.particulars = *thrown_;
            return std::make_shared<const Error>(to_error(std::move(f)));
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    /// Nothing more is asked of it: what is under way is cancelled, a body is let go, and the memory comes back.
    void release() noexcept {
        if (cancel_whatever() || !exchange || !exchange->conn) return begin_no_more();
        try {
            asio::post(core_->executor, letting_go(*this));
        } catch (...) {  // no memory for it: the connection has been dropped
        }
    }

    /// Ends an operation, if it is still under way. `type` as Asio has it: `total` alone asks for it only if the
    /// request can have had no effect.
    void cancel(std::uint32_t operation, asio::cancellation_type_t type = asio::cancellation_type::terminal) {
        constexpr auto anyway = asio::cancellation_type::terminal | asio::cancellation_type::partial;
        if ((type & anyway) == asio::cancellation_type::none &&
            ((type & asio::cancellation_type::total) == asio::cancellation_type::none || has_effect_))
            return;
        interrupt(operation);
    }
    /// The same for whichever is under way; false when there is none.
    bool cancel_whatever() noexcept { return interrupt(); }
    /// Which operation `cancel` means: the next to be started.
    std::uint32_t next_operation() const noexcept { return serial() + 1; }

    time_point ring(time_point now) { return check_time(now); }

private:
    void prepare_with(std::string_view verb, std::string_view url, const Options& with) {
        refusal_.reset();
        response.clear();
        asked.options = nullptr;
        if (auto* memory = of_this_thread<response_memory>()) memory->lend(asked.url);
        const session_defaults& defaults = overlay_ ? *overlay_ : *core_;
        if (auto c = defaults.prepare(asked, verb, url, with))
            refusal_ = std::make_unique<failure>(detail::refused(std::move(c), url));
        harmless_ = is_safe(verb);
        has_effect_.store(false, std::memory_order_relaxed);
        exchange.emplace(asked, response);
        reset_driver(asked);
    }

    /// Ours to run, until it has to wait or is over. With many calls under way nothing of this one is in a cache.
    void run(bool elsewhere) override {
        prefetch(&asked, touched);
        if (auto* memory = of_this_thread<response_memory>()) memory->lend(response);
        if (!elsewhere) return run_until_rest(calling::here);
        const auto work = core_->work();
        run_until_rest(calling::at_once);
    }
    void run_until_rest(calling how) {
        std::error_code ec;
        if (run_engine(ec)) end(ec, how);
    }
    /// False when it waits.
    bool run_engine(std::error_code& ec) noexcept {
        try {
            while (engine_) {
                if ((!wish_ || try_wish(engine_->got())) && !go_on()) break;
                if (rest()) return false;
            }
            ec = engine_ ? engine_->result() : refusal_->ec;
            engine_.reset();
        } catch (const std::exception& e) {
            ec = thrown(e.what());
        } catch (...) {
            ec = thrown("not a std::exception");
        }
        return true;
    }
    /// Runs the engine until it waits for its wish; false when it has ended.
    bool go_on() {
        frame_stack::scope scope(frames_);
        return engine_->next() != nullptr;
    }
    bool perform(const action& a, answer& got) override {
        if (a.what == action::kind::write && exchange->phase == Phase::send)
            has_effect_.store(!harmless_, std::memory_order_relaxed);
        if (secured::concerns(a, exchange->conn)) [[unlikely]]
            return perform_secured(a, got);
        if (advance(a, got)) return true;
        wish_ = &a;
        return false;
    }
    /// Whether the engine's answer is there.
    bool try_wish(answer& got) {
        for (; wish_; wish_ = next_secured(got))
            if (!advance(*wish_, got)) return false;
        return true;
    }
    [[gnu::cold]] bool perform_secured(const action& a, answer& got) {
        if (!stage_) stage_ = std::make_unique<secured>();
        wish_ = or_result(stage_->begin(a, *exchange->conn), got);
        return try_wish(got);
    }
    /// What TLS wants of the driver next; null when it has answered.
    const action* next_secured(answer& got) {
        return stage_ && stage_->active() ? or_result(stage_->next(got), got) : nullptr;
    }
    const action* or_result(const action* raw, answer& got) const {
        if (!raw) got = stage_->result();
        return raw;
    }
    /// A function of the caller's threw. Nothing is left to go on with.
    [[gnu::cold]] std::error_code thrown(const char* what) {
        stop_everything();
        exchange->ended = errc::callback_failed;
        try {
            thrown_ = what;
        } catch (...) {  // no memory to say it with
        }
        return exchange->ended;
    }
    [[gnu::cold]] void stop_everything() noexcept {
        wish_ = nullptr;
        stage_.reset();
        stop_waiting();
        drop_connection();
        engine_.reset();
        exchange->conn = nullptr;
    }
    void end(std::error_code ec, calling how) {
        stop_.reset();
        drop_file();
        if (ending_) (*ending_)(*this, ec, how);
        else put_down();
    }
    void abandon() noexcept override {
        stop_everything();
        stop_.reset();
        put_down();
    }
    void unused() noexcept override {
        if (exchange && exchange->conn) drop_connection();  // it has ended well when nobody wanted it any more
        if (exchange) exchange->conn = nullptr;
        exchange.reset();
        overlay_.reset();
        beside_.reset();
        if (std::exchange(has_own_, false)) own_ = {};
        core_->recycle(*this);  // and with it, perhaps, the core
    }
    const Options& asked_options() const noexcept { return asked.options ? *asked.options : Options::none(); }

    /// Lets the rest of a body go, from the executor: what it waits for might else be all the work that a context has.
    class letting_go {
    public:
        explicit letting_go(async_call& c) noexcept : call_(&c) {}
        letting_go(letting_go&& o) noexcept : call_(std::exchange(o.call_, nullptr)) {}
        ~letting_go() {
            if (call_) end(*call_);
        }
        void operator()() {
            auto& c = *std::exchange(call_, nullptr);
            c.start([&c] { return let_go(*c.exchange); });
            end(c);
        }

    private:
        static void end(async_call& c) noexcept { c.begin_no_more(); }
        async_call* call_;
    };

    /// What a std::stop_token calls.
    struct stopper {
        async_call* call;
        std::uint32_t operation;
        void operator()() const { call->cancel(operation); }
    };

    template <class Ending> void put_ending(Ending&& e) {
        using E = std::decay_t<Ending>;
        if constexpr (sizeof(E) <= sizeof ending_room_ && alignof(E) <= alignof(std::max_align_t))
            ending_ = new (ending_room_.data()) E(std::forward<Ending>(e));
        else ending_ = new E(std::forward<Ending>(e));
    }
    void drop_ending() noexcept {
        auto* e = std::exchange(ending_, nullptr);
        if (!e) return;
        if (static_cast<void*>(e) == ending_room_.data()) e->~ending();
        else delete e;
    }

    /// From `asked` on, as far as the frames of a whole call reach.
    static constexpr std::size_t touched = 4 * 1024;

    std::optional<operation<std::error_code>> engine_;
    const action* wish_ = nullptr;    // what the driver is at
    std::unique_ptr<secured> stage_;  // what made it of the engine's wish, under TLS
    ending* ending_ = nullptr;
    std::shared_ptr<const session_defaults> overlay_;
    std::shared_ptr<void> beside_;
    std::unique_ptr<failure> refusal_;
    bool harmless_ = false;
    std::atomic<bool> has_effect_{false};  // perhaps: the request was begun to be written, and is not a harmless one
    bool has_own_ = false;
    std::optional<std::string> thrown_;
    std::optional<std::stop_callback<stopper>> stop_;
    alignas(std::max_align_t) std::array<std::byte, 256> ending_room_;
    frame_stack frames_;
    Options own_;
};

}  // namespace ferry::detail
