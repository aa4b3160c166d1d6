// The operations of FlashInfer that write rows, against the same computed in double precision: softmax, renormalisation by top-k
// and top-p, the top-k mask, and top-k.
#include "distribution.h"
#include "launchers.h"

#include <limits>
#include <string>

using namespace flashinfer_launch;

// Relative; exponentials are ex2.approx of a rounded product, sums are of floats.
constexpr double TOLERANCE = 2e-5;
constexpr float MINUS_INFINITY = -std::numeric_limits<float>::infinity();

// A longer row is split over blocks by the radix kernels, whose barrier between blocks is a race: its first thread arrives before the
// others of its block have added to the histogram (flashinfer-ai/flashinfer#4131). What they give then depends on the schedule.
constexpr unsigned LONGEST_WHOLE = 40000;

size_t compared = 0;

void expect_near(const std::vector<float> &got, const std::vector<double> &exact, const std::string &what) {
    expect(got.size() == exact.size(), what.c_str());
    for (size_t i = 0; i < got.size(); i++) {
        bool near = std::fabs(got[i] - exact[i]) <= TOLERANCE * exact[i];
        near |= exact[i] < 1e-37 && got[i] >= 0 && got[i] < 2e-37; // subnormal
        if (!near)
            printf("%s: item %zu is %.9g; exact: %.9g\n", what.c_str(), i, (double)got[i], exact[i]);
        expect(near, what.c_str());
    }
    compared += got.size();
}

std::vector<float> logits_of(unsigned rows, unsigned vocab, double step) {
    random_items random{rows * 1000003ull + vocab};
    std::vector<float> logits = normal_logits(random, (size_t)rows * vocab, 3, step);
    for (size_t i = 5; i < logits.size(); i += 97) // as a grammar masks them
        logits[i] = MINUS_INFINITY;
    return logits;
}

// work(row's items) for each row, one after the other.
template <class T, class Work>
auto by_row(const std::vector<T> &items, unsigned vocab, Work work) -> decltype(work(items)) {
    decltype(work(items)) all;
    for (size_t at = 0; at < items.size(); at += vocab) {
        auto row = work(std::vector<T>(items.begin() + at, items.begin() + at + vocab));
        all.insert(all.end(), row.begin(), row.end());
    }
    return all;
}

struct zeroed {
    device_vector<uint8_t> bytes;
    explicit zeroed(size_t count) : bytes(count) { must(cudaMemset(bytes.items, 0, count)); }
};

std::string said(const char *operation, unsigned rows, unsigned vocab) {
    return std::string(operation) + " of " + std::to_string(rows) + " x " + std::to_string(vocab);
}

std::vector<float> compare_softmax(unsigned rows, unsigned vocab, float temperature, double step) {
    std::vector<float> logits = logits_of(rows, vocab, step);
    device_vector<float> in(logits), out(logits.size());
    zeroed workspace(workspace_bytes);
    must(softmax({in.items, rows, vocab}, out.items, temperature, workspace.bytes.items));
    std::vector<float> probs = out.host();
    expect_near(
        probs,
        by_row(logits, vocab,
               [&](const std::vector<float> &row) { return softmax_of(row.data(), vocab, temperature); }),
        said("softmax", rows, vocab));
    return probs;
}

void compare_renorm(const std::vector<float> &probs, unsigned rows, unsigned vocab, unsigned k, float p) {
    device_vector<float> in(probs), out(probs.size());
    struct rows from = {in.items, rows, vocab};
    zeroed workspace(workspace_bytes), wide(air_workspace_bytes(from));
    auto law = [&](auto keeps) {
        return by_row(probs, vocab, [&](const std::vector<float> &row) { return filtered(row, keeps); });
    };
    std::vector<double> by_k = law([&](above more, double) { return more.count < k; });
    std::vector<double> by_p = law([&](above more, double) { return more.mass < p; });

    for (int time = 0; time < 2 && vocab <= LONGEST_WHOLE;
         time++) { // the workspace is good for the next call
        must(renorm_top_k(from, out.items, k, workspace.bytes.items));
        expect_near(out.host(), by_k, said("top-k renormalisation", rows, vocab));
    }
    must(renorm_top_p(from, out.items, p));
    expect_near(out.host(), by_p, said("top-p renormalisation", rows, vocab));
    if (vocab < 2048)
        return;
    for (bool deterministic : {false, true}) {
        must(renorm_top_p_air(from, out.items, p, deterministic, wide.bytes.items));
        std::vector<float> first = out.host();
        expect_near(first, by_p, said("top-p renormalisation in passes", rows, vocab));
        must(renorm_top_p_air(from, out.items, p, deterministic, wide.bytes.items));
        expect(!deterministic || out.host() == first, "deterministic renormalisation is the same again");
    }
}

float kth_greatest(std::vector<float> row, unsigned k) {
    std::nth_element(row.begin(), row.begin() + k - 1, row.end(), std::greater<float>());
    return row[k - 1];
}

void compare_mask(const std::vector<float> &logits, unsigned rows, unsigned vocab, unsigned k) {
    device_vector<float> in(logits), out(logits.size());
    zeroed workspace(workspace_bytes);
    must(mask_top_k({in.items, rows, vocab}, out.items, k, workspace.bytes.items));
    std::vector<float> exact = by_row(logits, vocab, [&](std::vector<float> row) {
        float least = kth_greatest(row, k);
        for (float &logit : row)
            logit = logit >= least ? logit : MINUS_INFINITY;
        return row;
    });
    expect(out.host() == exact, said("top-k mask", rows, vocab).c_str());
    compared += exact.size();
}

// The ids are apart, each value is its id's, and the values are the k greatest.
void expect_top_k(const std::vector<float> &items, unsigned vocab, unsigned k, const std::vector<int> &ids,
                  const std::vector<float> &values, top_k_options options, const std::string &what) {
    for (size_t row = 0; row * vocab < items.size(); row++) {
        const float *own = &items[row * vocab];
        std::vector<int> order(vocab), chosen(&ids[row * k], &ids[row * k] + k);
        for (unsigned i = 0; i < vocab; i++)
            order[i] = (int)i;
        std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return own[a] > own[b]; });
        order.resize(k);
        for (unsigned i = 0; i < k; i++) {
            expect(chosen[i] >= 0 && (unsigned)chosen[i] < vocab, what.c_str());
            expect(values[row * k + i] == own[chosen[i]], what.c_str());
            if (options.sorted)
                expect(own[chosen[i]] == own[order[i]], what.c_str());
        }
        std::sort(chosen.begin(), chosen.end());
        expect(std::adjacent_find(chosen.begin(), chosen.end()) == chosen.end(), what.c_str());
        if (options.smallest_ids) {
            std::sort(order.begin(), order.end());
            expect(chosen == order, what.c_str());
            continue;
        }
        std::vector<float> got, exact;
        for (unsigned i = 0; i < k; i++) {
            got.push_back(own[chosen[i]]);
            exact.push_back(own[order[i]]);
        }
        std::sort(got.begin(), got.end(), std::greater<float>());
        expect(got == exact, what.c_str());
    }
    compared += ids.size();
}

void compare_top_k(const std::vector<float> &items, unsigned count, unsigned vocab, unsigned k) {
    device_vector<float> in(items), values(count * k);
    device_vector<int> ids(count * k);
    zeroed workspace(workspace_bytes);
    rows from = {in.items, count, vocab};
    auto launch = [&](auto by) {
        must(cudaMemset(ids.items, 0xff, count * k * sizeof(int)));
        must(by());
        return ids.host();
    };
    for (top_k_options options :
         {top_k_options{}, {true, false, false}, {true, true, false}, {false, false, true}}) {
        if (options.deterministic && vocab > LONGEST_WHOLE) // of so few rows it takes the radix kernel
            continue;
        auto by = [&] { return top_k(from, k, ids.items, values.items, options, workspace.bytes.items); };
        std::vector<int> first = launch(by);
        expect_top_k(items, vocab, k, first, values.host(), options, said("top-k", count, vocab));
        if (options.deterministic)
            expect(launch(by) == first, "deterministic top-k is the same again");
    }
    if (vocab > LONGEST_WHOLE)
        return;
    for (bool deterministic : {false, true}) {
        auto by = [&] {
            return top_k_radix(from, k, ids.items, values.items, deterministic, workspace.bytes.items);
        };
        std::vector<int> first = launch(by);
        expect_top_k(items, vocab, k, first, values.host(), {}, said("radix top-k", count, vocab));
        if (deterministic)
            expect(launch(by) == first, "deterministic radix top-k is the same again");
    }
}

// What the check for races must find.
void split_rows() {
    constexpr unsigned vocab = 60000;
    device_vector<float> in(logits_of(1, vocab, 0)), out(vocab);
    zeroed workspace(workspace_bytes);
    must(mask_top_k({in.items, 1, vocab}, out.items, 30, workspace.bytes.items));
    must(cudaDeviceSynchronize());
}

int main(int argc, char **) {
    if (argc > 1) {
        split_rows();
        return 0;
    }
    // 1, 2 and 4 items a load; softmax with the row kept in shared memory, read again, or split over blocks.
    const struct {
        unsigned rows, vocab;
    } shapes[] = {{3, 111}, {20, 250}, {40, 2050}, {5, 4096}, {70, 3000}, {2, 36000}, {4, 60000}};
    for (auto shape : shapes)
        for (double step : {0.0, 0.25}) {
            std::vector<float> logits = logits_of(shape.rows, shape.vocab, step);
            compare_softmax(shape.rows, shape.vocab, 0.5f, step);
            std::vector<float> probs = compare_softmax(shape.rows, shape.vocab, 1, step);
            compare_renorm(probs, shape.rows, shape.vocab, 30, 0.9f);
            if (shape.vocab <= LONGEST_WHOLE)
                compare_mask(logits, shape.rows, shape.vocab, 30);
            compare_top_k(logits, shape.rows, shape.vocab, 30);
        }
    printf("compared %zu items\n", compared);
}
