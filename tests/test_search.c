/*
 * Kernel == reference, bit for bit, on rows made for one way each of the search for a cut (kernels/search.cuh), which random rows seldom take:
 * many tokens alike or close together where the cut is, few elsewhere, so that guesses and densities mislead.
 */
#include "tests/rows/places.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* VOCAB: f32 logits of one block, 1023 vectors; CUTS: of one row, each a row of the request. */
enum { VOCAB = 4092, CUTS = 16 };

struct cut {
    int32_t top_k;
    float top_p, min_p;
};

static const struct cut shares[CUTS] = {
    {0, 0, 0},      {0, 1e-9f, 0},   {0, 0.1f, 0},       {0, 0.2f, 0},        {0, 0.25f, 0}, {0, 0.3f, 0},
    {0, 0.4f, 0},   {0, 0.5f, 0},    {0, 0.666f, 0},     {0, 0.75f, 0},       {0, 0.9f, 0},  {0, 0.97f, 0},
    {0, 0.999f, 0}, {0, 0.9999f, 0}, {0, 0.9999995f, 0}, {0, 1 - 0x1p-24f, 0}};

/* Small ones, which the lanes' maxima lead to; and those that a list has, or just not, room for. */
static const struct cut counts[CUTS] = {
    {1, 1, 0},   {8, 1, 0},   {9, 1, 0},   {10, 1, 0},  {12, 1, 0},  {16, 1, 0},  {17, 1, 0},   {40, 1, 0},
    {256, 1, 0}, {257, 1, 0}, {500, 1, 0}, {512, 1, 0}, {513, 1, 0}, {514, 1, 0}, {1200, 1, 0}, {4091, 1, 0}};

/* Top-p of what top-k and min-p leave, and beside them; of a small top-k, in its list. */
static const struct cut shares_of_parts[CUTS] = {
    {300, 0.5f, 0},    {300, 0.9f, 0},    {200, 0.5f, 0.1f}, {700, 0.5f, 0},
    {700, 0.75f, 0},   {700, 0.999f, 0},  {1500, 0.5f, 0},   {1500, 0.75f, 0},
    {1500, 0.999f, 0}, {0, 0.5f, 0.3f},   {0, 0.9f, 0.3f},   {0, 0.999f, 0.3f},
    {0, 0.9f, 0.01f},  {50, 0.9f, 0.02f}, {700, 0.9f, 0.1f}, {1500, 0.9f, 1e-3f}};

static void cuts_agree(struct places *places, const float *row, lotto_dtype dtype, int64_t vocab,
                       float temperature, const struct cut *cuts, lotto_order order) {
    static uint32_t rows[CUTS * VOCAB];
    for (int64_t i = 0; i < CUTS * vocab; i++)
        row_store(rows, dtype, i, row[i % vocab]);
    struct request *request = request_of(rows, dtype, CUTS, vocab);
    request_set_controls(request, &(struct row_controls){temperature, 0, 1, 0, order, false});
    request->k_max = request->capacity = 40;
    for (int i = 0; i < CUTS; i++) {
        request->kinds[i] = ROW_TIED;
        request->seeds[i] = (uint64_t)i;
        request->top_k[i] = cuts[i].top_k;
        request->top_p[i] = cuts[i].top_p;
        request->min_p[i] = cuts[i].min_p;
    }
    request->wanted[SOFTMAX_PROBS] = request->wanted[ARGMAX_TOKENS] = request->wanted[PROBS_PROBS] = false;
    request->wanted[TOP_K_IDS] = false;
    places_agree(places, request);
    request_destroy(request);
}

/* ---- around zero -------------------------------------------------------------------------------------------------- */

/*
 * A few neighbours of zero, too many of each for a list: brackets are halved down to one value, and end on each of them. Next to +0 lies -0's
 * place in the order, which is no float's. Beside a token far above, the guess comes from the other side.
 */
Test(search, brackets_end_on_zero_and_its_neighbours, .timeout = 600) {
    enum { OF_EACH = 514, MOST_BELOW = 3, MOST_ABOVE = 2 };
    struct places places;
    if (!places_enter(&places))
        return;
    struct cut cuts[CUTS];
    for (int i = 0; i < CUTS; i++)
        cuts[i] = (struct cut){0, (float)i / CUTS, 0}; /* of 2 or 4 values, exactly where one ends */
    for (int below = 0; below <= MOST_BELOW; below++)
        for (int above = 0; above <= MOST_ABOVE; above++)
            for (int peak = 0; peak <= 1; peak++) {
                float row[(MOST_BELOW + 1 + MOST_ABOVE) * OF_EACH];
                int values = below + 1 + above;
                for (int id = 0; id < values * OF_EACH; id++)
                    row[id] = (float)(id % values - below) * 0x1p-149f;
                if (peak)
                    row[100] = 5.2f;
                cuts_agree(&places, row, LOTTO_F32, values * OF_EACH, 1, cuts, LOTTO_ORDER_SEQUENTIAL);
            }
    places_leave(&places);
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

/* 0, 1, ... in an order without a pattern; 1021: a prime */
static float scattered(int id) { return (float)(id * 389 % 1021) / 1021 + (float)(id / 1021); }

/* Sixteen distinct tokens far above the others, all of them one lane's: the sixth of the fourth warp. */
static float in_one_lane(int id) {
    int vector = id / 4;
    return vector / 128 == 3 && vector % 32 == 5 ? 12 - 0.25f * scattered(id) * 8 : scattered(id) - 4;
}

/* 200 better, then 2600 alike, then worse: every longer top-k ends within the tie, and top-p within that. */
static float tie_in_the_middle(int id) {
    int place = id * 1009 % VOCAB;
    return place < 200 ? 1 + scattered(place) : place < 2800 ? 0.5f : -scattered(place);
}

/* The same with a tie that a list has room for. */
static float short_tie_in_the_middle(int id) {
    int place = id * 1009 % VOCAB;
    return place < 200 ? 1 + scattered(place) : place < 650 ? 0.5f : -scattered(place);
}

/* 200 better, then 400 of two neighbouring values, 160 of the larger, then worse. */
static float neighbours_in_the_middle(int id, float apart) {
    int place = id * 1009 % VOCAB;
    return place < 200   ? 1 + scattered(place)
           : place < 600 ? 0.5f + (float)(place * 7 % 5 < 2) * apart
                         : -scattered(place);
}
static float neighbours(int id) { return neighbours_in_the_middle(id, 0x1p-24f); }
static float rounded_neighbours(int id) { return neighbours_in_the_middle(id, 0x1p-8f); } /* of BF16 */

static float two_values(int id) { return id % 3 == 0 ? 1 : -0.5f; }
static float three_values(int id) { return (float)(id % 4 == 0 ? 2 : id % 4 == 1 ? 0 : -1); }
/* Fewer candidates than some top-k. */
static float masked(int id) { return id % 6 == 0 ? scattered(id) : -INFINITY; }

static float one_above(int id) { return id == 77 ? 2 : 1; }
static float one_below(int id) { return id == 4000 ? -3 : 1; }

/* Each 1 / 50 of an octave less, over 80 of them. */
static float geometric(int id) { return -(float)(id * 1009 % VOCAB) * (0.693147f / 50); }

/* Nearly all of the mass in the third warp's run. */
static float in_one_run(int id) { return id / 512 == 2 ? scattered(id) : -9 + scattered(id); }

/* Clusters of 600 tokens, each spread over less than the one before, with nothing between them. */
static float clusters(int id) {
    int cluster = id * 1009 % VOCAB / 600;
    return 6 - (float)(cluster * cluster) * 0.3f + scattered(id) * powf(10, (float)-cluster);
}

/* Ever denser as values fall: each guess from what is above falls short of it; and ever sparser. */
static float denser(int id) { return 8 * powf(0.998f, (float)(id * 1009 % VOCAB)); }
static float sparser(int id) { return -8 * powf(0.998f, (float)(id * 1009 % VOCAB)); }

/* No weight but the largest for any, at a temperature of 1e30: cuts by mass are cuts by count. */
static float steps_around_zero(int id) { return (float)(id * 1009 % VOCAB - 2000); }

/* Every candidate is the lowest there can be: a part of them has the bound of all but for its id. */
static float lowest(int id) { return id % 2 ? -FLT_MAX : -INFINITY; }

/* Distances are a few units of the last place, at a temperature of 1e-6. */
static float next_to_one(int id) { return 1 - (float)(id % 200) * 0x1p-24f; }

static const struct made_row {
    const char *name;
    float (*logit)(int id);
    float temperature;
} made_rows[] = {
    {"in one lane", in_one_lane, 1},
    {"tie in the middle", tie_in_the_middle, 1},
    {"short tie in the middle", short_tie_in_the_middle, 0.5f},
    {"neighbours", neighbours, 1},
    {"neighbours that weigh the same", neighbours, 1e30f},
    {"rounded neighbours", rounded_neighbours, 1},
    {"two values", two_values, 1},
    {"three values", three_values, 1.44269504f},
    {"two values that weigh the same", two_values, 1e30f},
    {"masked", masked, 1},
    {"one above", one_above, 1},
    {"one below", one_below, 1},
    {"geometric", geometric, 1},
    {"in one run", in_one_run, 1},
    {"clusters", clusters, 1},
    {"denser", denser, 2},
    {"sparser", sparser, 2},
    {"steps around zero", steps_around_zero, 1e30f},
    {"next to one", next_to_one, 1e-6f},
    {"lowest", lowest, 1},
};

static void made_rows_agree(const struct cut *cuts, lotto_dtype dtype, lotto_order order) {
    struct places places;
    if (!places_enter(&places))
        return;
    for (size_t i = 0; i < sizeof made_rows / sizeof *made_rows; i++) {
        float row[VOCAB];
        for (int id = 0; id < VOCAB; id++)
            row[id] = made_rows[i].logit(id);
        cuts_agree(&places, row, dtype, VOCAB, made_rows[i].temperature, cuts, order);
    }
    places_leave(&places);
}

Test(search, shares, .timeout = 600) { made_rows_agree(shares, LOTTO_F32, LOTTO_ORDER_SEQUENTIAL); }
/* Many more are alike. */
Test(search, shares_of_rounded_rows, .timeout = 600) {
    made_rows_agree(shares, LOTTO_BF16, LOTTO_ORDER_SEQUENTIAL);
}
Test(search, counts, .timeout = 600) { made_rows_agree(counts, LOTTO_F32, LOTTO_ORDER_SEQUENTIAL); }
Test(search, shares_of_parts, .timeout = 600) {
    made_rows_agree(shares_of_parts, LOTTO_F32, LOTTO_ORDER_SEQUENTIAL);
}
Test(search, shares_of_parts_before_min_p, .timeout = 600) {
    made_rows_agree(shares_of_parts, LOTTO_F32, LOTTO_ORDER_MIN_P_LAST);
}
Test(search, shares_beside_parts, .timeout = 600) {
    made_rows_agree(shares_of_parts, LOTTO_F32, LOTTO_ORDER_JOINT);
}
