// The samplers of FlashInfer: chi-square of many draws against the exact law, every draw inside its filter, the deterministic
// ones twice the same.
#include "distribution.h"
#include "launchers.h"

#include <string>

using namespace flashinfer_launch;

constexpr unsigned ROWS = 2, DRAWS = 4000; // of each row

// How each sampler filters. Of equal items it keeps all or none.
struct sampler {
    const char *name;
    bool of_logits;
    cudaError_t (*launch)(rows from, draws to);
    bool (*keeps)(above more, double p, double greatest);
};
constexpr unsigned K = 20;
constexpr float P = 0.8f, MIN_P = 0.05f, P_OF_BOTH = 0.7f;
constexpr unsigned K_OF_BOTH = 12;

const sampler samplers[] = {
    {"from logits", true, sample_from_logits, [](above, double, double) { return true; }},
    {"from probabilities", false, sample, [](above, double, double) { return true; }},
    {"top-k", false, [](rows from, draws to) { return sample_top_k(from, K, to); },
     [](above more, double, double) { return more.count < K; }},
    {"top-p", false, [](rows from, draws to) { return sample_top_p(from, P, to); },
     [](above more, double, double) { return more.mass < P; }},
    {"min-p", false, [](rows from, draws to) { return sample_min_p(from, MIN_P, to); },
     [](above, double p, double greatest) { return p >= greatest * MIN_P; }},
    {"top-k and top-p", false,
     [](rows from, draws to) { return sample_top_k_top_p(from, K_OF_BOTH, P_OF_BOTH, to); },
     [](above more, double, double) { return more.count < K_OF_BOTH && more.mass < P_OF_BOTH; }},
};

// Rows of one vocabulary and where their draws go.
struct bench {
    unsigned vocab;
    std::vector<float> logits, probs;
    device_vector<float> device_logits, device_probs;
    device_vector<int> ids, row_of;
    device_vector<bool> valid;
};

std::vector<float> make_logits(unsigned vocab) {
    random_items random{vocab};
    std::vector<float> logits = normal_logits(random, vocab, 2, 0),
                       tied = normal_logits(random, vocab, 2, 0.5);
    logits.insert(logits.end(), tied.begin(), tied.end());
    return logits;
}

std::vector<float> make_probs(const std::vector<float> &logits, unsigned vocab) {
    std::vector<float> probs;
    for (unsigned row = 0; row < ROWS; row++)
        for (double p : softmax_of(&logits[row * vocab], vocab, 1))
            probs.push_back((float)p);
    return probs;
}

std::vector<int> alternating() {
    std::vector<int> row_of(ROWS * DRAWS);
    for (size_t i = 0; i < row_of.size(); i++)
        row_of[i] = (int)(i % ROWS);
    return row_of;
}

std::vector<int> draw(const sampler &by, bench &on, uint64_t seed, bool deterministic) {
    must(cudaMemset(on.ids.items, 0xff, ROWS * DRAWS * sizeof(int)));
    must(cudaMemset(on.valid.items, 0, ROWS * DRAWS));
    rows from = {by.of_logits ? on.device_logits.items : on.device_probs.items, ROWS, on.vocab};
    must(by.launch(from,
                   {on.ids.items, on.valid.items, on.row_of.items, ROWS * DRAWS, seed, 0, deterministic}));
    must(cudaDeviceSynchronize());
    if (!by.of_logits) {
        std::vector<uint8_t> valid(ROWS * DRAWS);
        must(cudaMemcpy(valid.data(), on.valid.items, valid.size(), cudaMemcpyDeviceToHost));
        expect(std::count(valid.begin(), valid.end(), 1) == ROWS * DRAWS, "every draw is valid");
    }
    return on.ids.host();
}

void compare(const sampler &by, bench &on, bool deterministic) {
    std::vector<int> ids = draw(by, on, 7 + on.vocab, deterministic);
    for (unsigned row = 0; row < ROWS; row++) {
        std::string what = std::string(by.name) + ", vocabulary " + std::to_string(on.vocab) + ", row " +
                           std::to_string(row) + (deterministic ? ", deterministic" : "");
        std::vector<float> probs(&on.probs[row * on.vocab], &on.probs[row * on.vocab] + on.vocab);
        double greatest = *std::max_element(probs.begin(), probs.end());
        std::vector<double> law =
            filtered(probs, [&](above more, double p) { return by.keeps(more, p, greatest); });
        std::vector<uint64_t> counts(on.vocab);
        for (size_t i = row; i < ids.size(); i += ROWS) {
            expect(ids[i] >= 0 && (unsigned)ids[i] < on.vocab, "ids are of the vocabulary");
            counts[ids[i]]++;
        }
        expect_law(counts, law, what.c_str());
    }
    if (deterministic && on.vocab == 1000)
        expect(draw(by, on, 7 + on.vocab, true) == ids, "a deterministic sampler draws the same again");
}

// A row without any mass has no valid draw.
void compare_empty() {
    device_vector<float> nothing(std::vector<float>(300));
    device_vector<int> id(1), row_of(std::vector<int>{0});
    device_vector<uint8_t> valid(1);
    for (const sampler &by : samplers) {
        if (by.of_logits || by.launch == samplers[4].launch) // min-p keeps items equal to the greatest, 0
            continue;
        must(cudaMemset(valid.items, 1, 1));
        must(
            by.launch({nothing.items, 1, 300}, {id.items, (bool *)valid.items, row_of.items, 1, 1, 0, true}));
        expect(valid.host()[0] == 0 && id.host()[0] == 0, "a row of zeros has no valid draw");
    }
}

int main() {
    size_t compared = 0;
    // 1, 2 and 4 items a load; 5000: more than one tile of a block.
    for (unsigned vocab : {111u, 250u, 1000u, 5000u}) {
        std::vector<float> logits = make_logits(vocab), probs = make_probs(logits, vocab);
        bench on = {vocab,
                    logits,
                    probs,
                    device_vector<float>(logits),
                    device_vector<float>(probs),
                    device_vector<int>(ROWS * DRAWS),
                    device_vector<int>(alternating()),
                    device_vector<bool>(ROWS * DRAWS)};
        for (const sampler &by : samplers) {
            compare(by, on, true);
            if (vocab == 1000)
                compare(by, on, false);
            compared += ROWS * DRAWS;
        }
    }
    compare_empty();
    printf("compared %zu draws\n", compared);
}
