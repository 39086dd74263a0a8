// What the demo prints: headings, aligned tables, and verdicts that are counted. Colours on a terminal only.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace demo {

class Page {
public:
    bool is_terminal() const { return terminal_; }

    void title(std::string_view text) { line(paint(text, "1")); }
    void fact(std::string_view name, std::string_view text) { line(paint(padded(name, 9), "2").append(text)); }
    void heading(int number, std::string_view text) {
        line("\n\n" + paint(std::to_string(number) + "  " + std::string(text), "1") + "\n");
    }
    void say(std::string_view text) { line("   " + std::string(text)); }
    void gap() { line(terminal_ ? "\033[K" : ""); }

    /// Something that the demo claims: shown with its verdict, and remembered if it does not hold.
    bool claim(bool holds, std::string_view text) {
        line("   " + (holds ? paint("ok", "32") : paint("NOT SO:", "1;31")) + "  " + std::string(text));
        failed_ |= !holds;
        return holds;
    }
    bool failed() const { return failed_; }

    void line(std::string_view text) { put(std::string(text) + "\n"); }

    /// All of it at once, so that an interrupt leaves no half line, and no colour behind.
    void put(std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }

    std::string paint(std::string_view text, std::string_view code) const {
        if (!colours_ || code.empty()) return std::string(text);
        return "\033[" + std::string(code) + "m" + std::string(text) + "\033[0m";
    }

    static std::string padded(std::string_view text, std::size_t width) {
        std::string s(text);
        s.resize(s.size() < width ? width : s.size() + 1, ' ');
        return s;
    }

private:
    const bool terminal_ = ::isatty(STDOUT_FILENO) == 1;
    const bool colours_ = terminal_ && !std::getenv("NO_COLOR") &&
                          std::string_view(std::getenv("TERM") ? std::getenv("TERM") : "dumb") != "dumb";
    bool failed_ = false;
};

/// Columns of text on a page.
class Table {
public:
    struct Column {
        std::string_view name;
        std::size_t width;
    };

    Table(Page& page, std::vector<Column> columns) : page_(page), columns_(std::move(columns)) {
        std::string text = "   ";
        for (auto& c : columns_) text += Page::padded(c.name, c.width);
        page_.line(page_.paint(trimmed(text), "2"));
    }
    /// A passing row is overwritten by the next one, and shown on a terminal only.
    void row(const std::vector<std::string>& cells, bool passing = false) {
        if (!page_.is_terminal()) return passing ? void() : page_.line(text_of(cells));
        page_.put("\033[K" + text_of(cells) + (passing ? "\r" : "\n"));
    }

private:
    std::string text_of(const std::vector<std::string>& cells) const {
        std::string text = "   ";
        for (std::size_t i = 0; i < cells.size(); ++i) {
            auto width = i + 1 < cells.size() ? columns_[i].width : 0;
            auto rest = width > cells[i].size() ? width - cells[i].size() : i + 1 < cells.size() ? 1u : 0u;
            text += page_.paint(cells[i], colour_of(cells[i])) + std::string(rest, ' ');
        }
        return text;
    }
    /// States of sockets are told apart at a glance.
    static std::string_view colour_of(std::string_view cell) {
        if (cell == "ESTABLISHED") return "32";
        if (cell == "CLOSE_WAIT") return "1;33";
        if (cell == "TIME_WAIT") return "35";
        if (cell.starts_with("FIN_WAIT") || cell == "LAST_ACK") return "36";
        return cell == "gone" ? "2" : "";
    }
    static std::string trimmed(std::string text) { return text.erase(text.find_last_not_of(' ') + 1); }

    Page& page_;
    std::vector<Column> columns_;
};

}  // namespace demo
