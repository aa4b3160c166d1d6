// Rows of probabilities whose sampling law is known, and whether draws follow it.
#pragma once

#include "../expect.cuh"

#include <algorithm>
#include <cmath>
#include <functional>

// Normal logits; step: logits are multiples of it, so that many are equal (0: none are).
inline std::vector<float> normal_logits(random_items &random, size_t count, double deviation, double step) {
    std::vector<float> logits(count);
    for (float &logit : logits) {
        double u = ((random.next() >> 11) + 1) * 0x1p-53, v = (random.next() >> 11) * 0x1p-53;
        double x = deviation * std::sqrt(-2 * std::log(u)) * std::cos(2 * M_PI * v);
        logit = (float)(step > 0 ? step * std::round(x / step) : x);
    }
    return logits;
}

inline std::vector<double> softmax_of(const float *logits, size_t count, double temperature) {
    double greatest = *std::max_element(logits, logits + count), sum = 0;
    std::vector<double> probs(count);
    for (size_t i = 0; i < count; i++)
        sum += probs[i] = std::exp((logits[i] - greatest) / temperature);
    for (double &p : probs)
        p /= sum;
    return probs;
}

// What of the row is greater than an item: how many, and their sum.
struct above {
    size_t count;
    double mass;
};

// The law of a row filtered by keeps: 0 for what is not kept. Items of one value are kept or not together.
template <class T>
std::vector<double> filtered(const std::vector<T> &probs, std::function<bool(above, double)> keeps) {
    std::vector<size_t> order(probs.size());
    for (size_t i = 0; i < order.size(); i++)
        order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probs[a] > probs[b]; });
    std::vector<double> law(probs.size());
    double mass = 0, kept = 0;
    for (size_t first = 0, end; first < order.size(); first = end) {
        double p = probs[order[first]];
        for (end = first; end < order.size() && probs[order[end]] == p; end++)
            if (keeps({first, mass}, p))
                kept += law[order[end]] = p;
        mass += p * (double)(end - first);
    }
    for (double &p : law)
        p /= kept;
    return law;
}

// The value that chi-square with this many degrees of freedom exceeds once in 10^5 (Wilson and Hilferty's approximation).
inline double chi_square_limit(size_t freedom) {
    double part = 2.0 / (9.0 * (double)freedom);
    return (double)freedom * std::pow(1 - part + 4.265 * std::sqrt(part), 3);
}

// Counts of draws against the law: none where it is 0, and chi-square within the limit; rare items are put together.
inline void expect_law(const std::vector<uint64_t> &counts, const std::vector<double> &law,
                       const char *what) {
    constexpr double enough = 10;
    double draws = 0, rare_expected = 0, rare_counted = 0, chi_square = 0;
    size_t bins = 0;
    for (uint64_t count : counts)
        draws += (double)count;
    auto add = [&](double counted, double expected) {
        chi_square += (counted - expected) * (counted - expected) / expected;
        bins++;
    };
    for (size_t i = 0; i < law.size(); i++) {
        if (law[i] == 0 && counts[i] > 0)
            printf("%s: item %zu was drawn %llu times, which the filter excludes\n", what, i,
                   (unsigned long long)counts[i]);
        expect(law[i] > 0 || counts[i] == 0, what);
        double expected = law[i] * draws;
        if (expected >= enough) {
            add((double)counts[i], expected);
        } else {
            rare_expected += expected;
            rare_counted += (double)counts[i];
        }
    }
    if (rare_expected >= enough)
        add(rare_counted, rare_expected);
    if (bins < 2) { // one item has all the law
        expect(rare_counted < 50, what);
        return;
    }
    double limit = chi_square_limit(bins - 1);
    if (chi_square > limit)
        printf("%s: chi-square is %.1f in %zu bins; the limit is %.1f\n", what, chi_square, bins, limit);
    expect(chi_square <= limit, what);
}
