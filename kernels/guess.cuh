/*
 * Where about a prefix ends, by an estimate that costs little: the lanes' maxima are counted, and a sample of the row, in bins of distances from
 * the maximum, for the leader. What is decided from a guess is then measured, so it changes the time a result takes and never the result.
 * Source of the idea: Dr. Top-k (Gaihre et al., SC 2021), whose delegates the lanes' maxima are.
 */
#ifndef LOTTO_GUESS_CUH
#define LOTTO_GUESS_CUH

#include "list.cuh"
#include "summary.cuh"

namespace lotto {

constexpr int kMostBins = 4 * kBlockThreads;

/* The last token's value, and how densely tokens lie there. */
struct Guess {
    float value, tokens_per_unit;
    /* A value likely below it, with few enough tokens above for the leader's list; +inf: there is none. */
    float head;
};

/* A head has so many tokens more than are down to the guessed value. */
constexpr float kHeadShare = 1.2f, kHeadExtra = 32, kMostOfHead = 0.9f * kListPlaces;

/* How densely tokens lie is judged by so many to each side of the last one. */
__device__ inline float tokens_aside(float tokens) { return fminf(2500.0f, 0.25f * tokens); }

/* Bins of distances that are as wide as the distance is large, for counts: they need no scale. */
struct RelativeBins {
    static constexpr int kBins = kMostBins, kPerOctave = 32, kShift = 23 - 5,
                         kFirst = (127 - 20) * kPerOctave;
    float maximum;

    __device__ explicit RelativeBins(float maximum) : maximum(maximum) {}
    __device__ int of(float x) const {
        return min(max(static_cast<int>(arith_bits_of(maximum - x) >> kShift) - kFirst, 0), kBins - 1);
    }
    __device__ float end(int bin) const {
        return arith_of_bits(static_cast<uint32_t>(bin + 1 + kFirst) << kShift);
    }
    __device__ float measure(int) const { return 1.0f; }
};

/*
 * Bins that each take a weight down by the same factor, between whole multiples of their width: those of another maximum are the same, shifted. The maximum is
 * somewhere in the first.
 */
struct WeightBins {
    static constexpr int kBins = kBlockThreads, kPerOctave = kBins / 42;
    static constexpr float kPerUnit = 4; /* at least: at high temperatures all weights are like each other */
    float maximum, scale, bins_per_unit, begin; /* of the first, in bins */

    __device__ WeightBins(float maximum, float scale)
        : maximum(maximum), scale(scale), bins_per_unit(fmaxf(scale * kPerOctave, kPerUnit)),
          begin(maximum * bins_per_unit) {
        constexpr float kUp = 0.499f, kWholeFrom = 1.5f * (1 << 23); /* sums from here on are whole */
        begin = (begin + kUp + kWholeFrom) - kWholeFrom;
    }
    __device__ int of(float x) const {
        return min(__float2uint_rd(fmaf(x, -bins_per_unit, begin)), kBins - 1u);
    }
    /* By how many bins those of a lower maximum begin behind these; by all, if none of them can be here. */
    __device__ int shift(float lower) const {
        return min(__float2int_rn(begin - WeightBins(lower, scale).begin), kBins);
    }
    /* Where in the first the maximum is. */
    __device__ float at_maximum() const { return fmaf(maximum, -bins_per_unit, begin); }
    __device__ float end(int bin) const {
        return fmaxf(static_cast<float>(bin + 1) - at_maximum(), 0.0f) / bins_per_unit;
    }
    /* Of a token of a bin; of the first, as if it were the maximum. */
    __device__ float measure(int bin) const {
        return exp2f((bin == 0 ? at_maximum() : static_cast<float>(bin) + 0.5f) * (-scale / bins_per_unit));
    }
};

/* Each block's: samples << 16 | delegates. The leader's are clear but while a guess is made, or samples wait for one. */
__device__ inline uint32_t *guess_bins() {
    alignas(sizeof(uint4)) __shared__ uint32_t bins[kMostBins];
    return bins;
}

/* By as many threads as it takes. */
template <int kBins> __device__ void clear_bins() {
    constexpr int kAtOnce = sizeof(uint4) / sizeof(uint32_t);
    static_assert(kBins <= kAtOnce * kBlockThreads);
    if (threadIdx.x < kBins / kAtOnce)
        reinterpret_cast<uint4 *>(guess_bins())[threadIdx.x] = {};
}

/* Once, before the first barrier. */
__device__ inline void prepare_guesses(const Team &team) {
    if (team.leads())
        clear_bins<kMostBins>();
}

/* Of short runs half of a vector's tokens are enough. */
template <typename Logit> __device__ bool half_samples(const Row<Logit> &row) {
    return row.shape.run <= 4 * kWarpThreads;
}

/* Counts the lanes' maxima. */
template <typename Bins>
__device__ void count_delegates(const Summary &summary, Bins bins, uint32_t *counts) {
    for (float of_piece : summary.own)
        if (of_piece > -ARITH_INFINITY)
            atomicAdd(&counts[bins.of(of_piece)], 1u);
}

/* Counts a sample in one of the block's bins if it is less than the delegate: under a predicate, where the compiler would branch. */
__device__ inline void count_if_less(int bin, float x, float delegate) {
    uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(guess_bins())) +
                       static_cast<uint32_t>(bin) * sizeof(uint32_t);
    asm volatile("{ .reg .pred is_less; setp.lt.f32 is_less, %1, %2; @is_less red.shared.add.u32 [%0], %3; }"
                 :
                 : "r"(address), "f"(x), "f"(delegate), "n"(1 << 16)
                 : "memory");
}

/* Counts the lanes' maxima, and a vector a lane of each piece, as a sample of all other tokens, in the block's bins. By the warps that fetch. */
template <typename Logit, typename Bins>
__device__ void count_samples(const Row<Logit> &row, const Summary &summary, Bins bins) {
    count_delegates(summary, bins, guess_bins());
    for (int piece = 0; piece < kPieces; piece++) {
        int begin = row.piece_begin(warp_in_block(), piece),
            end = row.piece_begin(warp_in_block(), piece + 1);
        /* Side by side tokens may be alike: from all lines in turn, for each lane one of those of which it has the maximum. */
        unsigned lines = static_cast<unsigned>(end - begin) / kWarpThreads;
        int vector = begin + static_cast<int>(lines * lane() / kWarpThreads * kWarpThreads) + lane();
        if (vector >= end)
            break;
        float x[Row<Logit>::kPerVector], own = summary.own[piece]; /* counted already */
        if (own == -ARITH_INFINITY)
            own = summary.own[0]; /* which may be of all pieces */
        row.values(vector, x);
        for (int i = 0; i < row.kPerVector && (i < row.kPerVector / 2 || !half_samples(row)); i++)
            count_if_less(bins.of(x[i]), x[i], own);
    }
}

/* Fills the leader's bins. Of samples, which are many, each block counts its own before it tells the leader. */
template <typename Logit, typename Bins>
__device__ void fill_bins(const Row<Logit> &row, const Summary &summary, Bins bins, bool sampled) {
    const Team &team = row.team;
    uint32_t *counts = guess_bins();
    if (!sampled) {
        if (row.fetches())
            count_delegates(summary, bins, team.at_leader(counts));
        return;
    }
    if (!team.leads()) {
        clear_bins<Bins::kBins>();
        __syncthreads();
    }
    if (row.fetches())
        count_samples(row, summary, bins);
    if (team.leads())
        return;
    __syncthreads();
    uint32_t *leaders = team.at_leader(counts);
    for (int bin = threadIdx.x; bin < Bins::kBins; bin += kBlockThreads) {
        uint32_t count = counts[bin];
        if (count != 0)
            atomicAdd(&leaders[bin], count);
    }
}

/* Adds up what each block has counted from its own maximum on, behind the leader's own bins. By the whole leading block, a warp for each block. */
template <typename Bins> __device__ __noinline__ uint32_t *gather_bins(Team team, Bins bins) {
    uint32_t *sums = guess_bins() + Bins::kBins;
    for (int block = warp_in_block(); block < team.size; block += kBlockWarps) {
        int shift = bins.shift(arith_of_ordered(maxima().of_block[block]));
        const uint32_t *counts = team.at(block, guess_bins());
        constexpr int kOfLane = Bins::kBins / kWarpThreads; /* at once: other blocks are far away */
        uint32_t count[kOfLane];
        for (int i = 0; i < kOfLane; i++)
            count[i] = counts[lane() + i * kWarpThreads];
        for (int i = 0; i < kOfLane; i++) {
            int bin = shift + lane() + i * kWarpThreads;
            if (count[i] != 0 && bin < Bins::kBins)
                atomicAdd(&sums[bin], count[i]);
        }
    }
    __syncthreads();
    return sums;
}

/* Sums over bins: of tokens, and of what they measure. */
struct alignas(2 * sizeof(float)) BinSums {
    float tokens, measure;
    __device__ BinSums operator+(BinSums other) const {
        return {tokens + other.tokens, measure + other.measure};
    }
};

/*
 * Where the estimated measure reaches the goal, by the bins' sums, which are cleared. tokens_per_sample: how many tokens a sampled one stands for;
 * 0: there is no sample, and the value is the lower edge of its bin. By the whole leading block, whose first thread gets the guess.
 */
template <typename Bins>
__device__ __noinline__ Guess read_bins(Bins bins, uint32_t *sums, float tokens_per_sample, Goal goal) {
    enum { CUT, LOW, HIGH, POINTS };
    constexpr int kBinsPerThread = Bins::kBins / kBlockThreads;
    constexpr float kOfAll = 0.99999f; /* so much of all, or less, is reached in spite of rounding */
    __shared__ float total, wanted_low, wanted_high, low, high;
    __shared__ int finder[POINTS];
    __shared__ Guess guess;
    struct alignas(kBinsPerThread * sizeof(uint32_t)) Counts {
        uint32_t of_bin[kBinsPerThread];
    } &read = reinterpret_cast<Counts *>(sums)[threadIdx.x], counts = read;
    BinSums bin[kBinsPerThread], own = {0, 0};
    int first = static_cast<int>(threadIdx.x) * kBinsPerThread;
    for (int i = 0; i < kBinsPerThread; i++) {
        float tokens = static_cast<float>(counts.of_bin[i] % (1u << 16)) +
                       static_cast<float>(counts.of_bin[i] >> 16) * tokens_per_sample;
        bin[i] = {tokens, tokens * bins.measure(first + i)};
        own = own + bin[i];
    }
    if (own.tokens > 0.0f)
        read = {};
    BinSums before = block_sum_before(own);
    if (threadIdx.x == kBlockThreads - 1) {
        total = (before + own).measure;
        wanted_low = (before + own).tokens;
        wanted_high = 0.0f;
        low = -ARITH_INFINITY;
        high = bins.maximum;
        guess = {-ARITH_INFINITY, 0, ARITH_INFINITY};
        finder[CUT] = finder[LOW] = finder[HIGH] = kBlockThreads;
    }
    __syncthreads();
    /* The bin in which a sum over the bins reaches what is wanted is some thread's; sums of floats may let two think so: the first has it. */
    auto look_for = [&](int point, float BinSums::*sum, float wanted) {
        if (kOfAll * before.*sum < wanted && wanted <= (before + own).*sum)
            atomicMin(&finder[point], static_cast<int>(threadIdx.x));
    };
    /* Then calls act(value of the bin's end, tokens down to there, the same where the sum reaches what is wanted if the bin's tokens lie evenly). */
    auto found = [&](int point, float BinSums::*sum, float wanted, auto act) {
        if (finder[point] != static_cast<int>(threadIdx.x))
            return;
        BinSums reached = before + bin[0];
        int i = 0;
        while (i < kBinsPerThread - 1 && reached.*sum < wanted)
            reached = reached + bin[++i];
        float end = bins.end(first + i), begin = bins.end(first + i - 1);
        float over = (reached.*sum - wanted) / (bin[i].*sum);
        act(bins.maximum - end, reached.tokens, bins.maximum - (end - over * (end - begin)),
            reached.tokens - over * bin[i].tokens);
    };
    float wanted = goal.tokens > 0.0f ? fminf(goal.tokens, kOfAll * total) : goal.mass_share * total;
    look_for(CUT, &BinSums::measure, wanted);
    __syncthreads();
    found(CUT, &BinSums::measure, wanted, [&](float end, float tokens_to_end, float value, float tokens) {
        float of_head = kHeadShare * tokens + kHeadExtra;
        /* Without samples the tokens are maxima, and if there are many more than wanted, many tokens are alike. */
        bool has_head = tokens_per_sample > 0.0f ? of_head <= kMostOfHead : tokens_to_end <= 2.0f * of_head;
        wanted_low = has_head ? of_head : fminf(tokens + tokens_aside(tokens), kOfAll * wanted_low);
        wanted_high = tokens - tokens_aside(tokens);
        guess.head = has_head ? end : ARITH_INFINITY;
        /* If too many for a list are in the first bin, they are likely alike. */
        bool are_alike = !has_head && bins.maximum - value < bins.end(0);
        guess.value = are_alike ? bins.maximum : tokens_per_sample > 0.0f ? value : end;
    });
    __syncthreads();
    if (tokens_per_sample == 0.0f)
        return threadIdx.x == 0 ? guess : Guess();
    look_for(LOW, &BinSums::tokens, wanted_low);
    look_for(HIGH, &BinSums::tokens, wanted_high);
    __syncthreads();
    found(LOW, &BinSums::tokens, wanted_low, [&](float, float, float value, float) { low = value; });
    found(HIGH, &BinSums::tokens, wanted_high, [&](float, float, float value, float) { high = value; });
    __syncthreads();
    if (threadIdx.x != 0)
        return {};
    Guess result = guess;
    result.tokens_per_unit = (wanted_low - wanted_high) / (high - low);
    if (result.head < ARITH_INFINITY)
        result.head = low;
    return result;
}

/* How many vectors of the leader's part are sampled, as many as of any other whole part. By a whole warp. */
template <typename Logit> __device__ int sampled_vectors(const Row<Logit> &row) {
    int warp = lane() / kPieces, piece = lane() % kPieces;
    int vectors = row.piece_begin(warp, piece + 1) - row.piece_begin(warp, piece);
    return static_cast<int>(
        warp_sum(static_cast<uint32_t>(warp < kFetchingWarps ? min(vectors, kWarpThreads) : 0)));
}

/* How many tokens a sampled one stands for. By a whole warp. */
template <typename Logit> __device__ float tokens_per_sample(const Row<Logit> &row) {
    int samples =
        row.team.size * sampled_vectors(row) * (half_samples(row) ? row.kPerVector / 2 : row.kPerVector);
    return static_cast<float>(row.vocab) / static_cast<float>(samples);
}

/* A guess for the leader's first thread, from bins that the team fills: with samples, or with the lanes' maxima alone. */
template <typename Logit, typename Bins>
__device__ Guess guess_cut(Row<Logit> &row, const Summary &summary, Bins bins, bool sampled, Goal goal) {
    fill_bins(row, summary, bins, sampled);
    row.team.sync();
    if (!row.team.leads())
        return {};
    return read_bins(bins, guess_bins(), sampled ? tokens_per_sample(row) : 0.0f, goal);
}

/* The same from samples that each block took for bins of its own maximum. By the whole leading block. */
template <typename Logit, typename Bins>
__device__ Guess guess_sampled(const Row<Logit> &row, Bins bins, Goal goal) {
    uint32_t *sums = gather_bins(row.team, bins);
    clear_bins<Bins::kBins>();
    return read_bins(bins, sums, tokens_per_sample(row), goal);
}

} // namespace lotto

#endif
