// FlashInfer's verification of drafted chains: whatever the draft, the tokens that come out follow the target's law.
#include "distribution.h"
#include "launchers.h"

using namespace flashinfer_launch;

constexpr unsigned CHAINS = 12000, DRAFTED = 2, VOCAB = 60;

// An item of the law, by one of 2^53 equal parts.
int draw(random_items &random, const std::vector<double> &law) {
    double u = (random.next() >> 11) * 0x1p-53;
    size_t i = 0;
    while (i + 1 < law.size() && u >= law[i])
        u -= law[i++];
    return (int)i;
}

std::vector<float> repeated(const std::vector<std::vector<double>> &laws) {
    std::vector<float> all;
    for (unsigned chain = 0; chain < CHAINS; chain++)
        for (const std::vector<double> &law : laws)
            all.insert(all.end(), law.begin(), law.end());
    return all;
}

int main() {
    random_items random{11};
    std::vector<std::vector<double>> target, drafter;
    for (unsigned k = 0; k <= DRAFTED; k++) {
        target.push_back(softmax_of(normal_logits(random, VOCAB, 1.5, 0).data(), VOCAB, 1));
        if (k < DRAFTED)
            drafter.push_back(softmax_of(normal_logits(random, VOCAB, 1, 0).data(), VOCAB, 1));
    }
    std::vector<int> drafts(CHAINS * DRAFTED);
    for (size_t i = 0; i < drafts.size(); i++)
        drafts[i] = draw(random, drafter[i % DRAFTED]);
    device_vector<float> draft_probs(repeated(drafter)), target_probs(repeated(target));
    std::vector<int> none(CHAINS);
    device_vector<int> draft_ids(drafts), ids(CHAINS * (DRAFTED + 1)), accepted(none), emitted(none);
    must(speculate({CHAINS, DRAFTED, VOCAB, draft_probs.items, target_probs.items, draft_ids.items, ids.items,
                    accepted.items, emitted.items},
                   5, 0, true));
    std::vector<int> tokens = ids.host(), kept = emitted.host(), agreed = accepted.host();

    // Position k of those chains whose first k drafts were kept.
    std::vector<std::vector<uint64_t>> counts(DRAFTED + 1, std::vector<uint64_t>(VOCAB));
    std::vector<uint64_t> ends(2);
    for (unsigned chain = 0; chain < CHAINS; chain++) {
        const int *own = &tokens[chain * (DRAFTED + 1)];
        expect(kept[chain] >= 0 && kept[chain] <= (int)DRAFTED && agreed[chain] >= kept[chain] &&
                   agreed[chain] <= (int)DRAFTED,
               "counts of kept and accepted drafts");
        for (int k = 0; k <= (int)DRAFTED; k++) {
            if (k < kept[chain])
                expect(own[k] == drafts[chain * DRAFTED + k], "a kept draft is what was drafted");
            if (k > kept[chain]) {
                expect(own[k] == -1, "nothing follows the first token that was not drafted");
                continue;
            }
            expect(own[k] >= 0 && own[k] < (int)VOCAB, "tokens are of the vocabulary");
            counts[k][own[k]]++;
        }
        ends[kept[chain] > 0]++;
    }
    for (unsigned k = 0; k <= DRAFTED; k++)
        expect_law(counts[k], target[k], "the tokens of a position");
    double keeps = 0;
    for (unsigned i = 0; i < VOCAB; i++)
        keeps += std::min(target[0][i], drafter[0][i]);
    expect_law(ends, {1 - keeps, keeps}, "how often the first draft is kept");
    printf("compared %u chains\n", CHAINS);
}
