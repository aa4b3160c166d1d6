/*
 * Whether the draws follow the probabilities, those of verified sequences too: a chi-square test of 200,000 tokens, 100,000 sequences. Seeds are fixed, so it always
 * gives the same numbers; that it would notice a sampler that is a little wrong is tested too.
 */
#include <lotto/lotto.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 200000
#define BATCH 20000 /* rows of one call; they all read the same logits' values */
#define MOST_VOCAB 200

/* The chance of a chi-square at least this large: the upper regularised incomplete gamma function, by its continued fraction. */
static double chance_of(double chi_square, int degrees) {
    double a = degrees / 2.0, x = chi_square / 2.0, front = exp(-x + a * log(x) - lgamma(a));
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int n = 1; n < 10000; n++)
            sum += term *= x / (a + n);
        return 1 - front * sum;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int n = 1; n < 10000; n++) {
        double an = -n * (n - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
    }
    return front * h;
}

/* From a table: chi-square 3.841 with 1, 18.307 with 10 and 124.342 with 100 degrees of freedom have a chance of .05. */
Test(chi_square, chance_is_that_of_the_tables) {
    cr_assert(fabs(chance_of(3.841, 1) - 0.05) < 1e-4);
    cr_assert(fabs(chance_of(18.307, 10) - 0.05) < 1e-4);
    cr_assert(fabs(chance_of(124.342, 100) - 0.05) < 1e-4);
    cr_assert(fabs(chance_of(67.328, 100) - 0.995) < 1e-4);
}

/* p-value of the counts under the probabilities; neighbours are put together until 5 or more are expected. */
static double p_value(const int *counts, const double *probabilities, int vocab, double *chi_square,
                      int *degrees) {
    double expected = 0, observed = 0, last_expected = 0, last_observed = 0;
    int bins = 0, draws = 0;
    *chi_square = 0;
    for (int id = 0; id < vocab; id++)
        draws += counts[id];
    for (int id = 0; id < vocab; id++) {
        expected += draws * probabilities[id];
        observed += counts[id];
        if (expected < 5)
            continue;
        *chi_square += (observed - expected) * (observed - expected) / expected;
        last_expected = expected, last_observed = observed;
        expected = observed = 0;
        bins++;
    }
    if (expected > 0) { /* what is left joins the last bin */
        *chi_square -= (last_observed - last_expected) * (last_observed - last_expected) / last_expected;
        last_expected += expected, last_observed += observed;
        *chi_square += (last_observed - last_expected) * (last_observed - last_expected) / last_expected;
    }
    *degrees = bins - 1;
    return chance_of(*chi_square, *degrees);
}

/* Where a row's randomness comes from in a server: one seed and a sequence's positions, or a seed of each sequence's own. */
enum randomness { POSITIONS_OF_ONE_SEED, SEEDS_OF_THEIR_OWN };

struct distribution {
    const char *name;
    float logits[MOST_VOCAB];
    int vocab;
    lotto_controls controls;
    double probabilities[MOST_VOCAB]; /* in double, from the definition */
};

/* softmax of the kept ids' logits at the temperature. */
static void set_probabilities(struct distribution *distribution, const bool *kept) {
    double mass = 0;
    for (int id = 0; id < distribution->vocab; id++) {
        double likelihood =
            exp((double)distribution->logits[id] / (double)distribution->controls.default_temperature);
        distribution->probabilities[id] = kept[id] ? likelihood : 0;
        mass += distribution->probabilities[id];
    }
    for (int id = 0; id < distribution->vocab; id++)
        distribution->probabilities[id] /= mass;
}

static struct distribution created(const char *name, int vocab) {
    struct distribution distribution = {.name = name, .vocab = vocab, .controls = LOTTO_CONTROLS_INIT};
    return distribution;
}

/* One token has half of the mass, the others fall away from it. */
#define PEAK 47
static int rank_in_peaked(int id) { return (id + 13) * 7 % 60; }

static struct distribution peaked(void) {
    struct distribution distribution = created("peaked", 60);
    bool kept[MOST_VOCAB];
    for (int id = 0; id < 60; id++) {
        distribution.logits[id] = -0.15f * (float)rank_in_peaked(id) + (id == PEAK ? 2.0f : 0.0f);
        kept[id] = true;
    }
    set_probabilities(&distribution, kept);
    cr_assert(distribution.probabilities[PEAK] > 0.5 && distribution.probabilities[PEAK] < 0.6);
    return distribution;
}

static struct distribution flat(void) {
    struct distribution distribution = created("flat", 200);
    bool kept[MOST_VOCAB];
    for (int id = 0; id < 200; id++) {
        distribution.logits[id] = 3.0f + 0.001f * (float)(id % 10);
        kept[id] = true;
    }
    set_probabilities(&distribution, kept);
    return distribution;
}

/* Logit -rank / 4 at temperature 2; the first 30 by k, and of them by min-p those with rank / 8 <= ln 20 = 2.996: 0 to 23. */
static struct distribution filtered(void) {
    struct distribution distribution = created("filtered", 100);
    bool kept[MOST_VOCAB];
    distribution.controls.default_temperature = 2;
    distribution.controls.default_top_k = 30;
    distribution.controls.default_min_p = 0.05f;
    for (int id = 0; id < 100; id++) {
        int rank = (id * 37) % 100;
        distribution.logits[id] = -0.25f * (float)rank;
        kept[id] = rank <= 23;
    }
    set_probabilities(&distribution, kept);
    return distribution;
}

static void draw(const struct distribution *distribution, enum randomness randomness, int *counts) {
    static uint64_t seeds[BATCH], positions[BATCH];
    static int32_t tokens[BATCH];
    static _Alignas(256) unsigned char workspace[1 << 14];
    lotto_context *context;
    cr_assert_eq(lotto_context_create(&context, LOTTO_DEVICE_REFERENCE), LOTTO_SUCCESS);
    float *rows = malloc(sizeof *rows * BATCH * (size_t)distribution->vocab);
    cr_assert_not_null(rows);
    for (int i = 0; i < BATCH * distribution->vocab; i++)
        rows[i] = distribution->logits[i % distribution->vocab];
    lotto_logits logits = {rows, distribution->vocab, BATCH, distribution->vocab, LOTTO_F32};
    lotto_draws draws = LOTTO_DRAWS_INIT;
    draws.seeds = seeds;
    draws.positions = positions;
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.tokens = tokens;
    for (int first = 0; first < DRAWS; first += BATCH) {
        for (int row = 0; row < BATCH; row++) {
            seeds[row] = randomness == POSITIONS_OF_ONE_SEED ? 42 : (uint64_t)(first + row);
            positions[row] = randomness == POSITIONS_OF_ONE_SEED ? (uint64_t)(first + row) : 7;
        }
        cr_assert_eq(lotto_sample(context, &logits, &draws, &distribution->controls, &samples, workspace,
                                  sizeof workspace, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(context));
        for (int row = 0; row < BATCH; row++) {
            cr_assert(tokens[row] >= 0 && tokens[row] < distribution->vocab);
            counts[tokens[row]]++;
        }
    }
    free(rows);
    lotto_context_destroy(context);
}

/* A p-value below .001 or above .999 (too good to be random) would be a finding: it is what a mistake of a percent gives. */
static void draws_follow(struct distribution distribution) {
    for (int randomness = POSITIONS_OF_ONE_SEED; randomness <= SEEDS_OF_THEIR_OWN; randomness++) {
        int counts[MOST_VOCAB] = {0}, degrees;
        double chi_square;
        draw(&distribution, (enum randomness)randomness, counts);
        for (int id = 0; id < distribution.vocab; id++)
            cr_assert(distribution.probabilities[id] > 0 || counts[id] == 0, "id %d is dropped, yet drawn",
                      id);
        double p = p_value(counts, distribution.probabilities, distribution.vocab, &chi_square, &degrees);
        printf("%s, %s: chi-square %.2f with %d degrees of freedom, p %.4f\n", distribution.name,
               randomness == POSITIONS_OF_ONE_SEED ? "positions of one seed" : "seeds of their own",
               chi_square, degrees, p);
        cr_assert(p > 0.001 && p < 0.999);
    }
}

Test(chi_square, peaked) { draws_follow(peaked()); }
Test(chi_square, flat) { draws_follow(flat()); }
Test(chi_square, filtered) { draws_follow(filtered()); }

/* One draw in 50 of the likeliest token given to its neighbour, or the rarest .1 % of the mass never drawn: both are noticed. */
Test(chi_square, a_planted_bias_is_noticed) {
    struct distribution distribution = peaked();
    int counts[MOST_VOCAB] = {0}, degrees;
    double chi_square;
    draw(&distribution, POSITIONS_OF_ONE_SEED, counts);
    int moved = counts[PEAK] / 50;
    counts[PEAK] -= moved;
    counts[PEAK + 1] += moved;
    double p = p_value(counts, distribution.probabilities, distribution.vocab, &chi_square, &degrees);
    printf("peaked, 1 in 50 moved: chi-square %.2f, p %.2g\n", chi_square, p);
    cr_assert_lt(p, 0.001);

    counts[PEAK] += moved;
    counts[PEAK + 1] -= moved;
    double mass = 0;
    for (int id = 0; id < distribution.vocab; id++)
        if (rank_in_peaked(id) >= 41) {
            mass += distribution.probabilities[id];
            counts[PEAK] += counts[id];
            counts[id] = 0;
        }
    cr_assert(mass > 0.0005 && mass < 0.0012);
    p = p_value(counts, distribution.probabilities, distribution.vocab, &chi_square, &degrees);
    printf("peaked, the rarest %.2f %% never drawn: chi-square %.2f, p %.2g\n", 100 * mass, chi_square, p);
    cr_assert_lt(p, 0.001);
}

/* ---- verified sequences ------------------------------------------------------------------------------------------- */

enum { DRAFTS = 2, PLACES = DRAFTS + 1, VOCAB = 60, SEQUENCES = DRAWS / 2 };

/* Each place's target is the peaked distribution, turned further; its draft is a flatter one that lacks some of the tokens. */
struct chain {
    float target[PLACES][VOCAB], draft[DRAFTS][VOCAB];
    double probabilities[PLACES][MOST_VOCAB];
    lotto_controls draft_controls;
};

static struct chain chain_of_peaked(void) {
    struct distribution distribution = peaked();
    struct chain chain = {.draft_controls = LOTTO_CONTROLS_INIT};
    chain.draft_controls.default_temperature = 1.5f;
    chain.draft_controls.default_top_k = 45;
    for (int place = 0; place < PLACES; place++)
        for (int id = 0; id < VOCAB; id++) {
            int turned = (id + 11 * place) % VOCAB;
            chain.target[place][id] = distribution.logits[turned];
            chain.probabilities[place][id] = distribution.probabilities[turned];
            if (place < DRAFTS)
                chain.draft[place][id] = distribution.logits[turned] + (id % 3 == 0 ? 0.7f : 0.0f);
        }
    return chain;
}

/* Tokens of each place, of the sequences that come so far; of place 1 behind place 0's likeliest token, too. */
struct tokens_of_places {
    int counts[PLACES][MOST_VOCAB], behind_peak[MOST_VOCAB], accepted[PLACES];
};

enum drafted { DRAWN, CERTAIN, DRAWN_OTHERWISE };

static lotto_context *reference(void) {
    static lotto_context *context;
    if (context == NULL)
        cr_assert_eq(lotto_context_create(&context, LOTTO_DEVICE_REFERENCE), LOTTO_SUCCESS);
    return context;
}

static _Alignas(256) unsigned char workspace_of_chain[1 << 14];

/* Drafts of a batch, place by place, by the seeds and positions that the verification has, and the probabilities they were drawn with. */
static void draft(const struct chain *chain, const uint64_t *seeds, const uint64_t *positions,
                  int32_t *drafts) {
    static uint64_t positions_of_place[BATCH];
    static int32_t rows[BATCH], tokens[BATCH];
    lotto_logits logits = {chain->draft, VOCAB, DRAFTS, VOCAB, LOTTO_F32};
    lotto_draws draws = {sizeof draws, seeds, positions_of_place, 1, rows, BATCH};
    lotto_samples samples = LOTTO_SAMPLES_INIT;
    samples.tokens = tokens;
    for (int place = 0; place < DRAFTS; place++) {
        for (int i = 0; i < BATCH; i++) {
            positions_of_place[i] = positions[i] + (uint64_t)place;
            rows[i] = place;
        }
        cr_assert_eq(lotto_sample(reference(), &logits, &draws, &chain->draft_controls, &samples,
                                  workspace_of_chain, sizeof workspace_of_chain, NULL),
                     LOTTO_SUCCESS);
        for (int i = 0; i < BATCH; i++)
            drafts[i * DRAFTS + place] = tokens[i];
    }
}

static float *probs_of_drafts(const struct chain *chain) {
    lotto_logits logits = {chain->draft, VOCAB, DRAFTS, VOCAB, LOTTO_F32};
    float *probs = malloc(sizeof *probs * BATCH * DRAFTS * VOCAB);
    cr_assert_not_null(probs);
    cr_assert_eq(lotto_probs(reference(), &logits, &chain->draft_controls, probs, VOCAB, NULL, NULL,
                             workspace_of_chain, sizeof workspace_of_chain, NULL),
                 LOTTO_SUCCESS);
    for (int i = 1; i < BATCH; i++)
        memcpy(probs + i * DRAFTS * VOCAB, probs, sizeof *probs * DRAFTS * VOCAB);
    return probs;
}

static void verify(const struct chain *chain, enum drafted drafted, struct tokens_of_places *counted) {
    static uint64_t seeds[BATCH], positions[BATCH];
    static int32_t drafts_of_batch[BATCH * DRAFTS], rows[BATCH * PLACES], tokens[BATCH * PLACES],
        accepted[BATCH];
    float *probs = probs_of_drafts(chain);
    struct chain drawn_by = *chain;
    if (drafted == DRAWN_OTHERWISE)
        drawn_by.draft_controls.default_temperature *= 1.1f;
    lotto_logits logits = {chain->target, VOCAB, PLACES, VOCAB, LOTTO_F32};
    lotto_controls controls = LOTTO_CONTROLS_INIT;
    lotto_drafts drafts = {sizeof drafts, drafts_of_batch, NULL, DRAFTS, drafted == CERTAIN ? NULL : probs,
                           VOCAB};
    lotto_draws draws = {sizeof draws, seeds, positions, 1, rows, BATCH * PLACES};
    lotto_verified verified = {sizeof verified, tokens, accepted, NULL};
    for (int i = 0; i < BATCH * PLACES; i++)
        rows[i] = i % PLACES;
    for (int first = 0; first < SEQUENCES; first += BATCH) {
        for (int i = 0; i < BATCH; i++) {
            seeds[i] = (uint64_t)(first + i);
            positions[i] = 7;
        }
        draft(&drawn_by, seeds, positions, drafts_of_batch);
        cr_assert_eq(lotto_verify(reference(), &logits, &drafts, &draws, &controls, &verified,
                                  workspace_of_chain, sizeof workspace_of_chain, NULL),
                     LOTTO_SUCCESS, "%s", lotto_context_error(reference()));
        for (int i = 0; i < BATCH; i++) {
            for (int place = 0; place <= accepted[i]; place++)
                counted->counts[place][tokens[i * PLACES + place]]++;
            if (accepted[i] > 0 && tokens[i * PLACES] == PEAK)
                counted->behind_peak[tokens[i * PLACES + 1]]++;
            counted->accepted[accepted[i]]++;
        }
    }
    free(probs);
}

static double p_of(const char *name, const int *counts, const double *probabilities) {
    double chi_square;
    int degrees;
    double p = p_value(counts, probabilities, VOCAB, &chi_square, &degrees);
    printf("%s: chi-square %.2f with %d degrees of freedom, p %.4f\n", name, chi_square, degrees, p);
    return p;
}

static struct tokens_of_places verified_tokens_follow(const struct chain *chain, enum drafted drafted) {
    static const char *const names[PLACES] = {"first token", "second token", "third token"};
    struct tokens_of_places counted = {0};
    verify(chain, drafted, &counted);
    printf("%d, %d and %d sequences with 0, 1 and 2 drafts accepted\n", counted.accepted[0],
           counted.accepted[1], counted.accepted[2]);
    for (int place = 0; place < PLACES; place++) {
        double p = p_of(names[place], counted.counts[place], chain->probabilities[place]);
        cr_assert(p > 0.001 && p < 0.999);
    }
    double p = p_of("second token behind the likeliest", counted.behind_peak, chain->probabilities[1]);
    cr_assert(p > 0.001 && p < 0.999);
    return counted;
}

/* The target's distribution, whatever the draft's; and as many drafts are accepted as the two have in common. */
Test(chi_square, verified_drafts_that_were_drawn) {
    struct chain chain = chain_of_peaked();
    struct tokens_of_places counted = verified_tokens_follow(&chain, DRAWN);
    float *probs = probs_of_drafts(&chain);
    double common = 0;
    for (int id = 0; id < VOCAB; id++)
        common += fmin((double)probs[id], chain.probabilities[0][id]);
    free(probs);
    double accepted = SEQUENCES - counted.accepted[0], deviation = sqrt(SEQUENCES * common * (1 - common));
    printf("%.0f first drafts accepted, %.0f in common\n", accepted, SEQUENCES * common);
    cr_assert(fabs(accepted - SEQUENCES * common) < 4 * deviation);
}

Test(chi_square, verified_drafts_that_were_certain) {
    struct chain chain = chain_of_peaked();
    verified_tokens_follow(&chain, CERTAIN);
}

/* Drafts of a temperature a tenth higher than their probabilities say. */
Test(chi_square, drafts_drawn_otherwise_are_noticed) {
    struct chain chain = chain_of_peaked();
    struct tokens_of_places counted = {0};
    verify(&chain, DRAWN_OTHERWISE, &counted);
    cr_assert_lt(p_of("drawn otherwise", counted.counts[0], chain.probabilities[0]), 0.001);
}
