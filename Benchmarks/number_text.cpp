// SPDX-License-Identifier: Apache-2.0
// What reading and printing a number takes on one core, for each implementation of CTensorText that runs here.
//
//     clang++ -std=c++20 -O3 -fno-exceptions -fno-rtti -ISources/CTensorText/include \
//         Benchmarks/number_text.cpp Sources/CTensorText/*.cpp Sources/CTensorText/*/*.cpp -o number_text
//     ./number_text                   a Markdown table: ns a number, the best of 25 passes over 2^18 in rows of 64
#include <chrono>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "ctensortext.h"

constexpr ptrdiff_t count = 1 << 18, row = 64, passes = 25;
const ptrdiff_t shape[] = {count / row, row};

template <typename Body>
double nanoseconds(Body body) {
    double best = 1e9;
    for (int pass = 0; pass < passes; ++pass) {
        auto start = std::chrono::steady_clock::now();
        body();
        std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
        best = std::min(best, time.count() / count);
    }
    return best;
}

/// Rows of numbers, with the slack that a reader wants.
template <typename Number>
std::string text(const std::vector<Number> &numbers, const char *format) {
    std::string text = "[";
    char digits[64];
    for (ptrdiff_t i = 0; i < count; ++i) {
        text += i % row ? "," : i ? "],[" : "[";
        text.append(digits, size_t(snprintf(digits, sizeof digits, format, double(numbers[i]))));
    }
    text += "]]";
    text.append(tensor_text_slack_byte_count, '\0');
    return text;
}

int main() {
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    std::vector<double> wide(count);
    for (auto &number : wide) number = normal(generator);
    std::vector<float> narrow(wide.begin(), wide.end());
    std::vector<float> read(count);
    std::vector<double> read_wide(count);
    std::vector<char> out(size_t(tensor_text_byte_bound_float64(2, shape)));
    auto shortest = [&](auto print, const auto *numbers) {
        std::string text(out.data(), size_t(print(out.data(), numbers, 2, shape)));
        text.append(tensor_text_slack_byte_count, '\0');
        return text;
    };
    std::string long_narrow = text(narrow, "%.17g"), long_wide = text(wide, "%.17g");
    std::string short_narrow = shortest(tensor_text_print_float32, narrow.data());
    puts("| | read float32, 17 digits | read float32, shortest | read float64, 17 digits | print float32 | print float64 |");
    puts("| --- | --- | --- | --- | --- | --- |");
    for (const char *name : {"avx512", "avx2", "sse4", "portable"}) {
        if (!tensor_text_use(name)) continue;
        auto reading = [&](const std::string &text, auto read, auto &numbers) {
            ptrdiff_t length = ptrdiff_t(text.size()) - tensor_text_slack_byte_count;
            return nanoseconds([&] {
                if (read(text.data(), length, numbers.data(), count).count != count) abort();
            });
        };
        printf("| N(0,1), %s | %.1f | %.1f | %.1f | %.1f | %.1f |\n", name,
               reading(long_narrow, tensor_text_read_float32, read),
               reading(short_narrow, tensor_text_read_float32, read),
               reading(long_wide, tensor_text_read_float64, read_wide),
               nanoseconds([&] { tensor_text_print_float32(out.data(), narrow.data(), 2, shape); }),
               nanoseconds([&] { tensor_text_print_float64(out.data(), wide.data(), 2, shape); }));
        fflush(stdout);
    }
}
